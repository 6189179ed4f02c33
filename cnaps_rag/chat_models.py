"""Chat models by name, `PROVIDER:MODEL`, through the providers' langchain packages. None is taken by default."""

import importlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from cnaps_rag.errors import GenerationError, MissingExtraError

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

SEED = 0
REPLY_TOKENS = 3000
"""Longest reply that is asked for."""
TIMEOUT_S = 120.0
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1", "0.0.0.0"})  # noqa: S104  compared with, not bound


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """How a provider's models are made.

    Attributes:
        module: The langchain package.
        kind: The class in it.
        options: What is handed to it besides the model's name.
        base_url: Environment variables that name another server than the provider's own.
        own_url: Where it calls without them.
        keys: Environment variables of which its client needs one.
    """

    module: str
    kind: str
    options: dict[str, Any]
    base_url: tuple[str, ...]
    own_url: str
    keys: tuple[str, ...] = ()


PROVIDERS = {
    "openai": Provider(
        module="langchain_openai",
        kind="ChatOpenAI",
        options={"temperature": 0, "seed": SEED, "max_tokens": REPLY_TOKENS, "timeout": TIMEOUT_S},
        base_url=("OPENAI_API_BASE", "OPENAI_BASE_URL"),
        own_url="https://api.openai.com/v1",
        keys=("OPENAI_API_KEY", "OPENAI_ADMIN_KEY"),
    ),
    "anthropic": Provider(
        module="langchain_anthropic",
        kind="ChatAnthropic",
        options={"temperature": 0, "max_tokens": REPLY_TOKENS, "timeout": TIMEOUT_S},
        base_url=("ANTHROPIC_API_URL", "ANTHROPIC_BASE_URL"),
        own_url="https://api.anthropic.com",
        keys=("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"),
    ),
    "ollama": Provider(
        module="langchain_ollama",
        kind="ChatOllama",
        options={"temperature": 0, "seed": SEED, "num_predict": REPLY_TOKENS},
        base_url=("OLLAMA_HOST",),
        own_url="http://127.0.0.1:11434",
    ),
}


def find_chat_model(name: str, *, offline: bool = False) -> "BaseChatModel":
    """Make the chat model that a name tells; nothing is called yet.

    Args:
        name: `PROVIDER:MODEL`, as in `openai:gpt-4o-mini` or `ollama:llama3.1:8b`. Key and base URL come from the
            environment variables that the provider's own client reads.
        offline: Refuse a server that is not on this machine.

    Returns:
        The model: temperature 0, and a fixed seed where the provider takes one.

    Raises:
        GenerationError: The name tells no provider and model, the key is missing, or the server is not on this machine.
        MissingExtraError: The provider's package is not installed.
    """
    known, _, model = name.partition(":")
    provider = PROVIDERS.get(known)
    if provider is None or not model.strip():
        message = f"{name!r} names no chat model: write PROVIDER:MODEL, PROVIDER one of {', '.join(PROVIDERS)}"
        raise GenerationError(message)
    server = server_of(provider)
    if offline and urlsplit(server).hostname not in LOOPBACK:
        raise GenerationError(f"{name}: {server} is not on this machine, and the run is offline")
    try:
        kind = getattr(importlib.import_module(provider.module), provider.kind)
    except ImportError as error:
        raise MissingExtraError(f"a model of {known}", extra=known) from error
    if provider.keys and not any(os.environ.get(name) for name in provider.keys):
        own = "" if server == provider.own_url else f" (any word, where {server} asks for none)"
        raise GenerationError(f"{name}: there is no key; set {provider.keys[0]}{own}")
    try:
        made: BaseChatModel = kind(model=model, **provider.options)
    except Exception as error:
        words = " ".join(str(error).split())[:300]
        raise GenerationError(f"{name}: cannot be set up ({words})") from error
    return made


def server_of(provider: Provider) -> str:
    """Tell which server a provider's client will call."""
    named = next((os.environ[name] for name in provider.base_url if os.environ.get(name)), provider.own_url)
    return named if "://" in named else f"http://{named}"
