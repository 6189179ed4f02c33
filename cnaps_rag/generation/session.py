"""One conversation with a chat model, without input and output: replies go in, claims and requests come out."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from cnaps_rag.answers import DroppedClaim, Support, Usage
from cnaps_rag.chat_calls import Request
from cnaps_rag.chat_templates import CLAIM_WORDS, CLAIMS_PER_PART, refused, unreadable
from cnaps_rag.errors import GenerationError
from cnaps_rag.generation.aspects import ASPECTS
from cnaps_rag.generation.drafts import Draft, DraftClaim, DraftNote, Evidence, Generator
from cnaps_rag.generation.names import abbreviations
from cnaps_rag.generation.shown import Shown
from cnaps_rag.index import PromptIndex
from cnaps_rag.intrusions import cleaned, gives_orders, redacted
from cnaps_rag.listing import Role
from cnaps_rag.records import Hit
from cnaps_rag.replies import PARTS, RepliedClaim, complete_claims, read_reply
from cnaps_rag.settings import Settings
from cnaps_rag.support import SupportChecker

MOST_CLAIM_CHARS, LEAST_CLAIM_WORDS = 400, 3
MOST_CITED = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class PartClaim:
    """A statement that passed, and where it belongs.

    Attributes:
        part: Field of `Draft`.
        claim: The statement.
    """

    part: str
    claim: DraftClaim


@dataclass(frozen=True, slots=True, kw_only=True)
class _Refused:
    part: str
    text: str
    reason: str
    surplus: bool = False


class Session:
    """Drafts one answer: a first request, at most one after an unreadable reply, at most one for refused statements."""

    def __init__(
        self,
        index: PromptIndex,
        question: str,
        settings: Settings,
        *,
        shown: Shown,
        checker: SupportChecker,
        fallback: Generator,
    ) -> None:
        """Begin.

        Args:
            index: The prompt's index.
            question: The question.
            settings: How neighbours are joined.
            shown: What the model is shown.
            checker: Checks each statement.
            fallback: Fills the parts that the model leaves empty, and writes the notes on the papers.
        """
        self.index, self.question, self.settings = index, question, settings
        self.shown, self.checker = shown, checker
        self._fallback = fallback
        self._labels = shown.by_label()
        self._next: Request | None = shown.request() if shown.hits else None
        self._passed: dict[str, PartClaim] = {}
        self._judged: dict[tuple[str, str | None, tuple[str, ...]], _Refused] = {}
        self._open: tuple[int, ...] = ()
        self._may_reread = self._may_reword = True
        self._answered = False
        self._flaw: str | None = None
        self._remarks: list[str] = []

    def ask(self) -> Request | None:
        """Take the request to send next, or None where there is nothing more to ask."""
        return self._next

    def feed(self, text: str) -> list[PartClaim]:
        """Take a reply that is still coming in.

        Args:
            text: The reply so far.

        Returns:
            Statements that stand complete in it, pass, and were not returned before.
        """
        return list(self._judge(complete_claims(text)))

    def take(self, text: str) -> list[PartClaim]:
        """Take a whole reply; `ask` then tells what to send next.

        Args:
            text: The reply.

        Returns:
            Statements that pass and were not returned before.
        """
        reply = read_reply(text)
        self._answered = True
        self._flaw = reply.error
        self._open += reply.open_sentences
        passed = list(self._judge(reply.claims))
        self._go_on(reply.error)
        return passed

    def fail(self, error: GenerationError) -> None:
        """Take it that a request failed: what was verified stays, the rest is filled without the model.

        Args:
            error: The failure.

        Raises:
            GenerationError: The first request failed for good: a wrong key, name or address, of which the caller must
                know.
        """
        if not error.temporary and not self._answered:
            raise error
        way = "The model failed on the way: " if self._answered else ""
        self._remarks.append(f"{way}{' '.join(error.message.split())}.")
        self._next = None

    def broken_off(self, text: str) -> list[PartClaim]:
        """Take a reply whose stream broke off.

        Args:
            text: What came of it.

        Returns:
            Statements that pass and were not returned before.
        """
        self._answered = True
        passed = list(self._judge(complete_claims(text)))
        self._flaw = "it broke off before its end"
        self._go_on(self._flaw)
        return passed

    def _go_on(self, error: str | None) -> None:
        """Choose the next request: once for a reply that could not be read, once for statements that did not pass."""
        wrong, self._next = [one for one in self._judged.values() if not one.surplus], None
        if error is not None and self._may_reread:
            self._may_reread = False
            self._next = self.shown.request(unreadable(error))
        elif wrong and self._may_reword:
            self._may_reword = self._may_reread = False
            self._next = self.shown.request(refused((one.part, one.text, one.reason) for one in wrong))

    def _judge(self, claims: Iterable[RepliedClaim]) -> Iterator[PartClaim]:
        pairs = [(claim, cleaned(claim.text)) for claim in claims]
        self.checker.prepare([text for _, text in pairs if len(text) <= MOST_CLAIM_CHARS])
        for claim, text in pairs:
            key = " ".join(text.casefold().split())
            tried = key, claim.part, claim.labels
            if not key or key in self._passed or tried in self._judged:
                continue
            verdict = self._verdict(claim, text)
            if isinstance(verdict, PartClaim):
                self._passed[key] = verdict
                self._judged = {other: one for other, one in self._judged.items() if other[0] != key}
                yield verdict
            else:
                self._judged[tried] = verdict

    def _verdict(self, claim: RepliedClaim, text: str) -> PartClaim | _Refused:
        wrong = self._form(claim, text)
        if wrong is not None or claim.part is None:
            return _Refused(part=claim.part or "no part", text=redacted(text), reason=wrong or "it names no part")
        if sum(passed.part == claim.part for passed in self._passed.values()) >= CLAIMS_PER_PART:
            reason = f"the part has {CLAIMS_PER_PART} statements already"
            return _Refused(part=claim.part, text=redacted(text), reason=reason, surplus=True)
        hits = [self._labels[label] for label in claim.labels]
        near = [hit for hit in hits if self.checker.standing(text, hit.passage) >= 0] or hits
        verdict = self.checker.check(text, near)
        if verdict.support is Support.UNSUPPORTED:
            return _Refused(part=claim.part, text=redacted(text), reason="; ".join(verdict.reasons))
        evidence = tuple(filter(None, (best_quote(self.checker, text, hit) for hit in near)))
        if len(evidence) != len(near):
            return _Refused(part=claim.part, text=redacted(text), reason="what it cites cannot be quoted from one page")
        drafted = DraftClaim(text=_sentence(text), evidence=evidence, about=self._about(near), worded=True)
        return PartClaim(part=claim.part, claim=drafted)

    def _form(self, claim: RepliedClaim, text: str) -> str | None:
        """Say what is wrong with a statement before its content is looked at."""
        unknown = [label for label in claim.labels if label not in self._labels]
        long = len(text) > MOST_CLAIM_CHARS or len(text.split()) < LEAST_CLAIM_WORDS
        faults = (
            (claim.part is None, f"it names no part; the parts are {', '.join(PARTS)}"),
            (bool(unknown), f"it cites {', '.join(unknown)}, which was not shown"),
            (not claim.labels, "it cites no passage"),
            (len(claim.labels) > MOST_CITED, f"it cites {len(claim.labels)} passages; cite the few that say it"),
            (long, f"it is no single sentence of at most {CLAIM_WORDS} words"),
            (gives_orders(text), "it gives orders"),
        )
        return next((reason for wrong, reason in faults if wrong), None)

    def _about(self, hits: Iterable[Hit]) -> str | None:
        """Name the recommended model that a statement speaks of: the one whose paper alone it cites."""
        documents = {hit.passage.document for hit in hits}
        papers = [paper for paper in self.index.papers if paper.role is Role.RECOMMENDED]
        names = {paper.listed.name for paper in papers if paper.document in documents}
        return names.pop() if len(names) == 1 and len(documents) == 1 else None

    def finish(self, name: str, usage: Usage) -> tuple[Draft, list[PartClaim]]:
        """Put the draft together.

        Args:
            name: The model's name.
            usage: What it cost.

        Returns:
            The draft, and what was added to it without the model: the papers' own words for parts that stayed empty.
        """
        base = self._fallback.draft(self.index, self.question, self.settings)
        parts = {part: [one.claim for one in self._passed.values() if one.part == part] for part in PARTS}
        added = [
            PartClaim(part=part, claim=claim)
            for part in PARTS
            if not parts[part]
            for claim in getattr(base, part)
            if not any(gives_orders(evidence.quote) for evidence in claim.evidence)
        ]
        for one in added:
            parts[one.part].append(one.claim)
        filled = [part for part in PARTS if any(one.part == part for one in added)]
        claims = [claim for part in PARTS for claim in parts[part]]
        explained = [
            claim
            for claim in abbreviations(self.index, claims, told=())
            if not any(gives_orders(evidence.quote) for evidence in claim.evidence)
        ]
        quoted = [evidence.hit for claim in explained for evidence in claim.evidence]
        hits = {hit.passage.id: hit for hit in (*self.shown.hits, *base.hits, *quoted)}
        drafted: dict[str, Any] = {part: tuple(claims) for part, claims in parts.items()}
        draft = Draft(
            generator=_generator(name, base.generator, filled, worded=bool(self._passed)),
            hits=tuple(hits.values()),
            notes=self._notes(base, parts),
            abbreviations=tuple(explained),
            not_covered=self._not_covered(base, parts),
            dropped=tuple(DroppedClaim(text=one.text, reason=one.reason) for one in self._judged.values()),
            relations=base.relations,
            remarks=tuple(self._all_remarks(filled)),
            usage=usage,
            **drafted,
        )
        return draft, added

    def _notes(self, base: Draft, parts: dict[str, list[DraftClaim]]) -> tuple[DraftNote, ...]:
        """Let a note say that the answer rests on a paper exactly where it cites that paper."""
        cited = {one.hit.passage.document for claims in parts.values() for claim in claims for one in claim.evidence}
        notes = []
        for paper, note in zip(self.index.papers, base.notes, strict=True):
            if paper.document in cited:
                notes.append(DraftNote(note="the answer above rests on it", rests=True))
            elif note.rests:
                notes.append(DraftNote(note="listed; the answer above does not cite it"))
            elif any(gives_orders(one.quote) for one in note.evidence):
                notes.append(DraftNote(note="listed; nothing of it is quoted here"))
            else:
                notes.append(note)
        return tuple(notes)

    def _not_covered(self, base: Draft, parts: dict[str, list[DraftClaim]]) -> tuple[str, ...]:
        """Join what the searches left open and the question's sentences that the model found no passage for."""
        said_now = {aspect.unsaid for aspect in ASPECTS if parts[aspect.name]}
        left = [gap for gap in base.not_covered if gap not in said_now]
        sentences = self.shown.sentences
        numbers = sorted({number for number in self._open if 0 < number <= len(sentences)})
        said = [f"“{sentences[number - 1]}”: the model found no passage that answers it" for number in numbers]
        return (*left, *said)

    def _all_remarks(self, filled: list[str]) -> Iterator[str]:
        yield from self._remarks
        if self._flaw:
            yield f"The model's last reply could not be used in full: {self._flaw}."
        if filled:
            yield (
                f"No statement of the model passed for {', '.join(filled)}: what stands there are the papers' own "
                "sentences."
            )
        if self.shown.left_out:
            yield f"{self.shown.left_out} passages at the bottom of the ranking were not shown to the model."
        if self.shown.withheld:
            yield f"{self.shown.withheld} sentences that give orders to the reader were not shown to the model."


