"""This file ensures that the langchain parts behave as langchain expects of them, and keep to the prompt's scope."""

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from langchain_core.callbacks import BaseCallbackHandler  # noqa: TID253
from langchain_core.documents import Document  # noqa: TID253
from langchain_core.vectorstores import InMemoryVectorStore  # noqa: TID253
from langchain_tests.integration_tests import RetrieversIntegrationTests
from pydantic import ValidationError

from cnaps_rag.answering import VerifiedClaim
from cnaps_rag.pipeline import answer
from cnaps_rag.records import ABSTRACT_ORIGIN
from cnaps_rag.retrieval import search
from cnaps_rag.runnables import MOST_AT_ONCE, Embeddings, Retriever, answer_runnable
from cnaps_rag.testing import HashingEmbedder
from tests.scripted import ScriptedChat

if TYPE_CHECKING:
    from cnaps_rag.index import PromptIndex
    from tests.conftest import Desk

QUESTION = "How are ships counted in a harbour from radar tiles?"


class TestRetriever(RetrieversIntegrationTests):
    """The retriever passes langchain's own tests."""

    @pytest.fixture(autouse=True)
    def _over(self, index: "PromptIndex") -> None:
        self.index = index

    @property
    def retriever_constructor(self) -> type[Retriever]:
        """What is tested."""
        return Retriever

    @property
    def retriever_constructor_params(self) -> dict[str, Any]:
        """What it is made with."""
        return {"index": self.index}

    @property
    def retriever_query_example(self) -> str:
        """What it is asked."""
        return QUESTION


def test_documents_are_the_hits(index: "PromptIndex") -> None:
    """The documents are the hits of a search, in order, with where each stands as metadata."""
    documents = Retriever(index=index, k=5).invoke(QUESTION)
    hits = search(index, QUESTION, k=5)
    assert [document.page_content for document in documents] == [hit.passage.text for hit in hits]
    assert [document.id for document in documents] == [hit.passage.id for hit in hits]
    for document, hit in zip(documents, hits, strict=True):
        assert document.metadata["url"] == hit.paper.listed.url
        assert document.metadata["page_number"] == hit.passage.page_number
        assert (document.metadata["rank"], document.metadata["score"]) == (hit.rank, hit.score)
        for page_number, start, end in document.metadata["spans"]:
            page = index.page_text(hit.passage.document, page_number)
            assert page is not None
            assert page[start:end] in document.page_content


def test_abstracts_are_marked(index: "PromptIndex") -> None:
    """A document that is an abstract from the prompt says so, and has no page."""
    found = Retriever(index=index, k=100).invoke("Forest restores a sharp photo by asking many trees.")
    sources = {document.metadata["page_number"]: document.metadata["source"] for document in found}
    assert sources == {None: ABSTRACT_ORIGIN, 1: "PDF", 2: "PDF"}


def test_k_in_invoke_wins(index: "PromptIndex") -> None:
    """The k of a call overrides the one of the constructor for that call only."""
    retriever = Retriever(index=index, k=2)
    assert [len(retriever.invoke(QUESTION, k=4)), len(retriever.invoke(QUESTION))] == [4, 2]


def test_k_must_be_positive(index: "PromptIndex") -> None:
    """A k that is not greater than 0 is refused, by the constructor and by a call."""
    with pytest.raises(ValidationError, match="greater than 0"):
        Retriever(index=index, k=0)
    with pytest.raises(ValueError, match="k must be greater than 0"):
        Retriever(index=index).invoke(QUESTION, k=0)


def test_retriever_keeps_to_the_scope(index: "PromptIndex") -> None:
    """Whatever is asked, the documents are of listed papers."""
    found = Retriever(index=index, k=100).invoke("something else entirely")
    assert {document.metadata["url"] for document in found} <= {listed.url for _, listed in index.prompt.listed()}


def test_embeddings_serve_a_vector_store() -> None:
    """The embeddings adapter fills langchain's own vector store, and a search there finds the right text."""
    store = InMemoryVectorStore(Embeddings(HashingEmbedder()))
    store.add_documents([Document("a blurry photo"), Document("radar echoes of ships")])
    assert store.similarity_search("ships and their echoes", k=1)[0].page_content == "radar echoes of ships"


