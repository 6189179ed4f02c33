"""The library as langchain-core parts: a retriever, embeddings, and the whole pipeline as a runnable."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings as BaseEmbeddings
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable, RunnableLambda
from pydantic import ConfigDict, Field

from cnaps_rag.answers import Answer
from cnaps_rag.embedding import Embedder, find_embedder
from cnaps_rag.index import PromptIndex
from cnaps_rag.listing import Prompt
from cnaps_rag.pipeline import answer, build_index
from cnaps_rag.records import ABSTRACT_ORIGIN, Hit
from cnaps_rag.retrieval import search
from cnaps_rag.settings import Settings


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


def answer_runnable(
    *, settings: Settings | None = None, pdf_dir: Path | str | None = None, embedder: Embedder | None = None
) -> Runnable[Any, Answer]:
    """Make the whole pipeline one runnable: a prompt in, an answer out.

    Args:
        settings: Where everything lies.
        pdf_dir: A folder of PDFs that is asked before the corpus and the network.
        embedder: Turns passages and questions into vectors.

    Returns:
        A runnable that takes a `Prompt`, the path of a prompt file, or a mapping with `prompt` and, for another
        question than the prompt's own, `question`.
    """

    def run(given: Prompt | Path | str | Mapping[str, Any]) -> Answer:
        prompt, question = (given["prompt"], given.get("question")) if isinstance(given, Mapping) else (given, None)
        index = build_index(prompt, settings=settings, pdf_dir=pdf_dir, embedder=embedder)
        return answer(index, question=question, settings=settings)

    return RunnableLambda(run, name="cnaps_rag")


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
