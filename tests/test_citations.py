"""This file ensures that nothing unsupported passes into an answer: what fails is dropped, with the reason."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnaps_rag.answers import Answer, Support
from cnaps_rag.citations import UNVERIFIED_NOTE, locate, verbatim, verify
from cnaps_rag.errors import CitationError
from cnaps_rag.generation import Draft, DraftClaim, DraftNote, Evidence
from cnaps_rag.records import Hit, Origin, ScoreKind, Span

if TYPE_CHECKING:
    from cnaps_rag.index import PromptIndex

LISTED = "listed, nothing more"
STEPS = ("input", "model", "output", "mechanism")


def hit(index: "PromptIndex", words: str) -> Hit:
    """Retrieve the passage that holds these words."""
    passage = next(passage for passage in index.passages if words in passage.text)
    return Hit(rank=1, score=1.0, score_kind=ScoreKind.LINEAR, passage=passage, paper=index.paper_of(passage))


def evidence(index: "PromptIndex", words: str) -> Evidence:
    found = hit(index, words)
    start = found.passage.text.index(words)
    return Evidence(hit=found, start=start, end=start + len(words))


def claim(*cited: Evidence, text: str | None = None, about: str | None = None) -> DraftClaim:
    return DraftClaim(text=cited[0].quote if text is None else text, evidence=cited, about=about)


def answered(
    index: "PromptIndex",
    *task: DraftClaim,
    notes: Sequence[DraftNote] = (),
    hits: Sequence[Hit] | None = None,
    **parts: Any,
) -> Answer:
    steps = {step: parts.get(step, ()) for step in STEPS}
    cited = [one for claims in (task, *steps.values()) for draft in claims for one in draft.evidence]
    cited += [one for note in notes for one in note.evidence]
    shown = tuple(one.hit for one in cited) if hits is None else tuple(hits)
    filled = [*notes, *(DraftNote(note=LISTED) for _ in index.papers[len(notes) :])]
    draft = Draft(generator="test", hits=shown, task=task, notes=tuple(filled), not_covered=("speed",), **steps)
    return verify(draft, index, "Why?")


def reasons(answer: Answer) -> list[str]:
    return [dropped.reason for dropped in answer.dropped]


INPUT = "The lantern network takes as input a blurry photo of any size"
OUTPUT = "The output is the final sharp photo"
ARROWS = "The output is a field of arrows"


def test_a_good_claim_stands(index: "PromptIndex") -> None:
    """A claim in the words that it cites stands with its number, and the citation says where those words are."""
    answer = answered(index, claim(evidence(index, INPUT), about="Lantern"))
    [kept] = answer.task
    assert (kept.text, kept.citations, kept.support, kept.about) == (INPUT, (1,), Support.VERBATIM, "Lantern")
    [citation] = answer.citations
    assert (citation.n, citation.quote, citation.page_number, citation.section) == (1, INPUT, 2, "2. Method")
    assert (citation.url, citation.origin) == ("https://arxiv.org/pdf/2101.00001", Origin.PDF_FOLDER)
    assert INPUT in citation.passage
    page = index.page_text(index.papers[0].document or "", 2)
    assert page is not None
    assert page[citation.start : citation.end] == INPUT
    assert answer.dropped == ()


def test_the_frame_of_the_answer(index: "PromptIndex") -> None:
    """Question, prompt, generator, gaps and missing papers come with the claims, each where it belongs."""
    parts: dict[str, Any] = {step: (claim(evidence(index, OUTPUT)),) for step in STEPS}
    answer = answered(index, **parts)
    assert (answer.question, answer.prompt_id, answer.generator) == ("Why?", index.prompt.id, "test")
    assert [(name, len(claims)) for name, claims in answer.workflow.steps()] == [(step, 1) for step in STEPS]
    assert answer.not_covered == ("speed",)
    assert [paper.url[-1] for paper in answer.papers_unavailable] == ["4", "5"]
    assert all(paper.reason for paper in answer.papers_unavailable)
    assert [(note.name, note.url, note.github) for note in answer.papers] == [
        (listed.name, listed.url, listed.github) for _, listed in index.prompt.listed()
    ]


def test_a_passage_that_was_not_retrieved(index: "PromptIndex") -> None:
    """A claim on a passage of the index that was not among the hits is dropped."""
    answer = answered(index, claim(evidence(index, INPUT)), hits=[hit(index, ARROWS)])
    assert answer.task == ()
    assert reasons(answer) == ["its passage was not retrieved for this answer"]
    assert answer.dropped[0].text == INPUT


def test_a_passage_that_nobody_has(index: "PromptIndex") -> None:
    """A claim on a passage with other words than the index's own is dropped, also where its text is shown as a hit."""
    real = evidence(index, INPUT)
    forged = replace(
        real.hit, passage=replace(real.hit.passage, text=real.hit.passage.text.replace("blurry", "sharpe"))
    )
    answer = answered(index, claim(replace(real, hit=forged)))
    assert reasons(answer) == ["the quote is not what page 2 says"]


