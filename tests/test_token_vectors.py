"""This file ensures that compressed token vectors give the similarities of the full ones, nearly."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnaps_rag import onnx_graphs
from cnaps_rag.networks import Vectors, unit
from cnaps_rag.token_vectors import KEPT_DIMENSIONS, TokenVectors, pooled


def drawn(seed: int, rows: int, dim: int) -> Vectors:
    return unit(np.random.default_rng(seed).standard_normal((rows, dim)))


@settings(max_examples=40, deadline=None)
@given(
    counts=st.lists(st.integers(1, 9), min_size=1, max_size=12),
    asked=st.integers(1, 6),
    dim=st.integers(2, KEPT_DIMENSIONS),
    seed=st.integers(0, 1000),
)
def test_nearest_is_the_largest_cosine(counts: list[int], asked: int, dim: int, seed: int) -> None:
    """Where no axis is left out, each figure is the largest cosine of plain arithmetic, but for rounding."""
    passages = [drawn(seed + row, count, dim) for row, count in enumerate(counts)]
    question = drawn(seed + 99, asked, dim)
    found = TokenVectors.compress(passages, dim).nearest(question)
    expected = np.stack([(question @ passage.T).max(axis=1) for passage in passages], axis=1)
    assert found.shape == (asked, len(counts))
    assert found == pytest.approx(expected, abs=0.0075 * np.sqrt(dim))


@pytest.mark.skipif(not onnx_graphs.available(), reason="onnxruntime is not installed")
@pytest.mark.parametrize("dim", [3, 384])
def test_numpy_finds_what_onnx_runtime_finds(monkeypatch: pytest.MonkeyPatch, dim: int) -> None:
    """Without ONNX Runtime a search finds the same, down to a question's tokens that are nothing or all extremes."""
    lopsided = np.zeros((2, dim), dtype=np.float32)
    lopsided[1] = dim**-0.5
    tokens = TokenVectors.compress([drawn(row, 40, dim) for row in range(9)] + [-lopsided], dim)
    question = np.concatenate([drawn(99, 17, dim), lopsided, -drawn(3, 1, dim)])
    by_graph = tokens.nearest(question)
    monkeypatch.setattr(onnx_graphs, "available", lambda: False)
    by_numpy = tokens.nearest(question)
    assert by_graph.dtype == by_numpy.dtype == np.float32
    assert by_graph.shape == by_numpy.shape == (len(question), 10)
    # what differs is where a figure that lies between two steps is rounded to
    assert by_graph == pytest.approx(by_numpy, abs=0.005)
    assert np.mean(np.abs(by_graph - by_numpy) < 1e-6) > 0.9


def test_the_largest_codes_do_not_overflow() -> None:
    """Where every code is as large as it can be, products are still what arithmetic says."""
    codes = np.array([[127] * 64, [-127] * 64], dtype=np.int8)
    tokens = TokenVectors(codes=codes, axes=np.eye(64, dtype=np.float32), offsets=np.arange(3))
    found = tokens.nearest(np.array([[1.0] * 64, [-1.0] * 64], dtype=np.float32))
    assert found == pytest.approx(127.0 * 64 * np.array([[1, -1], [-1, 1]]))


def test_few_axes_are_kept() -> None:
    """Of long vectors only so many axes are kept, one byte each, and those keep what differs most."""
    spread = np.random.default_rng(1).standard_normal((300, 384)) * np.r_[np.full(40, 10.0), np.full(344, 0.1)]
    tokens = TokenVectors.compress([unit(spread)], 384)
    assert tokens.codes.shape == (300, KEPT_DIMENSIONS)
    assert tokens.codes.dtype == np.int8
    assert tokens.nearest(unit(spread[:5])).min() > 0.97


def test_tokens_that_are_alike_are_pooled() -> None:
    """Half as many vectors stand for a passage: each the mean direction of tokens that are alike; none is lost."""
    kinds = drawn(5, 8, 384)
    tokens = unit(np.repeat(kinds, 2, axis=0) + 0.01 * drawn(6, 16, 384))
    made = pooled(tokens)
    assert made.shape == (8, 384)
    assert made.dtype == np.float32
    assert np.linalg.norm(made, axis=1) == pytest.approx(np.ones(8), abs=1e-5)
    assert (kinds @ made.T).max(axis=1) == pytest.approx(np.ones(8), abs=0.01)


@pytest.mark.parametrize(("count", "left"), [(1, 1), (2, 2), (3, 2), (7, 4)])
def test_how_many_are_left(count: int, left: int) -> None:
    """A passage of any length keeps at least one vector, and tokens that are all the same are no error."""
    assert len(pooled(drawn(1, count, 8))) == left
    assert 1 <= len(pooled(np.repeat(drawn(1, 1, 8), count, axis=0))) <= left


def test_no_passages() -> None:
    """A paper without passages has nothing near."""
    assert TokenVectors.compress([], 8).nearest(drawn(1, 3, 8)).shape == (3, 0)


@pytest.mark.parametrize("offsets", [[0, 2], [1, 3], [0, 2, 2, 3], []])
def test_parts_that_do_not_belong_together(offsets: list[int]) -> None:
    """Offsets that do not cut the tokens into runs of at least one are refused."""
    codes, axes = np.zeros((3, 2), dtype=np.int8), np.zeros((4, 2), dtype=np.float32)
    with pytest.raises(ValueError, match="token vectors of shapes"):
        TokenVectors(codes=codes, axes=axes, offsets=np.array(offsets, dtype=np.int64))
