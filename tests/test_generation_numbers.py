"""This file ensures that numbers of a question which the papers do not give are named, and no others."""

from typing import TYPE_CHECKING

import pytest

from cnaps_rag.generation.numbers import listed, unstated
from cnaps_rag.listing import ListedPaper, Prompt
from cnaps_rag.testing import write_pdf

if TYPE_CHECKING:
    from tests.conftest import Desk

PAPER = """\
Lantern: Enlarging Photos
Abstract
Photos are enlarged by a factor of 4 in one pass of the network. It was trained on 30 images of
cells. In six rounds of tuning the network learned from photos that were seen 12x more often.
1. Introduction
The network has 8 layers of 64 channels, and a sampling step takes a second.
"""
TIMELESS = PAPER.replace("takes a second", "is short")


def found(desk: "Desk", question: str, text: str = PAPER) -> list[str]:
    """Find what a paper does not give."""
    (desk.pdf_dir / "2201.00001.pdf").write_bytes(write_pdf([text]))
    model = ListedPaper(name="Lantern", url="https://arxiv.org/pdf/2201.00001")
    index = desk.index(Prompt(question=question, recommended=(model,), related=()))
    documents = {paper.document or "" for paper in index.papers}
    return list(unstated(index, question, [(0, len(question))], documents))


@pytest.mark.parametrize(
    "question",
    [
        "How is a photo made 4× bigger?",
        "How is a photo made four times bigger?",
        "How is a photo made x4 bigger?",
        "How does it learn from thirty pictures?",
        "How does it learn in six rounds?",
        "How does it learn from photos seen 12 times as often?",
        "How did one photo of 1998, taken at 5 seconds past two, get sharp?",
        "Why is it sharp?",
        "How does my five-year-old phone make it sharp?",
        "How does it learn from thirty snapshots?",
    ],
)
def test_what_the_papers_give(desk: "Desk", question: str) -> None:
    """A factor or count that a paper gives in any form, or that counts nothing of its, is not named."""
    assert found(desk, question) == []


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("How is a photo made 8 times bigger?", "8 times"),
        ("How is a photo made ×10 bigger?", "×10"),
        ("How does it get by with four sampling steps?", "four sampling steps"),
        ("How does it learn from only seventy images?", "seventy images"),
        ("How does it learn from 64 photos?", "64 photos"),
    ],
)
def test_what_they_do_not(desk: "Desk", question: str, words: str) -> None:
    """A factor or count that no passage gives is named in the question's words."""
    assert found(desk, question) == [
        f"the number in “{words}”: no passage of the papers that the answer rests on gives it"
    ]


def test_lists_are_joined() -> None:
    """Quoted words are joined as in a sentence."""
    assert listed(["a"]) == "“a”"
    assert listed(["a", "b", "c"]) == "“a”, “b” and “c”"


@pytest.mark.parametrize("time", ["One photo takes 30 ms.", "It is 12 times faster now.", "It runs in real-time."])
def test_a_time_that_is_given(desk: "Desk", time: str) -> None:
    """A time, a speed, or a comparison of speeds answers how long something takes."""
    assert found(desk, "How long does it take?", TIMELESS + time) == []


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("How long does it take?", "how long"),
        ("Why is it sharp, and how much longer would a film take?", "how much longer"),
        ("How fast does it run on a phone?", "how fast"),
        ("How many seconds pass?", "how many seconds"),
    ],
)
def test_a_time_that_is_not(desk: "Desk", question: str, words: str) -> None:
    """Where papers give no time at all, a question for one is not covered."""
    [gap] = found(desk, question, TIMELESS)
    assert gap.startswith(f"“{words}”: ")


@pytest.mark.parametrize("question", ["How long is the street in the photo?", "Why is it so slow?", "Is it fast?"])
def test_no_time_is_asked_for(desk: "Desk", question: str) -> None:
    """Lengths, reasons and doubts do not ask for a time."""
    assert found(desk, question, TIMELESS) == []
