"""This file ensures that what is asked is told from the scene that it is asked in."""

import pytest

from cnaps_rag.questions import asking


@pytest.mark.parametrize(
    ("question", "asked"),
    [
        ("I saw a camel. Why is it sharp? It was blurry.", ["Why is it sharp?"]),
        ("I saw a camel. Explain how it was sharpened.", ["Explain how it was sharpened."]),
        ("I saw a camel. I want to know how it was sharpened.", ["I want to know how it was sharpened."]),
        ("I saw a camel. Its sharpening.", ["Its sharpening."]),
        ("", []),
    ],
)
def test_the_sentences_that_ask(question: str, asked: list[str]) -> None:
    """What is asked stands in questions and requests; where there is neither, in the last sentence."""
    assert [question[start:end] for start, end in asking(question)] == asked