def _generator(name: str, other: str, filled: list[str], *, worded: bool) -> str:
    """Say who wrote an answer."""
    if not worded:
        return f"{other}; {name} gave no statement that passed"
    return f"{name}, with {other} for {', '.join(filled)}" if filled else name


def best_quote(checker: SupportChecker, text: str, hit: Hit) -> Evidence | None:
    """Choose the sentence of a passage that says most of a statement and can be quoted from one page.

    Args:
        checker: Weighs the words.
        text: The statement.
        hit: The passage.

    Returns:
        The sentence, or None where no sentence of the passage can be quoted.
    """
    passage = hit.passage
    whole = [
        (start, end)
        for start, end in passage.sentences
        if passage.locate(start, end) is not None and not gives_orders(passage.text[start:end])
    ]
    if not whole:
        return None
    start, end = max(whole, key=lambda place: checker.share(text, passage.text[place[0] : place[1]]))
    return Evidence(hit=hit, start=start, end=end)


def _sentence(text: str) -> str:
    """Write a statement with a full stop and, where its first word is no name, a large first letter."""
    ended = text if text.endswith((".", "!", "?")) else f"{text.rstrip(' ,;:')}."
    return ended[:1].upper() + ended[1:] if ended.split(" ", 1)[0].islower() else ended
