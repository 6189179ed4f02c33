"""An answer as data: claims, what they cite, and what was left out."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from cnaps_rag.graphs import WorkflowGraph, draw_graph
from cnaps_rag.listing import Role
from cnaps_rag.records import Origin

GENERAL = "In general"
"""What claims are about that speak of no recommended model, where they rest on several papers."""


class Support(StrEnum):
    """How well a claim is supported by what it cites."""

    VERBATIM = "verbatim"
    SUPPORTED = "supported"
    PARTIAL = "partial"
    UNSUPPORTED = "unsupported"


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """A numbered reference to a verbatim quote of a retrieved passage.

    `page_text[start:end] == quote` holds on the page `page_number`.

    Attributes:
        n: The number in the answer, from 1.
        url: The paper's URL as listed.
        title: The paper's title.
        page_number: 1-based page, or None for an abstract taken from the prompt.
        section: The heading it stands under, or None.
        start: Offset of the quote in the page's text.
        end: Offset behind the quote.
        quote: The words that support the claim.
        passage: The whole passage that was retrieved.
        origin: Where the paper's text came from.
    """

    n: int
    url: str
    title: str
    page_number: int | None
    section: str | None
    start: int
    end: int
    quote: str
    passage: str
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A statement of an answer.

    Attributes:
        text: The statement, without markers.
        citations: Numbers of the citations that support it, at least one.
        support: How well they support it.
        about: Name of the recommended model that it speaks of, or None.
    """

    text: str
    citations: tuple[int, ...]
    support: Support
    about: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Workflow:
    """How the model works, step by step.

    Attributes:
        input: What goes in.
        model: What the model is made of.
        output: What comes out.
        mechanism: Why it does what the question asks about.
    """

    input: tuple[Claim, ...] = ()
    model: tuple[Claim, ...] = ()
    output: tuple[Claim, ...] = ()
    mechanism: tuple[Claim, ...] = ()

    def steps(self) -> Iterator[tuple[str, tuple[Claim, ...]]]:
        """Yield the name and the claims of each step, in order."""
        yield from (
            ("input", self.input),
            ("model", self.model),
            ("output", self.output),
            ("mechanism", self.mechanism),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperNote:
    """A line of the answer's papers part.

    Attributes:
        role: Why the prompt lists the paper.
        name: The entry's name.
        url: The paper's URL as listed.
        github: The repository's URL as listed, or None.
        citations: Numbers of the citations of this paper in the answer.
        note: Why it matters here, or that no passage of it bears on the question.
        authors: The authors by arXiv's metadata, where it is known.
        journal: Where the paper was published by arXiv's metadata, or None.
    """

    role: Role
    name: str
    url: str
    github: str | None
    citations: tuple[int, ...]
    note: str
    authors: tuple[str, ...] = ()
    journal: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DroppedClaim:
    """A drafted statement that did not survive verification.

    Attributes:
        text: The statement.
        reason: Why it was dropped.
    """

    text: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnavailablePaper:
    """A listed paper whose PDF is not in the index.

    Attributes:
        url: The paper's URL as listed.
        reason: Why, and what to do.
    """

    url: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a language model cost.

    Attributes:
        calls: How many requests were made to it; replies from the cache are none.
        seconds: How long they took together.
        input_tokens: Tokens sent, as the model counted them, or None where it did not say.
        output_tokens: Tokens received, likewise.
        cached: How many replies came from the cache.
    """

    calls: int = 0
    seconds: float = 0.0
    input_tokens: int | None = None
    output_tokens: int | None = None
    cached: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A three-part answer whose citations all resolve to retrieved passages.

    Attributes:
        question: The question.
        prompt_id: Id of the prompt.
        generator: Which generator drafted it.
        task: Part 1: what the user is doing.
        workflow: Part 2: how the model works.
        abbreviations: What abbreviations in parts 1 and 2 stand for, where no claim says it: the papers' own words, the
            abbreviation in parentheses behind them.
        papers: Part 3: papers and tools with their links.
        citations: What the numbers point to, in order.
        not_covered: What the question asks and no passage answers, in plain words.
        dropped: Drafted statements that failed verification.
        papers_unavailable: Listed papers whose PDF is not in the index.
        relations: How the recommended models relate, where there is more than one.
        remarks: What else to know of how it was made: parts that fell back to the papers' own sentences, passages left
            out of a model's prompt.
        usage: What a language model cost, or None where none was used.
    """

    question: str
    prompt_id: str
    generator: str
    task: tuple[Claim, ...]
    workflow: Workflow
    papers: tuple[PaperNote, ...]
    citations: tuple[Citation, ...]
    abbreviations: tuple[Claim, ...] = ()
    not_covered: tuple[str, ...] = ()
    dropped: tuple[DroppedClaim, ...] = ()
    papers_unavailable: tuple[UnavailablePaper, ...] = ()
    relations: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    usage: Usage | None = None

    def claims(self) -> Iterator[Claim]:
        """Yield the claims of the task and of the workflow, in reading order."""
        yield from self.task
        for _, claims in self.workflow.steps():
            yield from claims

    @property
    def workflow_graph(self) -> WorkflowGraph:
        """The workflow as nodes and arrows, drawn from its claims alone: one chain for each recommended model."""
        return draw_graph(dict(self.workflow.steps()), self._chains())

    def _chains(self) -> dict[str | None, str]:
        """Label what gets a chain: recommended models in the prompt's order, then whatever else is spoken of."""
        claims = [claim for _, step in self.workflow.steps() for claim in step]
        spoken = dict.fromkeys(claim.about for claim in claims)
        recommended = [paper for paper in self.papers if paper.role is Role.RECOMMENDED]
        labels: dict[str | None, str] = {paper.name: paper.name for paper in recommended}
        for paper in recommended:
            # entries that share a paper share its citations: what is said of one of them holds for all
            twins = [other.name for other in recommended if other.name in spoken and other.citations == paper.citations]
            if paper.citations and twins and paper.name not in spoken:
                del labels[paper.name]
                labels[twins[0]] += f" / {paper.name}"
        listed = {paper.name for paper in self.papers}
        for about in sorted(spoken.keys() - labels.keys(), key=lambda name: (name is None, name)):
            title = self._title_of(claim for claim in claims if claim.about == about)
            labels[about] = about if about in listed else title
        return labels

    def _title_of(self, claims: Iterable[Claim]) -> str:
        """Name the one paper that claims rest on, where it is one."""
        numbers = {number for claim in claims for number in claim.citations}
        titles = {citation.title for citation in self.citations if citation.n in numbers}
        return titles.pop() if len(titles) == 1 else GENERAL
