"""What a generator hands over: statements, each with the passages and the words that are to support it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from cnaps_rag.answers import DroppedClaim, Usage
from cnaps_rag.index import PromptIndex
from cnaps_rag.records import Hit
from cnaps_rag.settings import Settings

BRACKETED = re.compile(
    r"\s*\[(?:(?:see|e\.g\.|cf\.),?\s*)*\d[\d,;\s–-]*\]|"
    r"\s*\((?:(?:see|e\.g\.|cf\.),?\s*)*(?-i:[A-Z])[^()]{2,200}\s(?:19|20)\d\d[a-z]?\)|"
    r"\s*\((?:see )?(?:fig|tab|sec|eq)[a-z]*\.?\s*\d[^()]*\)",
    re.IGNORECASE,
)
"""A paper's own references: numbers in brackets, authors and years or a figure's number in parentheses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Words of a retrieved passage.

    Attributes:
        hit: The passage, as retrieved.
        start: Offset of the first character in the passage's text.
        end: Offset behind the last character.
    """

    hit: Hit
    start: int
    end: int

    @property
    def quote(self) -> str:
        """The words."""
        return self.hit.passage.text[self.start : self.end]


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftClaim:
    """A statement that still has to be verified.

    Attributes:
        text: The statement, without markers.
        evidence: What is to support it.
        about: Name of the recommended model that it speaks of, or None.
        worded: Whether a model worded it; it is then verified by a support check, else it must be made of the words
            that it cites.
    """

    text: str
    evidence: tuple[Evidence, ...]
    about: str | None = None
    worded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftNote:
    """What the papers part says of one listed paper.

    Attributes:
        note: Why it matters here, or that no passage of it bears on the question.
        evidence: What the note quotes.
        rests: Whether it says that the answer rests on the paper.
    """

    note: str
    evidence: tuple[Evidence, ...] = ()
    rests: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A drafted answer.

    Attributes:
        generator: Which generator drafted it.
        hits: Every passage that the generator was shown; nothing else can be cited.
        task: Statements of part 1.
        input: Statements of part 2 on what goes in.
        model: Statements of part 2 on what the model is made of.
        output: Statements of part 2 on what comes out.
        mechanism: Statements of part 2 on why it does what the question asks about.
        notes: Part 3: one note for each listed paper, in the prompt's order.
        abbreviations: What abbreviations in the statements stand for, where no statement says it.
        not_covered: What the question asks and no passage answers, in plain words.
        dropped: Statements that the generator itself gave up.
        relations: How the recommended models relate, where there is more than one.
        remarks: What else to know of how it was drafted.
        usage: What a language model cost, or None.
    """

    generator: str
    hits: tuple[Hit, ...]
    task: tuple[DraftClaim, ...]
    input: tuple[DraftClaim, ...]
    model: tuple[DraftClaim, ...]
    output: tuple[DraftClaim, ...]
    mechanism: tuple[DraftClaim, ...]
    notes: tuple[DraftNote, ...]
    abbreviations: tuple[DraftClaim, ...] = ()
    not_covered: tuple[str, ...] = ()
    dropped: tuple[DroppedClaim, ...] = ()
    relations: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    usage: Usage | None = None

    def claims(self) -> Iterator[DraftClaim]:
        """Yield the statements of parts 1 and 2, in reading order."""
        for claims in (self.task, self.input, self.model, self.output, self.mechanism):
            yield from claims


class Generator(Protocol):
    """Drafts an answer from what it retrieves in a prompt's index."""

    def draft(self, index: PromptIndex, question: str, settings: Settings) -> Draft:
        """Draft an answer.

        Args:
            index: The prompt's index.
            question: The question, which need not be the prompt's own.
            settings: How neighbours are joined.

        Returns:
            The draft.
        """


def without_references(text: str) -> str:
    """Leave out a paper's own bracketed reference numbers, which would read like markers of the answer.

    Args:
        text: Words of a paper.

    Returns:
        The words alone.
    """
    return BRACKETED.sub("", text)
