"""From a draft to an answer: every citation is resolved against the index, every claim against what it cites.

Drop, never pad: what does not hold is left out and listed with the reason.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cnaps_rag.answers import Answer, Citation, Claim, DroppedClaim, PaperNote, Support, UnavailablePaper, Workflow
from cnaps_rag.errors import CitationError
from cnaps_rag.generation.drafts import Draft, DraftClaim, DraftNote, Evidence, without_references
from cnaps_rag.index import PromptIndex
from cnaps_rag.intrusions import redacted
from cnaps_rag.records import Hit, PaperStatus, Passage, Span
from cnaps_rag.support import SupportChecker

ELLIPSIS = "…"
UNVERIFIED_NOTE = "listed; what was drafted on it could not be verified"
WORD = re.compile(r"\w+")


def locate(index: PromptIndex, evidence: Evidence) -> Span:
    """Resolve words of a passage to their place on a page.

    Args:
        index: The prompt's index.
        evidence: The words.

    Returns:
        The place, where `page_text[start:end] == evidence.quote` holds.

    Raises:
        CitationError: The words are empty, run over a page's end or around a figure, or are not what the page says.
    """
    passage = evidence.hit.passage
    span = passage.locate(evidence.start, evidence.end)
    if not evidence.quote.strip() or span is None:
        raise CitationError("the quote is not one stretch of one page", reason="not-one-stretch")
    page = index.page_text(passage.document, span.page_number)
    if page is None or page[span.start : span.end] != evidence.quote:
        raise CitationError(f"the quote is not what page {span.page_number} says", reason="not-on-page")
    return span


def verbatim(text: str, quotes: Iterable[str]) -> bool:
    """Tell whether a statement is made of the words of its quotes alone.

    Args:
        text: The statement; `…` may stand where words were left out.
        quotes: The words that it cites.

    Returns:
        Whether each stretch between ellipses stands in one of the quotes, word by word, the papers'
        own reference numbers left aside.
    """
    sources = [_words(quote) for quote in quotes]
    stretches = [_words(stretch) for stretch in text.split(ELLIPSIS)]
    filled = [stretch for stretch in stretches if stretch.strip()]
    return bool(filled) and all(any(stretch in source for source in sources) for stretch in filled)


def _words(text: str) -> str:
    """Write the words alone, a blank on both sides of each, so that one word is not found within another."""
    return f" {' '.join(WORD.findall(without_references(text).casefold()))} "


def verify(draft: Draft, index: PromptIndex, question: str, ledger: "Ledger | None" = None) -> Answer:
    """Turn a draft into an answer whose citations all resolve.

    Args:
        draft: The draft.
        index: The index that it was drafted from.
        question: The question that it answers.
        ledger: Verifies the statements, where some were verified before (streaming) or a model worded them; None makes
            one that lets nothing pass but the papers' own words.

    Returns:
        The answer; statements that failed are in `dropped`, with the reason.
    """
    ledger = ledger or Ledger(index, draft.hits)
    task = ledger.claims(draft.task)
    workflow = Workflow(
        input=ledger.claims(draft.input),
        model=ledger.claims(draft.model),
        output=ledger.claims(draft.output),
        mechanism=ledger.claims(draft.mechanism),
    )
    abbreviations = ledger.claims(draft.abbreviations)
    return Answer(
        question=question,
        prompt_id=index.prompt.id,
        generator=draft.generator,
        task=task,
        workflow=workflow,
        abbreviations=abbreviations,
        papers=ledger.notes(draft),
        citations=tuple(ledger.citations),
        not_covered=draft.not_covered,
        dropped=(*draft.dropped, *ledger.dropped),
        papers_unavailable=_unavailable(index),
        relations=draft.relations,
        remarks=draft.remarks,
        usage=draft.usage,
    )


def _unavailable(index: PromptIndex) -> tuple[UnavailablePaper, ...]:
    reasons = {
        paper.listed.url: paper.reason or paper.status.value
        for paper in index.papers
        if paper.status is not PaperStatus.OK
    }
    return tuple(UnavailablePaper(url=url, reason=reason) for url, reason in reasons.items())


@dataclass(frozen=True, slots=True)
class _Place:
    document: str
    page_number: int | None
    start: int
    end: int


class Ledger:
    """Verifies statements and numbers their citations in order of use; a quote that is used twice keeps its number."""

    def __init__(self, index: PromptIndex, hits: Iterable[Hit], checker: SupportChecker | None = None) -> None:
        """Begin with nothing cited.

        Args:
            index: The index that statements are drafted from.
            hits: Every passage that was shown; nothing else can be cited.
            checker: Checks statements that a model worded; without it none of them passes.
        """
        self.index = index
        self.shown = {hit.passage.id for hit in hits}
        self.checker = checker
        self.citations: list[Citation] = []
        self.dropped: list[DroppedClaim] = []
        self._numbers: dict[_Place, int] = {}

    def showing(self, hits: Iterable[Hit]) -> "Ledger":
        """Let more passages be cited, and return itself."""
        self.shown |= {hit.passage.id for hit in hits}
        return self

    def claims(self, drafts: Sequence[DraftClaim]) -> tuple[Claim, ...]:
        """Verify statements; those that fail are added to `dropped`."""
        kept = []
        for draft in drafts:
            try:
                kept.append(self.claim(draft))
            except CitationError as error:
                text = redacted(draft.text) if draft.worded else draft.text
                self.dropped.append(DroppedClaim(text=text, reason=error.message))
        return tuple(kept)

    def notes(self, draft: Draft) -> tuple[PaperNote, ...]:
        """Write a line for each listed paper, with the numbers of its citations."""
        notes = []
        for paper, note in zip(self.index.papers, draft.notes, strict=True):
            text = self._verified_note(note)
            numbers = tuple(n for place, n in self._numbers.items() if place.document == paper.document)
            notes.append(
                PaperNote(
                    role=paper.role,
                    name=paper.listed.name,
                    url=paper.listed.url,
                    github=paper.listed.github,
                    citations=numbers,
                    note=text,
                    authors=paper.authors,
                    journal=paper.journal,
                )
            )
        return tuple(notes)

    def _verified_note(self, note: DraftNote) -> str:
        try:
            self._cite(note.evidence)
        except CitationError as error:
            self.dropped.append(DroppedClaim(text=note.note, reason=error.message))
            return UNVERIFIED_NOTE
        return note.note

    def claim(self, draft: DraftClaim) -> Claim:
        """Verify one statement.

        Args:
            draft: The statement.

        Returns:
            The claim.

        Raises:
            CitationError: It is not supported by exactly what it cites, or that does not resolve.
        """
        if not draft.evidence:
            raise CitationError("it cites nothing", reason="no-evidence")
        support = self._support(draft)
        numbers = self._cite(draft.evidence)
        return Claim(text=draft.text, citations=numbers, support=support, about=draft.about)

    def _support(self, draft: DraftClaim) -> Support:
        same_words = verbatim(draft.text, [evidence.quote for evidence in draft.evidence])
        if not draft.worded:
            if not same_words:
                raise CitationError("it says more than the words that it cites", reason="not-verbatim")
            return Support.VERBATIM
        if self.checker is None:
            raise CitationError("nothing checks what a model worded", reason="no-checker")
        if draft.about not in {None, *(paper.name for paper in self.index.prompt.recommended)}:
            raise CitationError("it speaks of a model that is not recommended", reason="unknown-model")
        verdict = self.checker.check(draft.text, [evidence.hit for evidence in draft.evidence])
        if verdict.support is Support.UNSUPPORTED:
            raise CitationError("; ".join(verdict.reasons), reason="unsupported")
        return Support.VERBATIM if same_words and ELLIPSIS not in draft.text else verdict.support

    def _cite(self, evidence: Sequence[Evidence]) -> tuple[int, ...]:
        """Number the evidence of a statement; if any of it fails, none of it gets a number."""
        spans = [self._place(one) for one in evidence]
        pairs = zip(evidence, spans, strict=True)
        return tuple(dict.fromkeys(self._number(one, span) for one, span in pairs))

    def _place(self, evidence: Evidence) -> Span:
        if evidence.hit.passage.id not in self.shown:
            raise CitationError("its passage was not retrieved for this answer", reason="not-retrieved")
        return locate(self.index, evidence)

    def _number(self, evidence: Evidence, span: Span) -> int:
        passage = evidence.hit.passage
        place = _Place(passage.document, span.page_number, span.start, span.end)
        if place not in self._numbers:
            self._numbers[place] = len(self.citations) + 1
            self.citations.append(self._citation(evidence.quote, passage, span))
        return self._numbers[place]

    def _citation(self, quote: str, passage: Passage, span: Span) -> Citation:
        paper = self.index.paper_of(passage)
        return Citation(
            n=len(self.citations) + 1,
            url=paper.listed.url,
            title=paper.title,
            page_number=span.page_number,
            section=passage.section,
            start=span.start,
            end=span.end,
            quote=quote,
            passage=passage.text,
            origin=paper.origin,
        )
