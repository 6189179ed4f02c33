"""This file ensures that a cross-encoder is loaded as it is, and that what is none, or another kind, is refused."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from cnaps_rag.cross_encoders import CrossEncoderModel
from cnaps_rag.errors import CrossEncoderError

if TYPE_CHECKING:
    from collections.abc import Callable

PAIRS = [("how are ships counted", "ships are counted by radar"), ("how are ships counted", "a lantern lights the way")]


def test_scores_of_a_real_model(cross_encoder: "Callable[[int], Path]") -> None:
    """Each pair gets as many scores as the model has outputs, and its labels are known by their columns."""
    model = CrossEncoderModel(str(cross_encoder(3)), offline=True)
    scores = model.scores(PAIRS, 3)
    assert scores.shape == (2, 3)
    assert np.array_equal(scores, model.scores(PAIRS, 3))
    assert model.scores(PAIRS[1:], 3) == pytest.approx(scores[1:], abs=1e-4)
    assert model.labels == {"label_0": 0, "label_1": 1, "label_2": 2}


def test_a_model_for_something_else(cross_encoder: "Callable[[int], Path]") -> None:
    """A model with another number of outputs is refused, by name."""
    folder = str(cross_encoder(1))
    with pytest.raises(CrossEncoderError, match="gives 1 scores a pair, not 3") as caught:
        CrossEncoderModel(folder, offline=True).scores(PAIRS, 3)
    assert caught.value.model == folder


def test_no_model(tmp_path: Path) -> None:
    """A name that leads nowhere is an error of this library that says what to do."""
    with pytest.raises(CrossEncoderError, match=r"not a cross-encoder that can be loaded .*; name a folder"):
        CrossEncoderModel(str(tmp_path), offline=True).scores(PAIRS, 1)
