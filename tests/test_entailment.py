"""This file ensures that a cross-encoder's scores are read by their labels, and that other models are refused."""

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from cnaps_rag.entailment import CrossEncoderEntailment
from cnaps_rag.errors import CrossEncoderError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def judged(scores: list[float], labels: dict[int, str] | None) -> tuple[float, float]:
    judge = CrossEncoderEntailment("a-model")
    fake: Any = SimpleNamespace(
        model=SimpleNamespace(config=SimpleNamespace(id2label=labels), device=SimpleNamespace(type="cpu")),
        predict=lambda _: np.array([scores]),
    )
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
    with pytest.raises(CrossEncoderError, match="gives 1 scores a pair, not 3"):
        judged([0.3], None)


def test_a_real_model(cross_encoder: "Callable[[int], Path]") -> None:
    """The probabilities of a real model are shares of one."""
    entailment, contradiction = CrossEncoderEntailment(str(cross_encoder(3)), offline=True).judge("a ship", "a boat")
    assert min(entailment, contradiction) > 0
    assert entailment + contradiction < 1
