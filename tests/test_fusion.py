"""This file ensures that scores of different kinds are added up as said, whatever their scale."""

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnaps_rag.fusion import MatchWeights, combine, standardised

SIGNS = [field.name for field in fields(MatchWeights)]
numbers = st.floats(-1e3, 1e3, allow_nan=False).map(lambda value: round(value, 3))


@given(scores=st.lists(numbers, min_size=1, max_size=20), scale=st.sampled_from([0.5, 2.0, 10.0]), shift=numbers)
def test_scale_does_not_matter(scores: list[float], scale: float, shift: float) -> None:
    """Standard scores have mean 0, and are the same for scores of another unit."""
    made = standardised(np.array(scores))
    assert made.mean() == pytest.approx(0, abs=1e-6)
    if np.ptp(scores) > 0.1:
        assert made.std() == pytest.approx(1)
        assert standardised(np.array(scores) * scale + shift) == pytest.approx(made, abs=1e-4)


@pytest.mark.parametrize("scores", [[], [3.0], [2.0, 2.0, 2.0], [683.633, 683.633, 683.633]])
def test_equal_scores_tell_nothing(scores: list[float]) -> None:
    """No scores, one score, or equal scores become zeros."""
    assert standardised(np.array(scores)).tolist() == [0.0] * len(scores)


def test_weights_are_applied() -> None:
    """Each sign counts with the weight of its name."""
    for name in SIGNS:
        signs = {other: np.array([0.0, float(other == name)]) for other in SIGNS}
        assert combine(signs, MatchWeights()).tolist() == [0.0, getattr(MatchWeights(), name)]


def test_no_weight_is_negative() -> None:
    """Every sign speaks for a match."""
    assert all(getattr(MatchWeights(), name) > 0 for name in SIGNS)
