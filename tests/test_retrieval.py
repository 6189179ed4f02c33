"""This file ensures that a search returns the best k passages of the index, the same ones every time."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnaps_rag.records import ScoreKind
from cnaps_rag.retrieval import ranked, relevance, search, search_many
from cnaps_rag.settings import Settings

if TYPE_CHECKING:
    from cnaps_rag.index import PromptIndex
    from tests.conftest import Desk

SHIPS = "How are ships counted in a harbour from radar tiles?"
ALONE = Settings(joined_depth=1)
"""Joins nothing."""
questions = st.one_of(st.sampled_from([SHIPS, "lantern", "blurry photo", "…"]), st.text(max_size=30))


@pytest.mark.parametrize("k", [1, 3, 7])
def test_k_hits(index: "PromptIndex", k: int) -> None:
    """Exactly k hits come back where there are as many passages, ranked from 1, scores never rising."""
    hits = search(index, SHIPS, k=k, settings=ALONE)
    assert [hit.rank for hit in hits] == list(range(1, k + 1))
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert {hit.score_kind for hit in hits} == {ScoreKind.LINEAR}
    assert len({hit.passage.id for hit in hits}) == k


def test_more_than_there_are(index: "PromptIndex") -> None:
    """Where more are asked for than there are, each passage comes back once."""
    hits = search(index, SHIPS, k=1000, settings=ALONE)
    assert {hit.passage.id for hit in hits} == {passage.id for passage in index.passages}
    assert len(hits) == len(index.passages)


def test_neighbours_are_joined(index: "PromptIndex") -> None:
    """Passages that stand side by side become one hit where both were found, and none comes twice."""
    hits = search(index, SHIPS, k=1000, settings=Settings(joined_depth=1000, joined_chars=400))
    sentences = [hit.passage.text[start:end] for hit in hits for start, end in hit.passage.sentences]
    every = [passage.text[start:end] for passage in index.passages for start, end in passage.sentences]
    assert sorted(sentences) == sorted(every)
    assert len(hits) < len(index.passages)
    assert max(len(hit.passage.text) for hit in hits) <= 400
    alone = search(index, SHIPS, k=1, settings=ALONE)[0].passage
    assert alone.text in hits[0].passage.text
    for hit in hits:
        for start, end in hit.passage.sentences:
            span = hit.passage.locate(start, end)
            if span is not None:
                page = index.page_text(hit.passage.document, span.page_number) or ""
                assert page[span.start : span.end] == hit.passage.text[start:end]


def test_joined_passages_add_up(index: "PromptIndex") -> None:
    """Two passages side by side come before a lone one that matches little better, behind one that matches well."""
    rows = np.arange(len(index.passages))
    first = next(row for row, joins in enumerate(index.adjoining) if joins)
    lone = next(row for row in range(first + 3, len(rows)) if not index.adjoining[row - 1] and not index.adjoining[row])
    for ahead, leads in ((0.5, first), (1.0, lone)):
        scores = np.full(len(rows), -9.0)
        scores[[first, first + 1, lone]] = 2.0, 2.0, 2.0 + ahead
        hits = ranked(index, rows, scores, k=2, settings=Settings(joined_depth=3))
        together = {hit.passage.text: hit.score for hit in hits}
        pair = f"{index.passages[first].text} {index.passages[first + 1].text}"
        assert together == pytest.approx({pair: 2.0 + np.log(2), index.passages[lone].text: 2.0 + ahead})
        assert hits[0].passage.text.startswith(index.passages[leads].text)


def test_k_defaults_to_the_settings(index: "PromptIndex") -> None:
    """Without k, as many hits come back as the settings say."""
    assert len(search(index, SHIPS, settings=Settings(k=4, joined_depth=1))) == 4
    assert len(search(index, SHIPS, settings=ALONE)) == min(Settings().k, len(index.passages))


@pytest.mark.parametrize("k", [0, -1])
def test_k_must_be_positive(index: "PromptIndex", k: int) -> None:
    """A k of nothing or less is an error, also where there is nothing to find."""
    with pytest.raises(ValueError, match=f"k must be greater than 0, not {k}"):
        search(index, SHIPS, k=k)
    with pytest.raises(ValueError, match="k must be greater than 0"):
        search_many(index, [], k=k)


def test_the_best_hit_is_what_was_asked_for(index: "PromptIndex") -> None:
    """A question in the words of one passage finds that passage first."""
    for passage in index.passages:
        assert search(index, passage.text, k=1, settings=ALONE)[0].passage == passage


def test_hits_name_their_paper(index: "PromptIndex") -> None:
    """Each hit carries the listed paper that its passage stands in."""
    assert all(hit.paper.document == hit.passage.document for hit in search(index, SHIPS, k=50))


@settings(max_examples=30, deadline=None)
@given(asked=st.lists(questions, max_size=4), k=st.integers(1, 20))
def test_many_equals_one_by_one(index: "PromptIndex", asked: list[str], k: int) -> None:
    """Questions asked together get the hits, to the last digit, that each gets alone, and gets again."""
    together = search_many(index, asked, k=k)
    assert together == [search(index, question, k=k) for question in asked]
    assert together == search_many(index, asked, k=k)


def test_questions_are_embedded_in_one_batch(shared_desk: "Desk", index: "PromptIndex") -> None:
    """Searching for many questions embeds each once, and no passage again."""
    before = shared_desk.embedder.texts_embedded
    search_many(index, ["one", "two", "three"])
    assert shared_desk.embedder.texts_embedded == before + 3


@settings(max_examples=30, deadline=None)
@given(asked=questions, numbers=st.sets(st.integers(0, 3)), k=st.integers(1, 30))
def test_documents_limit_the_search(index: "PromptIndex", asked: str, numbers: set[int], k: int) -> None:
    """With documents named, only their passages come back, and as many as there are up to k."""
    documents = {index.papers[number].document or "" for number in numbers}
    hits = search(index, asked, k=k, documents=documents, settings=ALONE)
    inside = [passage for passage in index.passages if passage.document in documents]
    assert {hit.passage.document for hit in hits} <= documents
    assert len(hits) == min(k, len(inside))


def test_unknown_documents_find_nothing(index: "PromptIndex") -> None:
    """A document that is not in the index has no passages to find."""
    assert search(index, SHIPS, documents={"0" * 64}) == []
    assert search(index, SHIPS, documents=()) == []


def test_relevance_of_papers(index: "PromptIndex") -> None:
    """Each paper with a text is as close to a question as its five best passages are on average."""
    [asked] = index.embedder.embed([SHIPS])
    found = relevance(index, asked)
    cosines = index.titled_vectors @ asked
    assert set(found) == {passage.document for passage in index.passages}
    for document, score in found.items():
        own = [cosines[row] for row, passage in enumerate(index.passages) if passage.document == document]
        assert score == pytest.approx(np.mean(sorted(own)[-5:]), abs=1e-5)


def test_a_paper_listed_in_two_versions(desk: "Desk") -> None:
    """Where a second version of a paper is listed too, what both say is found once, in the better version."""
    first = desk.subset(1, 2)
    index = desk.index(first)
    once = search(index, SHIPS, k=1000, settings=ALONE)
    copied = (desk.pdf_dir / "2101.00002.pdf").read_bytes().replace(b"%PDF-1.4", b"%PDF-1.5")
    (desk.pdf_dir / "2101.00009.pdf").write_bytes(copied)
    twin = replace(first.related[0], url="https://arxiv.org/pdf/2101.00009")
    both = desk.index(replace(first, related=(*first.related, twin)))
    assert len(both.passages) > len(index.passages)
    found = search(both, SHIPS, k=1000, settings=ALONE)
    assert sorted(hit.passage.text for hit in found) == sorted(hit.passage.text for hit in once)
