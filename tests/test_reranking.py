"""This file ensures that a reranker orders the best passages, all of them before the rest, and nothing else."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnaps_rag.encoding import encode_questions
from cnaps_rag.errors import CrossEncoderError
from cnaps_rag.fusion import Scores
from cnaps_rag.reranking import CrossEncoderReranker, find_reranker, reranked
from cnaps_rag.retrieval import search, search_encoded
from cnaps_rag.settings import Settings

if TYPE_CHECKING:
    from cnaps_rag.index import PromptIndex

SHIPS = "How are ships counted in a harbour from radar tiles?"
DEPTH = 5


class Backwards:
    """Finds a text the better, the earlier it comes in the alphabet; keeps what it read."""

    def __init__(self) -> None:
        """Nothing read yet."""
        self.read: list[str] = []

    def relevance(self, question: str, texts: Sequence[str]) -> Scores:
        """Score texts."""
        assert question == SHIPS
        self.read = list(texts)
        return -np.argsort(np.argsort(texts)).astype(np.float64)


numbers = st.lists(st.floats(-5, 5), min_size=1, max_size=9)


@given(numbers, st.data())
def test_reranked_rows_come_first(scores: list[float], data: st.DataObject) -> None:
    """The rows that were read again stand before all others, in the order of what they got; the others keep theirs."""
    depth = data.draw(st.integers(1, len(scores)))
    given_to = data.draw(st.permutations(range(depth)))
    best = np.argsort(-np.array(scores), kind="stable")[:depth]

    class Fixed:
        def relevance(self, _question: str, texts: Sequence[str]) -> Scores:
            assert len(texts) == depth
            return np.array(given_to, dtype=np.float64)

    new = reranked(np.array(scores), "", ["text"] * depth, best, Fixed())
    order = np.argsort(-new, kind="stable")
    assert list(order[:depth]) == list(best[np.argsort(-np.array(given_to))])
    rest = [row for row in range(len(scores)) if row not in best]
    assert [new[row] for row in rest] == [scores[row] for row in rest]


def test_a_search_is_reordered(index: "PromptIndex") -> None:
    """The best passages, with title and heading, are read again and ordered anew; those behind them stay."""
    settings, reranker = Settings(joined_depth=1, reranked_depth=DEPTH), Backwards()
    encoded = encode_questions([SHIPS], index.embedder)
    [plain] = search_encoded(index, encoded, k=10, settings=settings)
    [found] = search_encoded(index, encoded, k=10, settings=settings, reranker=reranker)
    assert sorted(hit.passage.id for hit in found[:DEPTH]) == sorted(hit.passage.id for hit in plain[:DEPTH])
    assert [hit.passage.id for hit in found[DEPTH:]] == [hit.passage.id for hit in plain[DEPTH:]]
    assert [hit.passage.text for hit in found[:DEPTH]] != [hit.passage.text for hit in plain[:DEPTH]]
    texts = sorted(reranker.read)
    assert [text.endswith(hit.passage.text) for text, hit in zip(texts, found, strict=False)] == [True] * DEPTH
    assert [hit.score for hit in found] == sorted((hit.score for hit in found), reverse=True)


def test_settings_name_a_cross_encoder(index: "PromptIndex", cross_encoder: "Callable[[int], Path]") -> None:
    """A search with a cross-encoder in its settings has the order of that model's own scores."""
    folder = str(cross_encoder(1))
    settings = Settings(joined_depth=1, reranker=folder, reranked_depth=1000, offline=True)
    hits = search(index, SHIPS, k=8, settings=settings)
    titles = {hit.passage.id: hit.paper.title for hit in hits}
    assert len(titles) == 8
    model = CrossEncoderReranker(folder, offline=True)
    heads = [(hit.paper.title or "").rstrip(".") + "." for hit in hits]
    sections = [(hit.passage.section or "").lstrip("0123456789. ") for hit in hits]
    texts = [
        " ".join(part for part in (head, f"{section}." if section else "", hit.passage.text) if part)
        for head, section, hit in zip(heads, sections, hits, strict=True)
    ]
    scores = model.relevance(SHIPS, texts)
    assert list(scores) == pytest.approx(sorted(scores, reverse=True), abs=1e-4)


def test_one_model_for_a_process() -> None:
    """The model is found once, however many searches there are, and not loaded before it is needed."""
    assert find_reranker("nowhere", offline=True) is find_reranker("nowhere", offline=True)


def test_a_reranker_that_is_none(index: "PromptIndex", tmp_path: Path) -> None:
    """A name that leads to no cross-encoder is said before anything is found."""
    with pytest.raises(CrossEncoderError, match="not a cross-encoder"):
        search(index, SHIPS, settings=Settings(reranker=str(tmp_path), offline=True))
