"""The options of `ask` that bring in a language model, and what they make."""

import argparse
import json
from pathlib import Path

from cnaps_rag.chat_models import PROVIDERS, find_chat_model
from cnaps_rag.entailment import CrossEncoderEntailment
from cnaps_rag.errors import PromptError
from cnaps_rag.generation import ChatGenerator, Generator
from cnaps_rag.generation.chat import BUDGET_TOKENS
from cnaps_rag.generation.shown import Shown
from cnaps_rag.reply_cache import ReplyCache
from cnaps_rag.settings import Settings


def add_model_options(command: argparse.ArgumentParser) -> None:
    """Add the options to a command.

    Args:
        command: The command's parser.
    """
    command.add_argument(
        "--llm",
        type=_model,
        metavar="PROVIDER:MODEL",
        help=f"let this model word the answer; PROVIDER is {', '.join(PROVIDERS)} (default: no model)",
    )
    command.add_argument("--nli", metavar="MODEL", help="cross-encoder that judges the model's statements in addition")
    command.add_argument("--reranker", metavar="MODEL", help="cross-encoder that ranks what the model is shown")
    command.add_argument("--show-prompt", action="store_true", help="print what the model would be sent, and stop")
    command.add_argument(
        "--budget-tokens",
        type=_positive,
        default=BUDGET_TOKENS,
        metavar="N",
        help="what a request to the model may take (default: %(default)s)",
    )
    command.add_argument("--reply-cache", type=Path, metavar="DIR", help="keep the model's replies in this folder")


def generator_of(options: argparse.Namespace, settings: Settings) -> Generator | None:
    """Make the generator that the options ask for.

    Args:
        options: The command's options.
        settings: Whether the run is offline.

    Returns:
        The generator, or None for the default one.

    Raises:
        PromptError: Options that need `--llm` were given without it.
    """
    if options.llm is None:
        idle = [name for name in ("nli", "reranker", "reply_cache") if getattr(options, name) is not None]
        if idle:
            raise PromptError(f"--{idle[0].replace('_', '-')} does nothing without --llm; give both")
        return None
    return ChatGenerator(
        find_chat_model(options.llm, offline=settings.offline),
        budget_tokens=options.budget_tokens,
        entailment=CrossEncoderEntailment(options.nli, offline=settings.offline) if options.nli else None,
        cache=ReplyCache(folder=options.reply_cache) if options.reply_cache else None,
    )


def prompt_text(shown: Shown, budget_tokens: int) -> str:
    """Write what a model is sent first, for people.

    Args:
        shown: The prompt.
        budget_tokens: What a request may take.

    Returns:
        The messages, the schema of the reply, and how much of the budget they take.
    """
    request = shown.request()
    messages = "\n\n".join(f"--- {role}\n{text}" for role, text in request.messages)
    schema = json.dumps(request.schema, ensure_ascii=False, indent=1)
    count = f"{shown.tokens} tokens (estimated, on the safe side) of {budget_tokens}"
    passages = f"{len(shown.hits)} passages shown, {shown.left_out} left out"
    return f"{messages}\n\n--- schema of the reply\n{schema}\n\n--- {count}; {passages}\n"


def _model(text: str) -> str:
    provider, _, model = text.partition(":")
    if provider not in PROVIDERS or not model.strip():
        raise argparse.ArgumentTypeError(f"must be PROVIDER:MODEL, PROVIDER one of {', '.join(PROVIDERS)}")
    return text


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"must be a whole number greater than 0, not {text!r}")
    return int(text)
