"""The library as langchain-core parts: a retriever, embeddings, and the whole pipeline as a runnable."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from langchain_core.callbacks import (
    AsyncCallbackManagerForChainRun,
    CallbackManagerForChainRun,
    CallbackManagerForRetrieverRun,
)
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings as BaseEmbeddings
from langchain_core.language_models import BaseChatModel
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable, RunnableConfig
from langchain_core.runnables.config import get_config_list
from pydantic import ConfigDict, Field

from cnaps_rag.answering import VerifiedClaim, aanswer, astream_answer, stream_answer
from cnaps_rag.answers import Answer
from cnaps_rag.embedding import Embedder, find_embedder
from cnaps_rag.generation import Generator
from cnaps_rag.index import PromptIndex
from cnaps_rag.listing import Prompt
from cnaps_rag.pipeline import answer, build_index
from cnaps_rag.records import ABSTRACT_ORIGIN, Hit
from cnaps_rag.retrieval import search
from cnaps_rag.settings import Settings

MOST_AT_ONCE = 4


class Retriever(BaseRetriever):
    """Hybrid search in one prompt's index, for langchain.

    Documents carry `url`, `title`, `page_number`, `section`, `spans`, `score` and `rank` as metadata; only passages
    of the prompt's listed papers can be returned.

    Attributes:
        index: The prompt's index.
        k: How many documents to return; `invoke(question, k=…)` overrides it for one call.
        settings: How neighbours are joined.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    index: PromptIndex
    k: int = Field(default=Settings().k, gt=0)
    settings: Settings = Settings()

    def _get_relevant_documents(
        self,
        query: str,
        *,
        run_manager: CallbackManagerForRetrieverRun,  # noqa: ARG002
        k: int | None = None,
    ) -> list[Document]:
        hits = search(self.index, query, k=self.k if k is None else k, settings=self.settings)
        return [_document(hit) for hit in hits]


