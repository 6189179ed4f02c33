"""This file ensures that what a source says of one name is not said of another."""

from collections.abc import Sequence

import pytest

from cnaps_rag.attribution import displaced

SENTENCES = [
    "On films of seven frames ReedNet falls behind methods with a window.",
    "SedgeNet is an extension with a mechanism that fills gaps.",
]


def share(text: str, sentence: str) -> float:
    words = set(text.lower().split())
    return len(words & set(sentence.lower().split())) / len(words)


def closeness(texts: Sequence[str], sentences: Sequence[str]) -> list[float]:
    return [max(share(text, sentence) for sentence in sentences) for text in texts]


def test_another_name_in_its_place() -> None:
    """A name is displaced where the sentence that says the rest has another one, which fits clearly better."""
    text = "On seven frames SedgeNet falls behind."
    assert displaced(text, ["SedgeNet"], SENTENCES, share, closeness) == [("SedgeNet", "ReedNet")]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("On seven frames ReedNet falls behind.", "ReedNet"),
        ("An extension, SedgeNet, fills gaps.", "SedgeNet"),
        ("Seven frames are too few.", "SedgeNet"),
    ],
)
def test_a_name_in_its_place(text: str, name: str) -> None:
    """A name stays where a sentence says the statement of it, and where no other name fits better."""
    assert displaced(text, [name], SENTENCES, share, closeness) == []
