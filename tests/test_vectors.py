"""This file ensures that the nearest rows are the nearest rows: against plain arithmetic."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnaps_rag.embedding import Vectors
from cnaps_rag.vectors import VectorIndex

DIM = 8


def unit(rows: int, seed: int) -> Vectors:
    drawn = np.random.default_rng(seed).standard_normal((rows, DIM)).astype(np.float32)
    return np.asarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True), dtype=np.float32)


@settings(max_examples=50, deadline=None)
@given(rows=st.integers(1, 40), queries=st.integers(1, 4), k=st.integers(1, 50), seed=st.integers(0, 10_000))
def test_same_as_numpy(rows: int, queries: int, k: int, seed: int) -> None:
    """The rows found and their cosines are those that a matrix product and a sort give."""
    vectors, asked = unit(rows, seed), unit(queries, seed + 1)
    cosines = asked @ vectors.T
    for found, row in zip(VectorIndex(vectors).search(asked, k), cosines, strict=True):
        assert [index for index, _ in found] == np.argsort(-row, kind="stable")[:k].tolist()
        assert [score for _, score in found] == pytest.approx([float(row[index]) for index, _ in found], abs=1e-6)


def test_equal_rows_stand_in_row_order() -> None:
    """Rows that are equally near are ranked by their number."""
    vectors = np.repeat(unit(1, 1), 5, axis=0)
    assert [row for row, _ in VectorIndex(vectors).search(vectors[:1], 5)[0]] == [0, 1, 2, 3, 4]


def test_fewer_rows_than_asked_for() -> None:
    """Where there are fewer rows than asked for, all of them are found, once."""
    [found] = VectorIndex(unit(3, 1)).search(unit(1, 2), 10)
    assert sorted(row for row, _ in found) == [0, 1, 2]


def test_empty_index_finds_nothing() -> None:
    """An index without rows answers every query with an empty list."""
    assert VectorIndex(np.zeros((0, DIM), dtype=np.float32)).search(unit(2, 1), 5) == [[], []]


def test_no_queries_no_answers() -> None:
    """No query gives no ranking."""
    assert VectorIndex(unit(3, 1)).search(np.zeros((0, DIM), dtype=np.float32), 5) == []