class Embeddings(BaseEmbeddings):
    """The library's embedder, for langchain vector stores."""

    def __init__(self, embedder: Embedder | str | None = None) -> None:
        """Take an embedder, or find one.

        Args:
            embedder: An embedder, or the name or folder of a sentence-transformers model; None takes the default.
        """
        self._embedder = find_embedder(embedder) if embedder is None or isinstance(embedder, str) else embedder

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Embed passages.

        Args:
            texts: The passages.

        Returns:
            One vector a text, of unit length.
        """
        vectors: list[list[float]] = self._embedder.embed(texts).tolist()
        return vectors

    def embed_query(self, text: str) -> list[float]:
        """Embed a question.

        Args:
            text: The question.

        Returns:
            Its vector, of unit length.
        """
        return self.embed_documents([text])[0]


class AnswerRunnable(Runnable[Any, Answer]):
    """The whole pipeline: a prompt in, an answer out; `stream` yields verified claims one by one, then the answer.

    `batch` and `abatch` work at most `MOST_AT_ONCE` prompts at a time, unless the config says `max_concurrency`.
    """

    name = "cnaps_rag"

    def __init__(
        self,
        *,
        settings: Settings | None = None,
        pdf_dir: Path | str | None = None,
        embedder: Embedder | None = None,
        llm: BaseChatModel | str | None = None,
        generator: Generator | None = None,
    ) -> None:
        """Keep how answers are made; see `answer_runnable`."""
        self._settings = settings
        self._pdf_dir = pdf_dir
        self._embedder = embedder
        self._llm = llm
        self._generator = generator

    def invoke(self, input: Any, config: RunnableConfig | None = None, **_: Any) -> Answer:  # noqa: A002
        """Answer a prompt.

        Args:
            input: A `Prompt`, the path of a prompt file, or a mapping with `prompt` and `question`.
            config: Its callbacks, tags and metadata reach every call of the model.

        Returns:
            The answer.
        """
        return self._call_with_config(self._answer, input, config)

    async def ainvoke(self, input: Any, config: RunnableConfig | None = None, **_: Any) -> Answer:  # noqa: A002
        """Answer a prompt without blocking; see `invoke`.

        Args:
            input: The prompt.
            config: The config.

        Returns:
            The answer.
        """
        return await self._acall_with_config(self._aanswer, input, config)

    def stream(  # type: ignore[override]  # chunks are claims, which do not add up to an answer by themselves
        self,
        input: Any,  # noqa: A002
        config: RunnableConfig | None = None,
        **_: Any,
    ) -> Iterator[VerifiedClaim | Answer]:
        """Answer a prompt claim by claim.

        Args:
            input: The prompt.
            config: The config.

        Yields:
            Each claim when it is verified, then the answer.
        """
        index, question = self._open(input)
        yield from stream_answer(index, question=question, **self._how(config))

    async def astream(  # type: ignore[override]  # as in `stream`
        self,
        input: Any,  # noqa: A002
        config: RunnableConfig | None = None,
        **_: Any,
    ) -> AsyncIterator[VerifiedClaim | Answer]:
        """Answer a prompt claim by claim without blocking; see `stream`.

        Args:
            input: The prompt.
            config: The config.

        Yields:
            Each claim when it is verified, then the answer.
        """
        index, question = await asyncio.to_thread(self._open, input)
        async for event in astream_answer(index, question=question, **self._how(config)):
            yield event

    def batch(self, inputs: list[Any], config: Any = None, **more: Any) -> list[Answer]:
        """Answer several prompts, a bounded number at a time; see `Runnable.batch`."""
        return super().batch(inputs, _bounded(config, len(inputs)), **more)

    async def abatch(self, inputs: list[Any], config: Any = None, **more: Any) -> list[Answer]:
        """Answer several prompts, a bounded number at a time, without blocking; see `Runnable.abatch`."""
        return await super().abatch(inputs, _bounded(config, len(inputs)), **more)

    def _answer(
        self,
        given: Any,
        run_manager: CallbackManagerForChainRun,  # noqa: ARG002
        config: RunnableConfig,
    ) -> Answer:
        index, question = self._open(given)
        return answer(index, question=question, **self._how(config))

    async def _aanswer(
        self,
        given: Any,
        run_manager: AsyncCallbackManagerForChainRun,  # noqa: ARG002
        config: RunnableConfig,
    ) -> Answer:
        index, question = await asyncio.to_thread(self._open, given)
        return await aanswer(index, question=question, **self._how(config))

    def _open(self, given: Prompt | Path | str | Mapping[str, Any]) -> tuple[PromptIndex, str | None]:
        prompt, question = (given["prompt"], given.get("question")) if isinstance(given, Mapping) else (given, None)
        index = build_index(prompt, settings=self._settings, pdf_dir=self._pdf_dir, embedder=self._embedder)
        return index, question

    def _how(self, config: RunnableConfig | None) -> dict[str, Any]:
        return {
            "llm": self._llm,
            "generator": self._generator,
            "settings": self._settings,
            "config": cast("Mapping[str, Any] | None", config),
        }


def _bounded(config: Any, count: int) -> list[RunnableConfig]:
    """Bound how many prompts are worked on at once, where the config does not."""
    return [{"max_concurrency": MOST_AT_ONCE, **one} for one in get_config_list(config, count)]


def answer_runnable(
    *,
    settings: Settings | None = None,
    pdf_dir: Path | str | None = None,
    embedder: Embedder | None = None,
    llm: BaseChatModel | str | None = None,
    generator: Generator | None = None,
) -> AnswerRunnable:
    """Make the whole pipeline one runnable: a prompt in, an answer out.

    Args:
        settings: Where everything lies.
        pdf_dir: A folder of PDFs that is asked before the corpus and the network.
        embedder: Turns passages and questions into vectors.
        llm: A chat model, or `PROVIDER:MODEL`, that words the answer; None lets the papers speak for themselves.
        generator: Drafts the answer, in place of `llm`.

    Returns:
        A runnable that takes a `Prompt`, the path of a prompt file, or a mapping with `prompt` and, for another
        question than the prompt's own, `question`.
    """
    return AnswerRunnable(settings=settings, pdf_dir=pdf_dir, embedder=embedder, llm=llm, generator=generator)


def _document(hit: Hit) -> Document:
    passage = hit.passage
    return Document(
        id=passage.id,
        page_content=passage.text,
        metadata={
            "url": hit.paper.listed.url,
            "title": hit.paper.title,
            "page_number": passage.page_number,
            "section": passage.section,
            "source": ABSTRACT_ORIGIN if passage.page_number is None else "PDF",
            "spans": [(span.page_number, span.start, span.end) for span in passage.spans],
            "score": hit.score,
            "rank": hit.rank,
        },
    )
