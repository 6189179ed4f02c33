"""The nouns of the pipeline, as frozen dataclasses, and their ids.

Ids are content hashes: equal inputs give equal ids on every machine.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from cnaps_rag.errors import PromptError

ID_CHARS = 16
ABSTRACT_ORIGIN = "abstract as given in the prompt"

ROLE_LINE = "You are an AI scientist."
QUESTION_LINE = "A user has asked the following question:"
EXPLAIN_LINE = "Based on the following recommended models, explain:"
DEMAND_LINES = (
    "1. What task the user is trying to perform.",
    "2. How the model(s) would work in a CNAPS AI-like workflow (input → model → output).",
    "3. List relevant papers and tools (with GitHub or ArXiv links) that support your answer.",
)
CLOSED_WORLD_LINE = "Use **only the provided models and papers**. Do not refer to outside sources."
RECOMMENDED_HEADER = "### Recommended AI Models:"
RELATED_HEADER = "### Related Papers:"
ANSWER_LINE = "Answer:"

_NOT_IN_A_TEXT_FILE = re.compile("[\0\ud800-\udfff]")
_NOT_IN_A_URL = re.compile(r"[\s\x00-\x1f\x7f<>\"]")
_HOST = re.compile(r"(?:\w(?:[\w-]*\w)?)(?:\.\w(?:[\w-]*\w)?)*\.?|[0-9a-f:.]*:[0-9a-f:.]*")
_SHOWN_CHARS = 80


def content_id(*parts: str) -> str:
    """Hash texts to a short id.

    Args:
        *parts: The texts; their order and their borders count.

    Returns:
        The first 16 hexadecimal digits of a SHA-256.
    """
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()[:ID_CHARS]


class Role(StrEnum):
    """Why a paper is listed in a prompt."""

    RECOMMENDED = "recommended"
    RELATED = "related"


class PaperStatus(StrEnum):
    """What became of a listed paper."""

    OK = "ok"
    UNLISTED_HOST = "unlisted-host"
    NOT_FOUND = "not-found"
    NOT_A_PDF = "not-a-pdf"
    TITLE_MISMATCH = "title-mismatch"
    NO_TEXT = "no-text"
    UNREACHABLE = "unreachable"
    OFFLINE = "offline"
    TOO_LARGE = "too-large"
    FAILED = "failed"


class Origin(StrEnum):
    """Where the text of a listed paper came from."""

    NETWORK = "network"
    CORPUS = "corpus"
    PDF_FOLDER = "pdf-dir"
    ABSTRACT = "abstract"
    NONE = "none"


class PassageKind(StrEnum):
    """What a passage is made of."""

    PROSE = "prose"
    CAPTION = "caption"
    TABLE = "table"
    HEADING = "heading"
    REFERENCE = "reference"
    RESIDUE = "residue"


class SectionRole(StrEnum):
    """The canonical role of a section, whatever its heading says."""

    FRONT_MATTER = "front-matter"
    ABSTRACT = "abstract"
    INTRODUCTION = "introduction"
    RELATED_WORK = "related-work"
    METHOD = "method"
    EXPERIMENTS = "experiments"
    LIMITATIONS = "limitations"
    CONCLUSION = "conclusion"
    ACKNOWLEDGEMENTS = "acknowledgements"
    REFERENCES = "references"
    APPENDIX = "appendix"


class ScoreKind(StrEnum):
    """What a score measures; higher is better for all of them."""

    COSINE = "cosine"
    BM25 = "bm25"
    RRF = "rrf"


class Support(StrEnum):
    """How well a claim is supported by what it cites."""

    VERBATIM = "verbatim"
    SUPPORTED = "supported"
    PARTIAL = "partial"
    UNSUPPORTED = "unsupported"


def shorten(text: str) -> str:
    """Put a text on one line, and keep the beginning of one that is too long to be shown in an error."""
    text = " ".join(text.split())
    return text if len(text) <= _SHOWN_CHARS else text[:_SHOWN_CHARS] + "…"


def one_line(what: str, text: object) -> str:
    """Join the words of a text by single spaces, so that it is the same text however it was wrapped.

    Args:
        what: What the text is, for the error.
        text: The text.

    Returns:
        The text on one line; empty where there is no word in it.

    Raises:
        PromptError: It is no text, or no text file can carry it.
    """
    if not isinstance(text, str):
        raise PromptError(f"{what} must be text, not {type(text).__name__}")
    if odd := _NOT_IN_A_TEXT_FILE.search(text):
        raise PromptError(f"{what} holds the character {odd.group()!a}, which is not text: take it out")
    return " ".join(text.split())


def web_url(what: str, text: object) -> str:
    """Check that a text is an http or https URL with a host.

    Args:
        what: What the URL is for, for the error.
        text: The URL.

    Returns:
        The URL as written, without blanks around it.

    Raises:
        PromptError: It is no such URL.
    """
    url = one_line(what, text)
    try:
        parts = urlsplit(url)
        host = "" if parts.port == 0 else parts.hostname or ""
    except ValueError:  # a broken port or IPv6 address
        host = ""
    if not _HOST.fullmatch(host) or parts.scheme not in {"http", "https"} or _NOT_IN_A_URL.search(url):
        raise PromptError(
            f"{what} is not a URL: {shorten(url)!r}; write it in full, as in https://arxiv.org/pdf/2012.09161"
        )
    return url


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedPaper:
    """One entry of a prompt: a recommended model or a related paper.

    Line breaks and runs of blanks in a name or summary become single spaces: a wrapped text is the same text, and has
    the same id. An empty `github` or `summary` becomes None.

    Attributes:
        name: The entry's `Model:` line: a model's name, or a paper's title.
        url: The entry's `Paper:` line, as written.
        github: The repository's URL, or None.
        summary: The paper's abstract as given in the prompt, or None.
    """

    name: str
    url: str
    github: str | None = None
    summary: str | None = None

    def __post_init__(self) -> None:
        """Put the texts on one line; refuse an entry that has no name or whose links are no links."""
        name = one_line("the name of a listed paper", self.name)
        if not name:
            raise PromptError("a listed paper needs a name")
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "url", web_url(f"{shorten(name)}: the paper URL", self.url))
        if self.github is not None:
            github = one_line(f"{shorten(name)}: the GitHub URL", self.github)
            object.__setattr__(self, "github", web_url(f"{shorten(name)}: the GitHub URL", github) if github else None)
        if self.summary is not None:
            object.__setattr__(self, "summary", one_line(f"{shorten(name)}: the summary", self.summary) or None)

    def to_text(self) -> str:
        """Write the entry as it stands in a prompt file, without a final newline."""
        lines = (("Model", self.name), ("Paper", self.url), ("GitHub", self.github), ("Summary", self.summary))
        return "\n".join(f"{key}: {value}" for key, value in lines if value is not None)


def _listed_papers(what: str, papers: Iterable[ListedPaper]) -> tuple[ListedPaper, ...]:
    try:
        entries = tuple(papers)
    except TypeError:
        raise PromptError(f"{what} must be a list of ListedPaper, not {type(papers).__name__}") from None
    for number, entry in enumerate(entries, 1):
        if not isinstance(entry, ListedPaper):
            raise PromptError(f"{what} entry {number} must be a ListedPaper, not {type(entry).__name__}")
    return entries


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """A question with the models and papers that may answer it.

    Line breaks and runs of blanks in the question become single spaces.

    Attributes:
        question: The layperson's question, without the quotes around it.
        recommended: The recommended AI models, at least one; any iterable will do.
        related: The related papers, perhaps none; any iterable will do.
    """

    question: str
    recommended: tuple[ListedPaper, ...]
    related: tuple[ListedPaper, ...] = ()

    def __post_init__(self) -> None:
        """Take lists too, and refuse a prompt without a question or a model."""
        object.__setattr__(self, "question", one_line("the question", self.question))
        object.__setattr__(self, "recommended", _listed_papers("recommended", self.recommended))
        object.__setattr__(self, "related", _listed_papers("related", self.related))
        if not self.question:
            raise PromptError("a prompt needs a question")
        if not self.recommended:
            raise PromptError("a prompt needs at least one recommended model")

    @property
    def id(self) -> str:
        """Hash of the question and of every listed paper."""
        rows = [[role, p.name, p.url, p.github, p.summary] for role, p in self.listed()]
        return content_id(self.question, json.dumps(rows, ensure_ascii=False))

    def listed(self) -> Iterator[tuple[Role, ListedPaper]]:
        """Yield every listed paper with its role, recommended models first."""
        yield from ((Role.RECOMMENDED, paper) for paper in self.recommended)
        yield from ((Role.RELATED, paper) for paper in self.related)

    def to_text(self) -> str:
        """Write the prompt in the form that `prompts.parse_prompt` reads."""
        paragraphs = (
            ROLE_LINE,
            f'{QUESTION_LINE}\n"{self.question}"',
            EXPLAIN_LINE,
            "\n".join(DEMAND_LINES),
            CLOSED_WORLD_LINE,
            f"{RECOMMENDED_HEADER}\n" + "\n\n".join(paper.to_text() for paper in self.recommended),
            f"{RELATED_HEADER}\n" + "\n\n".join(paper.to_text() for paper in self.related),
            f"\n{ANSWER_LINE}\n",
        )
        return "\n\n".join(paragraphs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A run of a page's text that is one thing.

    Attributes:
        start: Offset of its first character in the page's text.
        end: Offset behind its last character.
        kind: What it is made of.
        section: The heading it stands under, as printed, or None before the first one.
        section_role: The canonical role of that section.
        continues: Whether it goes on a paragraph that an earlier block began (on the page before, or across a
            figure).
    """

    start: int
    end: int
    kind: PassageKind
    section: str | None
    section_role: SectionRole
    continues: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The cleaned text of one page, frozen when the PDF is parsed; citations point into it.

    Attributes:
        number: 1-based page number in the PDF, or None for an abstract taken from the prompt.
        text: The text, blocks separated by newlines.
        blocks: The runs that make up the text, in reading order.
    """

    number: int | None
    text: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A paper's text.

    Attributes:
        sha256: Hash of the PDF, or of the abstract's text.
        title: The title, where one could be found.
        pages: Pages that were read, in order.
        lost_pages: `(page_number, reason)` of pages that could not be read.
    """

    sha256: str
    title: str | None
    pages: tuple[Page, ...]
    lost_pages: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Where a piece of a passage's text stands on a page.

    Attributes:
        page_number: 1-based page, or None for an abstract taken from the prompt.
        start: Offset of the first character in the page's text.
        end: Offset behind the last character.
        offset: Where the piece begins in the passage's text.
    """

    page_number: int | None
    start: int
    end: int
    offset: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A unit of evidence: a few sentences of one section of one paper.

    `page_text[span.start:span.end] == text[span.offset:span.offset + span.end - span.start]` holds for every span.

    Attributes:
        document: SHA-256 of the PDF (or of the prompt's abstract) that it stands in.
        text: The text, as shown and quoted.
        kind: What it is made of.
        section: The heading it stands under, as printed, or None.
        section_role: The canonical role of that section.
        spans: Where the text stands, one span for each stretch of a page.
        sentences: `(start, end)` of each sentence in `text`.
    """

    document: str
    text: str
    kind: PassageKind
    section: str | None
    section_role: SectionRole
    spans: tuple[Span, ...]
    sentences: tuple[tuple[int, int], ...]

    @property
    def id(self) -> str:
        """Hash of the document, the spans and the text."""
        places = [[s.page_number, s.start, s.end] for s in self.spans]
        return content_id(self.document, json.dumps(places), self.text)

    @property
    def page_number(self) -> int | None:
        """The page that the passage begins on, or None for an abstract taken from the prompt."""
        return self.spans[0].page_number

    def locate(self, start: int, end: int) -> Span | None:
        """Find where a part of the text stands on its page.

        Args:
            start: Offset of the part in `text`.
            end: Offset behind the part.

        Returns:
            The place on the page, or None where the part crosses from one stretch of page text to another and is
            therefore no verbatim quote of a page.
        """
        for span in self.spans:
            shift = span.start - span.offset
            if span.offset <= start and end + shift <= span.end:
                return Span(page_number=span.page_number, start=start + shift, end=end + shift, offset=start)
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexedPaper:
    """A listed paper as it stands in a prompt index.

    Attributes:
        role: Why the prompt lists it.
        listed: The entry of the prompt.
        key: Readable key of the paper in the corpus.
        status: What became of its PDF.
        origin: Where its indexed text came from.
        document: SHA-256 of the indexed text's source, or None where there is no text at all.
        title: The paper's title, or the entry's name where none is known.
        shard: Name of the shard that holds its passages, or None.
        page_count: Number of pages read.
        lost_page_count: Number of pages that could not be read.
        passage_count: Number of passages indexed.
        bytes: Size of the PDF, 0 where there is none.
        reason: Why the PDF, or some pages of it, are not in the index, and what else to know of it; else None.
    """

    role: Role
    listed: ListedPaper
    key: str
    status: PaperStatus
    origin: Origin
    document: str | None = None
    title: str
    shard: str | None = None
    page_count: int = 0
    lost_page_count: int = 0
    passage_count: int = 0
    bytes: int = 0
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A retrieved passage.

    Attributes:
        rank: 1-based rank.
        score: The score it was ranked by; higher is better.
        score_kind: What the score measures.
        passage: The passage.
        paper: The listed paper it belongs to (the first, where entries of the prompt share one).
    """

    rank: int
    score: float
    score_kind: ScoreKind
    passage: Passage
    paper: IndexedPaper


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
    """

    role: Role
    name: str
    url: str
    github: str | None
    citations: tuple[int, ...]
    note: str


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
class Answer:
    """A three-part answer whose citations all resolve to retrieved passages.

    Attributes:
        question: The question.
        prompt_id: Id of the prompt.
        generator: Which generator drafted it.
        task: Part 1: what the user is doing.
        workflow: Part 2: how the model works.
        papers: Part 3: papers and tools with their links.
        citations: What the numbers point to, in order.
        not_covered: What the question asks and no passage answers, in plain words.
        dropped: Drafted statements that failed verification.
        papers_unavailable: Listed papers whose PDF is not in the index.
    """

    question: str
    prompt_id: str
    generator: str
    task: tuple[Claim, ...]
    workflow: Workflow
    papers: tuple[PaperNote, ...]
    citations: tuple[Citation, ...]
    not_covered: tuple[str, ...] = ()
    dropped: tuple[DroppedClaim, ...] = ()
    papers_unavailable: tuple[UnavailablePaper, ...] = ()

    def claims(self) -> Iterator[Claim]:
        """Yield the claims of the task and of the workflow, in reading order."""
        yield from self.task
        for _, claims in self.workflow.steps():
            yield from claims


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildReport:
    """What a build did.

    Attributes:
        prompt_id: Id of the prompt.
        papers: Every listed paper and what became of it.
        documents_parsed: Number of documents that this build had to parse.
        passages_embedded: Number of passages that this build had to embed; 0 for a prompt already built.
        seconds: Time spent on each of `papers`, in their order; empty where it was not taken.
            It stands here and not with the papers, so that equal builds write equal indexes.
    """

    prompt_id: str
    papers: tuple[IndexedPaper, ...]
    documents_parsed: int = 0
    passages_embedded: int = 0
    seconds: tuple[float, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether the PDF of every listed paper is in the index."""
        return all(paper.status is PaperStatus.OK for paper in self.papers)

    def timed(self) -> Iterator[tuple[IndexedPaper, float | None]]:
        """Yield each paper with the time spent on it, None where that was not taken."""
        times = self.seconds or (None,) * len(self.papers)
        yield from zip(self.papers, times, strict=True)


def distinct(papers: Iterable[IndexedPaper]) -> tuple[IndexedPaper, ...]:
    """Keep the first of papers that share a document; entries without one are left out."""
    seen: dict[str, IndexedPaper] = {}
    for paper in papers:
        if paper.document is not None:
            seen.setdefault(paper.document, paper)
    return tuple(seen.values())
