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
        ("It is not true that it uses labels but no masks.", "It uses labels and no masks."),
        ("The loss is not unbiased.", "It becomes an unbiased loss, for which no label is needed."),
        ("The problem is not ill-posed.", "The problem is ill-posed."),
        ("It takes no map of edges.", "It takes a photo and a map of its edges."),
        ("It works without labels.", "It is trained with labels."),
        ("It takes no map.", "It takes a photo."),
        ("The loss fails to help.", "The loss helps."),
        ("It no longer needs labels.", "It needs labels."),
        ("It was not tested on films.", "It was tested on films as a no-reference method."),
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
        ("It gains 0.2 dB over the network without it.", "It gains 0.2 dB over the baseline."),
        ("Without frames, it cannot find edges.", "It is inefficient in finding edges."),
        ("No answer is right, so it does not help.", "It does not improve the result."),
        ("It fails to recover detail.", "It cannot recover detail."),
        ("Frames hardly move.", "The frames have little motion, and no one may move."),
        ("It is not true that labels help.", "It is not true that labels help."),
    ],
)
def test_agreement(text: str, source: str) -> None:
    """Negated nouns and contrasts may be worded otherwise."""
    assert disagreement(text, [source], STEM) is None


def test_negations() -> None:
    """Negations of verbs are listed, contrasts are not."""
    assert len(negations("It is not new, it cannot fail, and it does not only run but fly, not walk.")) == 2


def test_a_plain_assertion_elsewhere() -> None:
    """What any cited sentence says in two neighbouring words cannot be negated, one word of it can."""
    closest, cited = ["It never halts."], ["It never halts.", "We introduce a two-branch network."]
    assert disagreement("It has not two branches.", closest, STEM, cited) is not None
    assert disagreement("It has not two parts.", closest, STEM, cited) is None
