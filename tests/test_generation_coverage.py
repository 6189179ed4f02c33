"""This file ensures that an answer names what the question asks about and the papers do not speak of."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pytest

from cnaps_rag.embedding import Vectors
from cnaps_rag.generation.coverage import MOST_WORDS, foreign_words, not_covered, words_used
from cnaps_rag.listing import Role
from cnaps_rag.pipeline import Builder, answer, open_index
from cnaps_rag.records import distinct
from cnaps_rag.testing import HashingEmbedder

if TYPE_CHECKING:
    from cnaps_rag.index import PromptIndex
    from tests.conftest import Desk


class Plain:
    """An embedder without token vectors."""

    fingerprint = "plain"

    def embed(self, texts: Sequence[str], *, progress: bool = False) -> Vectors:
        """Embed texts."""
        return HashingEmbedder().embed(texts, progress=progress)


def gaps(index: "PromptIndex", question: str) -> list[str]:
    subjects = distinct(paper for paper in index.papers if paper.role is Role.RECOMMENDED)
    return [gap for gap in not_covered(index, question, subjects) if "beyond its abstract" not in gap]


def test_nothing_is_missing(index: "PromptIndex") -> None:
    """A question in the papers' own words has no gap, in whatever form its words stand."""
    assert gaps(index, "How does the lantern network sharpen blurry photos? It restored mine yesterday.") == []


def test_a_word_that_is_asked_about(index: "PromptIndex") -> None:
    """A foreign word in a sentence that asks is named as such, one that only tells the scene as the user's own case."""
    found = gaps(index, "I saw a camel in the photo. How does the network sharpen a giraffe?")
    assert found == [
        "what the question asks about “giraffe”: the papers that the answer rests on do not speak of it",
        (
            "your own case: the papers that the answer rests on do not speak of “camel”; what they report holds for "
            "the material that they were tested on"
        ),
    ]


@pytest.mark.parametrize(("word", "named"), [("app", True), ("phone", True), ("camel", False)])
def test_the_own_tool(index: "PromptIndex", word: str, named: bool) -> None:
    """The user's own tool is named where no paper names it: nobody here knows what it runs."""
    found = gaps(index, f"My {word} made the blurry photo sharp.")
    assert any(gap.startswith(f"what the {word} in the question runs inside") for gap in found) is named


def test_no_more_than_a_few_words(index: "PromptIndex") -> None:
    """However many words are foreign, few are named, in the order of the question."""
    words = [f"beast{letter}ox" for letter in "abcdefghijklmnopqrstuvwxyz"]
    documents = {paper.document for paper in index.papers if paper.document}
    question = f"How about {' and '.join(f'a {word}' for word in words)}?"
    found = foreign_words(index, question, documents, words_used(index))
    assert len(found) == MOST_WORDS
    assert found == sorted(found, key=words.index)


def test_without_token_vectors(desk: "Desk") -> None:
    """An embedder without token vectors tells nothing about single words, and the rest is said all the same."""
    embedder = Plain()
    Builder(desk.settings, pdf_dir=desk.pdf_dir, embedder=embedder).build(desk.prompt)
    index = open_index(desk.prompt, settings=desk.settings, embedder=embedder)
    assert gaps(index, "I saw a camel. What did my app do?") == [
        "what the app in the question runs inside: the papers describe research models, and none names it"
    ]
    assert answer(index).citations


def test_papers_known_by_their_abstract(index: "PromptIndex") -> None:
    """A paper whose PDF is not here is named: what it says beyond its abstract is not known."""
    found = answer(index).not_covered
    assert any("Forest" in gap and "beyond its abstract" in gap for gap in found)