def test_embeddings_are_the_embedders() -> None:
    """Documents and queries are embedded alike, as plain lists of numbers."""
    embeddings = Embeddings(HashingEmbedder())
    [vector] = embeddings.embed_documents(["a blurry photo"])
    assert vector == embeddings.embed_query("a blurry photo") == HashingEmbedder().embed(["a blurry photo"])[0].tolist()
    assert embeddings.embed_documents([]) == []


def test_embeddings_find_a_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an embedder, or with the name of one, the adapter finds it as the library does."""
    asked: list[str | None] = []

    def find(name: str | None = None) -> HashingEmbedder:
        asked.append(name)
        return HashingEmbedder()

    monkeypatch.setattr("cnaps_rag.runnables.find_embedder", find)
    Embeddings()
    Embeddings("some/model")
    assert asked == [None, "some/model"]


def test_the_whole_pipeline_is_a_runnable(desk: "Desk") -> None:
    """A prompt, its file, or either with another question goes in, and the answer comes out."""
    prompt = desk.subset(1, 4)
    runnable = answer_runnable(settings=desk.settings, pdf_dir=desk.pdf_dir, embedder=desk.embedder)
    expected = answer(desk.index(prompt), settings=desk.settings)
    assert runnable.invoke(prompt) == expected
    assert runnable.invoke(desk.prompt_file(prompt)) == runnable.invoke(str(desk.prompt_file(prompt))) == expected
    other = runnable.invoke({"prompt": prompt, "question": "What goes in?"})
    assert other.question == "What goes in?"
    assert runnable.invoke({"prompt": prompt}) == replace(expected)


def test_a_model_words_the_answers(shared_desk: "Desk") -> None:
    """The pipeline takes a chat model; the config's callbacks see its calls."""
    seen: list[str] = []

    class Watch(BaseCallbackHandler):
        def on_chat_model_start(self, serialized: Any, messages: Any, **more: Any) -> None:  # noqa: ARG002
            seen.append(str(more["tags"]))

    pipeline = answer_runnable(
        settings=shared_desk.settings,
        pdf_dir=shared_desk.pdf_dir,
        embedder=shared_desk.embedder,
        llm=ScriptedChat(script=["{}"]),
    )
    found = pipeline.invoke(shared_desk.prompt, {"callbacks": [Watch()], "tags": ["mine"]})
    assert found.generator == "extractive; ScriptedChat gave no statement that passed"
    assert seen
    assert all("mine" in tags for tags in seen)


async def test_many_prompts_at_once(shared_desk: "Desk") -> None:
    """Many prompts are answered without blocking, a bounded number at a time."""
    running = most = 0

    def count(_: dict[str, str]) -> str:
        nonlocal running, most
        running += 1
        most = max(most, running)
        time.sleep(0.05)
        running -= 1
        return "{}"

    pipeline = answer_runnable(
        settings=shared_desk.settings, embedder=shared_desk.embedder, llm=ScriptedChat(script=[count])
    )
    questions = [{"prompt": shared_desk.prompt, "question": f"Why {number}?"} for number in range(6)]
    found = await pipeline.abatch(questions, {"max_concurrency": 2})
    assert [one.question for one in found] == [one["question"] for one in questions]
    assert most <= 2
    most = 0
    assert len(await pipeline.abatch(questions)) == 6
    assert most <= MOST_AT_ONCE


async def test_the_pipeline_streams(shared_desk: "Desk") -> None:
    """Streams yield verified claims and then the answer, with and without blocking."""
    pipeline = answer_runnable(settings=shared_desk.settings, embedder=shared_desk.embedder)
    events = list(pipeline.stream(shared_desk.prompt))
    assert [type(event) for event in events[:-1]] == [VerifiedClaim] * (len(events) - 1)
    assert [event async for event in pipeline.astream(shared_desk.prompt)] == events
    assert events[-1] == await pipeline.ainvoke(shared_desk.prompt)
