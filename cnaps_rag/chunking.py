"""Pages to passages: whole sentences of one section, with the place of every character kept."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from cnaps_rag.hyphens import HYPHENATED
from cnaps_rag.records import Block, Document, Page, Passage, PassageKind, SectionRole, Span
from cnaps_rag.sentences import split_sentences

VERSION = "chunks-3"
LEAST_LETTERS = 25
PARAGRAPH_SHARE = 0.75
"""A passage that is full to this share ends where its paragraph does."""
SEARCHED = frozenset({PassageKind.PROSE, PassageKind.CAPTION, PassageKind.TABLE, PassageKind.EQUATION})


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunker:
    """Packs sentences into passages.

    Attributes:
        passage_chars: A passage takes sentences until it is about this long, or nearly so where a paragraph ends.
            What has no sentence's end for twice that, such as a large table, is cut at a blank.
        passage_sentences: A passage has at most this many sentences.
    """

    passage_chars: int
    passage_sentences: int

    @property
    def fingerprint(self) -> str:
        """What the passages depend on, beside the pages."""
        return f"{VERSION}-{self.passage_chars}-{self.passage_sentences}"

    def passages(self, document: Document) -> tuple[Passage, ...]:
        """Cut a document into passages.

        Args:
            document: The pages.

        Returns:
            Passages in reading order. References, headings and debris of figures are left out, and so is what
            stands before the abstract. No passage crosses from one section to another; one may run over a page's
            end or around a figure, and then has a span for each stretch.
        """
        blocks = _searched_blocks(document)
        made: list[Passage] = []
        for flow in _flows(blocks):
            made += self._packed(document, flow)
        return tuple(made)

    def _packed(self, document: Document, flow: "_Flow") -> Iterator[Passage]:
        packed: list[tuple[int, int]] = []
        bounded = (part for sentence in flow.sentences for part in _parts(flow.text, *sentence, 2 * self.passage_chars))
        for start, end in bounded:
            full = packed and end - packed[0][0] > self.passage_chars
            enough = packed and packed[-1][1] - packed[0][0] >= PARAGRAPH_SHARE * self.passage_chars
            at_paragraph = enough and start in flow.starts
            if packed and (full or at_paragraph or len(packed) == self.passage_sentences):
                yield from _passage(document, flow, packed)
                packed = []
            packed.append((start, end))
        if packed:
            yield from _passage(document, flow, packed)


def embedding_text(title: str | None, passage: Passage) -> str:
    """Put a passage into its context, for matching; the context is never shown as a quote.

    Args:
        title: The paper's title, or None.
        passage: The passage.

    Returns:
        Title, section heading and text.
    """
    heading = (passage.section or "").lstrip("0123456789. ")
    return " ".join(part for part in (_sentence(title or ""), _sentence(heading), passage.text) if part)


def _sentence(text: str) -> str:
    text = text.strip()
    return f"{text}." if text and text[-1].isalnum() else text


class _Flow:
    """Running text put together from blocks, and where each block of it stands on its page."""

    def __init__(self, pairs: Sequence[tuple[Page, Block]]) -> None:
        self.block = pairs[0][1]
        self.text = ""
        self.pieces: list[Span] = []
        self.sentences: list[tuple[int, int]] = []
        self.starts: set[int] = set()
        paragraph_start = 0
        for page, block in pairs:
            if not block.continues:
                self._cut(paragraph_start)
                paragraph_start = len(self.text)
            self._add(page, block)
        self._cut(paragraph_start)

    def _add(self, page: Page, block: Block) -> None:
        piece = page.text[block.start : block.end]
        if block.continues and self.pieces and HYPHENATED.search(self.text[-2:]) and piece[:1].islower():
            last = self.pieces[-1]
            self.text = self.text[:-1]
            self.pieces[-1] = Span(page_number=last.page_number, start=last.start, end=last.end - 1, offset=last.offset)
        elif self._goes_on(page, block):
            last = self.pieces[-1]
            self.text += f" {piece}"
            self.pieces[-1] = replace(last, end=block.end)
            return
        elif self.text:
            self.text += " "
        self.pieces.append(Span(page_number=page.number, start=block.start, end=block.end, offset=len(self.text)))
        self.text += piece

    def _goes_on(self, page: Page, block: Block) -> bool:
        """Tell whether a block stands right behind the last piece on its page, a blank between, as one stretch."""
        last = self.pieces[-1] if self.pieces else None
        return (
            last is not None
            and block.continues
            and (last.page_number, last.end + 1) == (page.number, block.start)
            and page.text[last.end] == " "
        )

    def _cut(self, start: int) -> None:
        """Cut a paragraph into sentences, and note where it starts."""
        sentences = split_sentences(self.text[start:])
        self.starts.update(start + first for first, _ in sentences[:1])
        self.sentences += [(start + first, start + last) for first, last in sentences]

    def spans(self, start: int, end: int) -> Iterator[Span]:
        for piece in self.pieces:
            length = piece.end - piece.start
            first, last = max(start, piece.offset), min(end, piece.offset + length)
            if first < last:
                shift = piece.start - piece.offset
                yield Span(page_number=piece.page_number, start=first + shift, end=last + shift, offset=first - start)


def _parts(text: str, start: int, end: int, most: int) -> Iterator[tuple[int, int]]:
    while end - start > most:
        blank = text.rfind(" ", start, start + most)
        cut = blank if blank > start else start + most
        yield start, cut
        start = cut + (cut == blank)
    yield start, end


def _searched_blocks(document: Document) -> list[tuple[Page, Block]]:
    pairs = [(page, block) for page in document.pages for block in page.blocks]
    roles = {block.section_role for _, block in pairs}
    unwanted = {SectionRole.REFERENCES}
    if roles & {SectionRole.ABSTRACT, SectionRole.INTRODUCTION}:
        unwanted.add(SectionRole.FRONT_MATTER)
    return [(page, block) for page, block in pairs if block.kind in SEARCHED and block.section_role not in unwanted]


def _flows(pairs: Iterable[tuple[Page, Block]]) -> Iterator[_Flow]:
    """Yield the running text of each section as one flow; captions, tables, footnotes as flows of their own."""
    for _, section in groupby(pairs, key=lambda pair: (pair[1].section, pair[1].section_role)):
        rows = list(section)
        running = [row for row in rows if _runs(row[1])]
        if running:
            yield _Flow(running)
        yield from (_Flow([row]) for row in rows if not _runs(row[1]))


def _runs(block: Block) -> bool:
    """Tell whether a block is running text: prose, and equations within its sentences."""
    return (block.kind is PassageKind.PROSE and not block.aside) or (
        block.kind is PassageKind.EQUATION and block.continues
    )


def _passage(document: Document, flow: _Flow, sentences: Sequence[tuple[int, int]]) -> Iterator[Passage]:
    start, end = sentences[0][0], sentences[-1][1]
    text = flow.text[start:end]
    if sum(character.isalpha() for character in text) < LEAST_LETTERS:
        return
    yield Passage(
        document=document.sha256,
        text=text,
        kind=flow.block.kind,
        section=flow.block.section,
        section_role=flow.block.section_role,
        spans=tuple(flow.spans(start, end)),
        sentences=tuple((first - start, last - start) for first, last in sentences),
    )
