"""This file ensures that rows are scored by their cosine: against plain arithmetic."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnaps_rag.networks import Vectors
from cnaps_rag.networks import unit as to_unit
from cnaps_rag.vectors import VectorIndex

DIM = 8


def unit(rows: int, seed: int) -> Vectors:
    return to_unit(np.random.default_rng(seed).standard_normal((rows, DIM)).astype(np.float32))


@settings(max_examples=50, deadline=None)
@given(rows=st.integers(1, 40), seed=st.integers(0, 10_000))
def test_same_as_numpy(rows: int, seed: int) -> None:
    """The cosines are those of a matrix product, in the order of the rows."""
    vectors, asked = unit(rows, seed), unit(1, seed + 1)[0]
    assert VectorIndex(vectors).scores(asked) == pytest.approx(vectors @ asked, abs=1e-6)


def test_empty_index_scores_nothing() -> None:
    """An index without rows answers with no scores."""
    assert VectorIndex(np.zeros((0, DIM), dtype=np.float32)).scores(unit(1, 1)[0]).tolist() == []
