"""This file ensures that compressed token vectors give the similarities of the full ones, nearly."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnaps_rag.networks import Vectors, unit
from cnaps_rag.token_vectors import KEPT_DIMENSIONS, TokenVectors


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
    assert found == pytest.approx(expected, abs=0.005 * np.sqrt(dim))


def test_few_axes_are_kept() -> None:
    """Of long vectors only so many axes are kept, one byte each, and those keep what differs most."""
    spread = np.random.default_rng(1).standard_normal((300, 384)) * np.r_[np.full(40, 10.0), np.full(344, 0.1)]
    tokens = TokenVectors.compress([unit(spread)], 384)
    assert tokens.codes.shape == (300, KEPT_DIMENSIONS)
    assert tokens.codes.dtype == np.int8
    assert tokens.nearest(unit(spread[:5])).min() > 0.97


def test_no_passages() -> None:
    """A paper without passages has nothing near."""
    assert TokenVectors.compress([], 8).nearest(drawn(1, 3, 8)).shape == (3, 0)


@pytest.mark.parametrize("offsets", [[0, 2], [1, 3], [0, 2, 2, 3], []])
def test_parts_that_do_not_belong_together(offsets: list[int]) -> None:
    """Offsets that do not cut the tokens into runs of at least one are refused."""
    codes, axes = np.zeros((3, 2), dtype=np.int8), np.zeros((4, 2), dtype=np.float32)
    with pytest.raises(ValueError, match="token vectors of shapes"):
        TokenVectors(codes=codes, axes=axes, offsets=np.array(offsets, dtype=np.int64))
