"""This file ensures that a statement stands only where the passages that it cites say it."""

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from cnaps_rag.answers import Support
from cnaps_rag.records import Hit, ScoreKind
from cnaps_rag.retrieval import search
from cnaps_rag.settings import Settings
from cnaps_rag.support import Shares, SupportChecker

if TYPE_CHECKING:
    from cnaps_rag.index import PromptIndex

INPUT = "The lantern network takes as input a blurry photo of any size and encodes it into features."
MODULES = "The architecture consists of an encoder with five modules and a decoder with as many."


class Judge:
    """An entailment model with fixed probabilities."""

    def __init__(self, entailment: float, contradiction: float) -> None:
        """Fix them."""
        self.judged = entailment, contradiction

    def judge(self, premise: str, statement: str) -> tuple[float, float]:  # noqa: ARG002
        """Judge; see `Entailment.judge`."""
        return self.judged


def hit(index: "PromptIndex", words: str) -> Hit:
    passage = next(passage for passage in index.passages if words in passage.text)
    return Hit(rank=1, score=1.0, score_kind=ScoreKind.LINEAR, passage=passage, paper=index.paper_of(passage))


@pytest.fixture(scope="module")
def checker(index: "PromptIndex") -> SupportChecker:
    """A checker over the shared index."""
    return SupportChecker(index)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (INPUT, "takes as input a blurry"),
        ("A blurry photo of any size goes into the lantern network, which encodes it into features.", "takes as input"),
        ("Encoder and decoder have 5 modules each.", "five modules"),
        ("Lantern encodes a blurry photo into features.", "takes as input a blurry"),
    ],
)
def test_supported(checker: SupportChecker, index: "PromptIndex", text: str, words: str) -> None:
    """What the passage says stands, in its words or in others."""
    verdict = checker.check(text, [hit(index, words)])
    assert (verdict.support, verdict.reasons) == (Support.SUPPORTED, ())


@pytest.mark.parametrize(
    ("text", "words", "reason"),
    [
        ("The encoder has seven modules.", "five modules", "the number seven is not in what it cites"),
        ("The encoder has 5 modules and 12 layers.", "five modules", "the number 12 is not in what it cites"),
        ("The ResNet encoder has five modules.", "five modules", "the name ResNet is not in what it cites"),
        ("The encoder does not have five modules.", "five modules", "says so without a negation"),
        ("Ships are counted from satellite radar tiles.", "five modules", "hardly closer to it than the rest"),
        ("See https://a.example for the encoder.", "five modules", "it holds a link"),
        ("Der Encoder hat viele Teile und der Decoder auch.", "five modules", "the name Teile is not in what it cites"),
    ],
)
def test_unsupported(checker: SupportChecker, index: "PromptIndex", text: str, words: str, reason: str) -> None:
    """Changed numbers and names, negation, other content and foreign things are refused with the reason."""
    verdict = checker.check(text, [hit(index, words)])
    assert verdict.support is Support.UNSUPPORTED
    assert reason in " ".join(verdict.reasons)


def test_it_is_the_cited_passage_that_counts(checker: SupportChecker, index: "PromptIndex") -> None:
    """A statement that another passage of the same paper says is not supported by this one."""
    assert checker.check(INPUT, [hit(index, "It outperforms the")]).support is Support.UNSUPPORTED


def test_a_repeated_sentence(checker: SupportChecker, index: "PromptIndex") -> None:
    """A sentence of the source contradicts itself in nothing, whatever another one says; a part of it may."""
    first = "Its encoder [3] failed to sharpen fast boats."
    second = "Our encoder can sharpen fast boats."
    found = hit(index, "five modules")
    span = replace(found.passage.spans[0], start=0, end=len(f"{first} {second}"))
    places = (0, len(first)), (len(first) + 1, span.end)
    passage = replace(found.passage, text=f"{first} {second}", spans=(span,), sentences=places)
    cited = [replace(found, passage=passage)]
    assert checker.facts("Its encoder failed to sharpen fast boats.", cited) == []
    assert checker.facts("The encoder failed to sharpen fast boats.", cited) != []


def test_nothing_cited(checker: SupportChecker) -> None:
    """A statement that cites nothing is refused."""
    assert checker.check(INPUT, []).support is Support.UNSUPPORTED


@pytest.mark.parametrize(
    ("entailment", "contradiction", "support"),
    [(0.9, 0.05, Support.SUPPORTED), (0.1, 0.8, Support.UNSUPPORTED), (0.2, 0.1, Support.PARTIAL)],
)
def test_entailment(index: "PromptIndex", entailment: float, contradiction: float, support: Support) -> None:
    """An entailment model can confirm a statement, doubt it or refuse it."""
    checker = SupportChecker(index, Judge(entailment, contradiction))
    assert checker.check(MODULES, [hit(index, "five modules")]).support is support


def test_entailment_cannot_save(index: "PromptIndex") -> None:
    """An entailment model does not let through what the rules refuse."""
    checker = SupportChecker(index, Judge(1.0, 0.0))
    assert checker.check("The encoder has seven modules.", [hit(index, "five modules")]).support is Support.UNSUPPORTED


def test_a_search_hit(checker: SupportChecker, index: "PromptIndex") -> None:
    """A hit of a search is checked as it comes, joined with its neighbours or not."""
    hits = search(index, "What does the lantern network take as input?", k=1000, settings=Settings(joined_depth=1000))
    [found] = [hit for hit in hits if "five modules" in hit.passage.text]
    assert len(index.rows_in(found.passage)) > 1
    assert checker.check("Encoder and decoder have 5 modules each.", [found]).support is Support.SUPPORTED


def test_shares() -> None:
    """A text has the share of some terms that their weights make; a term without weight counts nothing."""
    texts = [frozenset({"fog", "dune"}), frozenset(), frozenset({"dune", "kelp"})]
    found = Shares(texts, {"fog": 3.0, "dune": 1.0, "reed": 4.0})
    assert found.of(frozenset({"fog", "dune", "reed", "kelp"})).tolist() == [0.5, 0.0, 0.125]
    assert found.of(frozenset({"kelp"})).tolist() == found.of(frozenset()).tolist() == [0.0, 0.0, 0.0]
