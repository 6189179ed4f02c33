"""What is known to be right about a prompt: what a good answer says, and where in the papers it stands."""

from collections.abc import Mapping
from dataclasses import dataclass, field

MAIN_QUERY = "main"
"""Id of the query that is the prompt's own question."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A verbatim quote that proves something.

    Attributes:
        quote: The words, perhaps with the PDF's line breaks, hyphens and ligatures.
        file: The PDF it stands in, or None where the gold does not say.
        page: Its 1-based page, or None where the gold does not say.
    """

    quote: str
    file: str | None = None
    page: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Nugget:
    """A fact that an answer should hold.

    Attributes:
        id: Its name within the case.
        vital: Whether an answer without it is incomplete.
        evidence: Quotes, any of which proves it; none where the fact is that the papers are silent.
        part: The part of the answer it belongs to.
        text: The fact in plain words.
    """

    id: str
    vital: bool
    evidence: tuple[Evidence, ...]
    part: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldQuery:
    """A further question to the same papers.

    Attributes:
        id: Its name within the case.
        question: The question.
        evidence: Quotes, any of which answers it.
        answer: The answer in plain words.
    """

    id: str
    question: str
    evidence: tuple[Evidence, ...]
    answer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldCase:
    """What is known to be right about one prompt.

    Attributes:
        case: Name of the prompt file, without its suffix.
        question: The prompt's question.
        nuggets: Facts that an answer should hold.
        queries: Further questions to the same papers.
        off_topic: URLs of listed papers that do not bear on the question.
        not_covered: What the question asks and no listed paper answers.
        unanswerable: Questions that sound like the papers' and that they do not answer.
        task: The task in plain words.
        workflow: Input, model and output in plain words.
    """

    case: str
    question: str
    nuggets: tuple[Nugget, ...]
    queries: tuple[GoldQuery, ...]
    off_topic: tuple[str, ...] = ()
    not_covered: tuple[str, ...] = ()
    unanswerable: tuple[str, ...] = ()
    task: str = ""
    workflow: Mapping[str, str] = field(default_factory=dict)

    def vital(self) -> tuple[Nugget, ...]:
        """Return the vital nuggets that have evidence to look for."""
        return tuple(nugget for nugget in self.nuggets if nugget.vital and nugget.evidence)


def queries_of(gold: GoldCase) -> list[tuple[str, str]]:
    """List the questions that retrieval is measured on.

    Args:
        gold: The case.

    Returns:
        `(id, question)` of the prompt's own question, then of the further ones.
    """
    return [(MAIN_QUERY, gold.question), *((query.id, query.question) for query in gold.queries)]


def quotes_of(gold: GoldCase) -> dict[str, tuple[str, ...]]:
    """Collect what each query should find.

    Args:
        gold: The case.

    Returns:
        The quotes by query id; those of the main query are the evidence of all vital nuggets.
    """
    main = tuple(evidence.quote for nugget in gold.vital() for evidence in nugget.evidence)
    return {MAIN_QUERY: main} | {q.id: tuple(evidence.quote for evidence in q.evidence) for q in gold.queries}
