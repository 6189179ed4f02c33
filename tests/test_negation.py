"""This file ensures that a yes does not become a no."""

import pytest

from cnaps_rag.negation import disagreement, negations
from cnaps_rag.stems import Stems

STEM = Stems().stem


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("The loss is not needed.", "The loss keeps the colours."),
        ("It does not use labels.", "It uses labels."),
        ("It cannot recover detail.", "It recovers detail."),
        ("The network isn’t trained.", "The network is trained."),
        ("The network is trained.", "The network is not trained."),
        ("It is not seen without labels.", "It never has labels."),
    ],
)
def test_disagreement(text: str, source: str) -> None:
    """A negated verb needs as many negative words in the source, and a negation there cannot be left out."""
    assert disagreement(text, [source], STEM) is not None


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("The loss is not needed.", "No loss is needed."),
        ("It cannot recover detail.", "It fails to recover detail."),
        ("It needs no labels.", "It learns from images alone."),
        ("It serves photos, not films.", "It serves photos."),
        ("It is not only fast but also small.", "It is fast and small."),
        ("It is fast.", "It is not only fast but also small."),
        ("It works without labels.", "Labels are superfluous."),
    ],
)
def test_agreement(text: str, source: str) -> None:
    """Negated nouns and contrasts may be worded otherwise."""
    assert disagreement(text, [source], STEM) is None


def test_negations() -> None:
    """Negations of verbs are listed, contrasts are not."""
    assert len(negations("It is not new, it cannot fail, and it does not only run but fly, not walk.")) == 2
