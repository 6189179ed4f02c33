"""This file ensures that an answer names what the question asks about and the papers do not speak of."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pytest

from cnaps_rag.generation.coverage import MOST_WORDS, foreign, naming_words, not_covered
from cnaps_rag.listing import Role
from cnaps_rag.networks import Vectors
from cnaps_rag.pipeline import Builder, answer, open_index
from cnaps_rag.records import distinct
from cnaps_rag.stems import Stems
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
    return [gap for gap in not_covered(index, question, subjects) if "beyond the abstract" not in gap]


def test_nothing_is_missing(index: "PromptIndex") -> None:
    """A question in the papers' own words has no gap, in whatever form its words stand."""
    assert gaps(index, "How does the lantern network sharpen blurry photos? It restored mine yesterday.") == []


def test_a_word_that_is_asked_about(index: "PromptIndex") -> None:
    """A foreign word in a sentence that asks is a gap, with its adjective; one that only sets the scene is none."""
    found = gaps(index, "I saw a camel in the photo of my uncle. How does the network sharpen a spotted giraffe?")
    assert found == [
        "what the question asks about “spotted giraffe”: the papers that the answer rests on do not speak of it"
    ]


def test_the_scene_does_not_hide_what_is_asked(index: "PromptIndex") -> None:
    """However many foreign words set the scene, a foreign word in what is asked is named."""
    scene = " ".join(f"I saw a beast{letter}ox." for letter in "abcdefghijklmnop")
    asked = [f"How does the network sharpen a gir{letter}affe?" for letter in "bm"]
    alone = [gaps(index, question) for question in asked]
    assert all(alone)
    assert [gaps(index, f"{scene} {question}") for question in asked] == alone


def test_words_that_say_how(index: "PromptIndex") -> None:
    """A word that is paired with itself says how something is done, and names nothing."""
    assert gaps(index, "How does the network sharpen the blurry photo, giraffe by giraffe?") == []


def test_what_is_done_is_no_thing(index: "PromptIndex") -> None:
    """A verb behind `what` or `who` is not taken for a thing that is asked about."""
    assert gaps(index, "How does the network know what vanishes in the photo?") == []
    assert gaps(index, "Which kind of photo belongs to the network?") == []
    assert gaps(index, "How does an AI girmaffe the photo?") == []


def test_what_one_model_is_not_on(index: "PromptIndex") -> None:
    """A word that one recommended model's paper speaks of and that of the other does not is named for that other."""
    [gap] = gaps(index, "I have a map of Lantern edges. How does a network sharpen a photo?")
    assert gap.startswith("whether Lantern works on what the question calls “map”: of the recommended models' papers")


@pytest.mark.parametrize(
    ("tool", "named"),
    [("My app", True), ("The phone", True), ("My camel", False)],
)
def test_the_own_tool(index: "PromptIndex", tool: str, named: bool) -> None:
    """The user's own tool is named: nobody here knows what it runs."""
    found = gaps(index, f"{tool} made the blurry photo sharp. How does the network sharpen it?")
    assert any("in the question runs inside" in gap for gap in found) is named


def test_no_more_than_a_few_words(index: "PromptIndex") -> None:
    """However many words are foreign, few are named, in the order of the question."""
    words = [f"beast{letter}ox" for letter in "abcdefghijklmnopqrstuvwxyz"]
    question = f"How about {' and '.join(f'a {word}' for word in words)}?"
    found = foreign(index, naming_words(index, question, Stems()), {index.papers[0].document or "": set()})
    assert len(found) == MOST_WORDS
    assert [one.word for one in found] == sorted((one.word for one in found), key=words.index)


def test_without_token_vectors(desk: "Desk") -> None:
    """An embedder without token vectors tells nothing about single words, and the rest is said all the same."""
    embedder = Plain()
    Builder(desk.settings, pdf_dir=desk.pdf_dir, embedder=embedder).build(desk.prompt)
    index = open_index(desk.prompt, settings=desk.settings, embedder=embedder)
    assert gaps(index, "I saw a camel. What did my app do?") == [
        "what the app in the question runs inside: the papers describe research models, not that app"
    ]
    assert answer(index).citations


def test_papers_known_by_their_abstract(index: "PromptIndex") -> None:
    """A paper whose PDF is not here is named: what it says beyond its abstract is not known."""
    found = answer(index).not_covered
    assert any("Forest" in gap and "beyond the abstract" in gap for gap in found)