def test_a_passage_of_another_document(index: "PromptIndex") -> None:
    """A claim on a passage of a document that is not in the index is dropped."""
    real = evidence(index, INPUT)
    foreign = replace(real.hit, passage=replace(real.hit.passage, document="0" * 64))
    assert reasons(answered(index, claim(replace(real, hit=foreign)))) == ["the quote is not what page 2 says"]


def test_a_quote_over_a_gap(index: "PromptIndex") -> None:
    """A claim whose quote is not one stretch of one page is dropped."""
    real = evidence(index, INPUT)
    passage = real.hit.passage
    place = passage.spans[0]
    halves = (
        Span(page_number=place.page_number, start=place.start, end=place.start + 10, offset=0),
        Span(page_number=place.page_number, start=place.start + 10, end=place.end, offset=10),
    )
    torn = replace(real.hit, passage=replace(passage, spans=halves))
    assert reasons(answered(index, claim(replace(real, hit=torn)))) == ["the quote is not one stretch of one page"]


@pytest.mark.parametrize(("start", "end"), [(0, 0), (5, 5), (9, 3), (0, 10_000), (-7, -1)])
def test_offsets_that_quote_nothing(index: "PromptIndex", start: int, end: int) -> None:
    """Empty, reversed or overlong offsets are no quote."""
    with pytest.raises(CitationError) as caught:
        locate(index, Evidence(hit=hit(index, INPUT), start=start, end=end))
    assert caught.value.reason in {"not-one-stretch", "not-on-page"}


def test_more_than_the_quote_says(index: "PromptIndex") -> None:
    """A claim that says more than its quotes is dropped."""
    answer = answered(index, claim(evidence(index, INPUT), text=f"{INPUT} and makes coffee"))
    assert reasons(answer) == ["it says more than the words that it cites"]


def test_nothing_cited(index: "PromptIndex") -> None:
    """A claim without evidence is dropped, and so is one without words."""
    answer = answered(index, DraftClaim(text="It is so.", evidence=()), claim(evidence(index, INPUT), text="…"))
    assert reasons(answer) == ["it cites nothing", "it says more than the words that it cites"]


def test_a_claim_over_two_quotes(index: "PromptIndex") -> None:
    """A claim may join two quotes with an ellipsis, and carries the numbers of both."""
    answer = answered(index, claim(evidence(index, INPUT), evidence(index, OUTPUT), text=f"{INPUT} … {OUTPUT}"))
    assert answer.task[0].citations == (1, 2)
    assert [citation.quote for citation in answer.citations] == [INPUT, OUTPUT]


def test_numbers_are_shared(index: "PromptIndex") -> None:
    """A quote that is used again keeps its number, in the order of first use; another quote gets the next."""
    first, second = evidence(index, OUTPUT), evidence(index, ARROWS)
    answer = answered(index, claim(first), claim(second), claim(first, first), input=(claim(second),))
    assert [kept.citations for kept in answer.task] == [(1,), (2,), (1,)]
    assert answer.workflow.input[0].citations == (2,)
    assert [citation.n for citation in answer.citations] == [1, 2]


