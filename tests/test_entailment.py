"""This file ensures that a cross-encoder's scores are read by their labels, and that other models are refused."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from cnaps_rag.entailment import CrossEncoderEntailment
from cnaps_rag.errors import GenerationError


def judged(scores: list[float], labels: dict[int, str] | None) -> tuple[float, float]:
    judge = CrossEncoderEntailment("a-model")
    config = SimpleNamespace(id2label=labels)
    fake: Any = SimpleNamespace(model=SimpleNamespace(config=config), predict=lambda _: np.array([scores]))
    judge.__dict__["_model"] = fake
    return judge.judge("premise", "statement")


def test_labels_tell_the_columns() -> None:
    """The model's own labels tell which score is which; without them the usual order holds."""
    named = judged([0.0, 9.0, 0.0], {0: "neutral", 1: "Entailment", 2: "contradiction"})
    assert named[0] > 0.99
    assert judged([9.0, 0.0, 0.0], None)[1] > 0.99
    assert judged([0.0, 9.0, 0.0], {0: "LABEL_0", 1: "LABEL_1", 2: "LABEL_2"})[0] > 0.99


def test_another_kind_of_model() -> None:
    """A cross-encoder that gives one relevance score is no entailment model."""
    with pytest.raises(GenerationError, match="gives 1 scores"):
        judged([0.3], None)


def test_no_model(tmp_path: Any) -> None:
    """A name that leads nowhere is an error of this library."""
    with pytest.raises(GenerationError, match="not a cross-encoder that can be loaded"):
        CrossEncoderEntailment(str(tmp_path), offline=True).judge("a", "b")
