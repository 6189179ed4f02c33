"""The nouns between a PDF and a hit: pages, passages, indexed papers, as frozen dataclasses."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from cnaps_rag.listing import ListedPaper, Role, content_id

ABSTRACT_ORIGIN = "abstract as given in the prompt"


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
    EQUATION = "equation"
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
    LINEAR = "linear"


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
            figure, or an equation).
        aside: Whether it stands outside the running text, as a footnote does.
    """

    start: int
    end: int
    kind: PassageKind
    section: str | None
    section_role: SectionRole
    continues: bool = False
    aside: bool = False


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

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "Page":
        """Make a page of what `dataclasses.asdict` made of one, also after a way through JSON.

        Args:
            record: The page's fields.

        Returns:
            The page.
        """
        blocks = tuple(
            Block(**{**block, "kind": PassageKind(block["kind"]), "section_role": SectionRole(block["section_role"])})
            for block in record["blocks"]
        )
        return cls(number=record["number"], text=record["text"], blocks=blocks)


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
        authors: The authors by arXiv's metadata, where it is known.
        journal: Where it was published by arXiv's metadata, or None.
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
    authors: tuple[str, ...] = ()
    journal: str | None = None


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