def test_a_dropped_claim_takes_no_number(index: "PromptIndex") -> None:
    """Where one of a claim's quotes fails, none of them is left behind in the list of references."""
    good = evidence(index, INPUT)
    bad = replace(evidence(index, ARROWS), start=0, end=0)
    notes = [DraftNote(note="a note", evidence=(good, bad))]
    answer = answered(index, claim(good, bad, text=INPUT), claim(evidence(index, OUTPUT)), notes=notes)
    assert len(answer.dropped) == 2
    assert [citation.quote for citation in answer.citations] == [OUTPUT]
    assert answer.task[0].citations == (1,)


def test_notes_carry_their_papers_citations(index: "PromptIndex") -> None:
    """A paper's line carries the numbers of all citations of that paper, and of no other."""
    notes = [DraftNote(note="the first", evidence=(evidence(index, "learned light helps"),))]
    task = [claim(evidence(index, INPUT)), claim(evidence(index, ARROWS))]
    answer = answered(index, *task, notes=notes)
    assert [note.citations for note in answer.papers] == [(1, 3), (2,), (), (), ()]
    assert [note.note for note in answer.papers] == ["the first", *[LISTED] * 4]


def test_a_note_that_fails(index: "PromptIndex") -> None:
    """A note whose quote cannot be found is dropped; the paper stays listed and says so."""
    lost = replace(evidence(index, ARROWS), start=0, end=0)
    answer = answered(index, notes=[DraftNote(note="a fine note", evidence=(lost,))])
    assert answer.papers[0].note == UNVERIFIED_NOTE
    assert [dropped.text for dropped in answer.dropped] == ["a fine note"]


def test_an_abstract_is_marked(index: "PromptIndex") -> None:
    """A citation of an abstract from the prompt has no page and says where it came from."""
    answer = answered(index, claim(evidence(index, "Forest restores a sharp photo")))
    [citation] = answer.citations
    assert (citation.page_number, citation.origin) == (None, Origin.ABSTRACT)
    assert answer.papers[3].citations == (1,)


QUOTE = "The net [3, 4] restores sharp photos [12] from light, fast."


@pytest.mark.parametrize(
    "text",
    [
        QUOTE,
        "The net restores sharp photos from light, fast.",
        "the NET restores",
        "The net … from light",
        "… restores sharp photos …",
        "Restores sharp photos from light – fast!",
        "sharp photos…The net",
    ],
)
def test_verbatim(text: str) -> None:
    """Letter case, punctuation, reference numbers and what an ellipsis leaves out do not matter."""
    assert verbatim(text, [QUOTE])


@pytest.mark.parametrize(
    "text",
    ["", "…", " . ", "The net restores photos", "net The", "The net … from dark", "The net restores sharp photos slow"],
)
def test_not_verbatim(text: str) -> None:
    """Other words, left-out words without an ellipsis, and no words at all are not verbatim."""
    assert not verbatim(text, [QUOTE])


def test_verbatim_over_several_quotes() -> None:
    """Each stretch must stand in one quote; a stretch that runs from one quote into the next does not."""
    assert verbatim("a sharp photo … learned light", ["It is a sharp photo.", "By learned light."])
    assert not verbatim("a sharp photo learned light", ["It is a sharp photo", "learned light."])
    assert not verbatim("anything", [])


def test_a_word_within_a_word_is_not_verbatim() -> None:
    """A statement may not be cut out of longer words: it would say something else."""
    assert not verbatim("the rapist left", ["The therapist left."])
    assert not verbatim("a net gain of 1", ["A net gain of 12."])


@given(st.lists(st.lists(st.text(alphabet="abcdé1", min_size=1), min_size=1), min_size=1, max_size=4), st.data())
def test_any_cut_between_words_is_verbatim(quotes: list[list[str]], data: st.DataObject) -> None:
    """Whatever whole words are cut out of quotes and joined by ellipses are verbatim."""
    cuts = []
    for words in quotes:
        start = data.draw(st.integers(0, len(words) - 1))
        cuts.append(" ".join(words[start : data.draw(st.integers(start + 1, len(words)))]))
    assert verbatim("…".join(cuts), [", ".join(words) for words in quotes])
