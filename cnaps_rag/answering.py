"""Index to answer: draft, verify, put together; in one go, claim by claim, and without blocking."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from cnaps_rag.answers import Answer, Citation, Claim
from cnaps_rag.chat_calls import Config
from cnaps_rag.chat_models import find_chat_model
from cnaps_rag.citations import Ledger, verify
from cnaps_rag.errors import CitationError, PromptError
from cnaps_rag.generation import ChatGenerator, Draft, ExtractiveGenerator, Generator
from cnaps_rag.generation.session import PartClaim, Session
from cnaps_rag.index import PromptIndex
from cnaps_rag.settings import Settings

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    Model: TypeAlias = "BaseChatModel | str"


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedClaim:
    """A claim of an answer that is still being drafted; it is verified, and stands in the answer with these numbers.

    Attributes:
        part: Where it belongs: `task`, `input`, `model`, `output` or `mechanism`.
        claim: The claim.
        citations: What its numbers point to.
    """

    part: str
    claim: Claim
    citations: tuple[Citation, ...]


def answer(
    index: PromptIndex,
    *,
    question: str | None = None,
    llm: "Model | None" = None,
    generator: Generator | None = None,
    settings: Settings | None = None,
    config: Config | None = None,
) -> Answer:
    """Answer a question from a prompt's index.

    Args:
        index: The index.
        question: The question; None asks the prompt's own.
        llm: A langchain-core chat model, or `PROVIDER:MODEL`, that words the answer; None lets the papers speak in
            their own sentences, which needs no model and no network.
        generator: Drafts the answer, in place of `llm`.
        settings: How neighbours are joined.
        config: A langchain config (callbacks, tags, metadata), passed to every call of the model.

    Returns:
        The answer: every citation of it resolves to a retrieved passage.
    """
    question, settings = _question(index, question), settings or Settings()
    drafter = _generator(llm, generator, settings, config)
    if not isinstance(drafter, ChatGenerator):
        return verify(drafter.draft(index, question, settings), index, question)
    session = drafter.session(index, question, settings)
    draft = drafter.run(session)
    return verify(draft, index, question, _ledger(session, draft))


async def aanswer(
    index: PromptIndex,
    *,
    question: str | None = None,
    llm: "Model | None" = None,
    generator: Generator | None = None,
    settings: Settings | None = None,
    config: Config | None = None,
) -> Answer:
    """Answer a question without blocking; see `answer`.

    Args:
        index: The index.
        question: The question.
        llm: The model.
        generator: Drafts the answer.
        settings: How neighbours are joined.
        config: A langchain config.

    Returns:
        The answer.
    """
    question, settings = _question(index, question), settings or Settings()
    drafter = _generator(llm, generator, settings, config)
    if not isinstance(drafter, ChatGenerator):
        return await asyncio.to_thread(
            answer, index, question=question, generator=drafter, settings=settings, config=config
        )
    session = await asyncio.to_thread(drafter.session, index, question, settings)
    draft = await drafter.arun(session)
    return await asyncio.to_thread(verify, draft, index, question, _ledger(session, draft))


def stream_answer(
    index: PromptIndex,
    *,
    question: str | None = None,
    llm: "Model | None" = None,
    generator: Generator | None = None,
    settings: Settings | None = None,
    config: Config | None = None,
) -> Iterator[VerifiedClaim | Answer]:
    """Answer a question claim by claim; see `answer`.

    Args:
        index: The index.
        question: The question.
        llm: The model.
        generator: Drafts the answer.
        settings: How neighbours are joined.
        config: A langchain config.

    Yields:
        Each claim when it is verified, never before; then the answer, in which the claims have the same numbers.
    """
    question, settings = _question(index, question), settings or Settings()
    drafter = _generator(llm, generator, settings, config)
    if not isinstance(drafter, ChatGenerator):
        answered = answer(index, question=question, generator=drafter, settings=settings)
        yield from _claims_of(answered)
        yield answered
        return
    session = drafter.session(index, question, settings)
    ledger = Ledger(index, session.shown.hits, session.checker)
    for event in drafter.stream(session):
        if isinstance(event, Draft):
            yield verify(event, index, question, ledger.showing(event.hits))
        else:
            yield from _verified(ledger, event)


async def astream_answer(
    index: PromptIndex,
    *,
    question: str | None = None,
    llm: "Model | None" = None,
    generator: Generator | None = None,
    settings: Settings | None = None,
    config: Config | None = None,
) -> AsyncIterator[VerifiedClaim | Answer]:
    """Answer a question claim by claim without blocking; see `stream_answer`.

    Args:
        index: The index.
        question: The question.
        llm: The model.
        generator: Drafts the answer.
        settings: How neighbours are joined.
        config: A langchain config.

    Yields:
        Each claim when it is verified, then the answer.
    """
    question, settings = _question(index, question), settings or Settings()
    drafter = _generator(llm, generator, settings, config)
    if not isinstance(drafter, ChatGenerator):
        answered = await aanswer(index, question=question, generator=drafter, settings=settings)
        for claim in _claims_of(answered):
            yield claim
        yield answered
        return
    session = await asyncio.to_thread(drafter.session, index, question, settings)
    ledger = Ledger(index, session.shown.hits, session.checker)
    async for event in drafter.astream(session):
        if isinstance(event, Draft):
            yield await asyncio.to_thread(verify, event, index, question, ledger.showing(event.hits))
        else:
            for claim in _verified(ledger, event):
                yield claim


def _verified(ledger: Ledger, event: PartClaim) -> Iterator[VerifiedClaim]:
    """Pass a statement through the gate of the answer itself; one that fails there is listed by the answer."""
    ledger.showing(one.hit for one in event.claim.evidence if not event.claim.worded)
    try:
        claim = ledger.claim(event.claim)
    except CitationError:
        return
    cited = tuple(ledger.citations[number - 1] for number in claim.citations)
    yield VerifiedClaim(part=event.part, claim=claim, citations=cited)


def _claims_of(answered: Answer) -> Iterator[VerifiedClaim]:
    for part, claims in (("task", answered.task), *answered.workflow.steps()):
        for claim in claims:
            cited = tuple(answered.citations[number - 1] for number in claim.citations)
            yield VerifiedClaim(part=part, claim=claim, citations=cited)


def _question(index: PromptIndex, question: str | None) -> str:
    question = index.prompt.question if question is None else question
    if not question.strip():
        raise PromptError("the question is empty; leave it out to ask the prompt's own")
    return question


def _generator(
    llm: "Model | None", generator: Generator | None, settings: Settings, config: Config | None
) -> Generator:
    if generator is not None and llm is not None:
        raise TypeError("llm and generator were given; give one of them")
    if isinstance(generator, ChatGenerator) and config is not None:
        return generator.with_config(config)
    if generator is not None or llm is None:
        return generator or ExtractiveGenerator()
    model = find_chat_model(llm, offline=settings.offline) if isinstance(llm, str) else llm
    # by what it can do, because a model bound to a config is none by its class
    if isinstance(model, type) or not all(hasattr(model, name) for name in ("invoke", "with_structured_output")):
        raise TypeError(f"llm must be a langchain-core chat model or PROVIDER:MODEL, not {llm!r:.80}")
    return ChatGenerator(model, config=config)


def _ledger(session: Session, draft: Draft) -> Ledger:
    return Ledger(session.index, draft.hits, session.checker)
