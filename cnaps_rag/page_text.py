"""Raw page strings to cleaned pages: what is text is kept in order, what is debris is named or left out.

The text that comes out is frozen: every citation points into it. A block is a run of lines that stood together in
the PDF's text; a sentence that a figure or a page's end cuts lies in two blocks, and is never quoted as one.
"""

import re
import statistics
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from cnaps_rag.records import Block, Page, PassageKind, SectionRole
from cnaps_rag.sections import Heading, Outline

FINGERPRINT = "page-text-2"
"""Goes into every shard's key: change it whenever the cleaned text may change."""

LIGATURES = zip("ﬀﬁﬂﬃﬄﬅﬆ", ("ff", "fi", "fl", "ffi", "ffl", "st", "st"), strict=True)
SPACES = {"\u00a0": " ", "\u00ad": "-", "\u200b": "", "\ufeff": "", "\t": " "}
# the multiplication sign of TeX's symbol font, as PDFs without a Unicode map give it
MISREAD = {"⇥": "×"}
CONTROLS: dict[str, str] = {chr(code): "" for code in (*range(32), *range(127, 160)) if chr(code) not in "\t\n"}
CHARACTERS = str.maketrans({**CONTROLS, **dict(LIGATURES), **SPACES, **MISREAD})
STAMP = re.compile(r"arXiv:\S{1,30}v\d+\s+(?:\[[\w.\-]+\]\s+)?\d{1,2}\s+[A-Z][a-z]{2}\s+(?:19|20)\d\d")
RESIDUE = re.compile(r"<latexit|sha1_base64|</latexit>|\(cid:\d+\)|(?<![\w/.:])[A-Za-z0-9+/=]{60,}(?![\w/])")
CAPTION = re.compile(r"^(?:Figure|Fig\.?|Table|Tab\.|Algorithm|FIGURE|TABLE)\s*[A-Z]?\d{1,3}\s*[.:|—-]")
POINTING = re.compile(r"(?:\b(?:in|see|of|and|from|to|with|by|the|both|or|than|as|e\.g\.|i\.e\.|cf\.)|[(,])$")
SENTENCE_END = re.compile(r"[.!?:](?!(?<=\d\.)\d)[\"”’)\]]*\d{0,2}$")
UNFINISHED = re.compile(r"\b(?:e\.g|i\.e|cf|vs|et al|Figs?|Eqs?|Secs?|Tab|w\.r\.t)\.$")
BULLET = re.compile(r"^[•‣▪●◦]\s*(?=\w)")
WORD = re.compile(r"[A-Za-z][a-z’'-]+")
NUMBER = re.compile(r"^[\W_]*[+\-±×~<>≈↑↓]?\d[\d.,]*[%MKGx×]?(?:[±/]\d[\d.,]*)?[\W_]*(?<!,)$|^[-–—✓✗×]+$")
CITED = re.compile(r"\[\d[\d,\s–-]*\]?|(?<![\d,\s–-])[\d,\s–-]*\d\]")
# a size, a tuple or a list's number is no cell of a table
EXPRESSION = re.compile(r"(?<=\d)\s*×\s*(?=\d)|[⟨({\[]\d[\d.\s]*,[\d.,\s]*[⟩)}\]]|(?<!\S)\(\d\)")
HYPHENATED = re.compile(r"[^\W\d_]-$")
NAME_HYPHEN = re.compile(r"(?:[A-Z]\S*|\d)-$")
LONGEST_WORD = 40
EDGE_LINES = 3
LABEL_LINES = 2
LEAST_WORDS = 4
LEAST_NUMBERS = 3
LEAST_LINE_CHARS = 25
SHORT_SHARE = 0.55
FULL_SHARE = 0.85


@dataclass(frozen=True, slots=True)
class _Line:
    text: str
    kind: PassageKind
    heading: Heading | None = None
    after_gap: bool = False


def clean_pages(raw: Sequence[str | None]) -> tuple[Page, ...]:
    """Clean the pages of one document.

    Args:
        raw: The text of each page as the PDF reader gives it; None for a page that could not be read.

    Returns:
        One page for each that could be read, numbered by its place in `raw`, from 1. A page without text is a page
        with an empty text.
    """
    pages = [[] if text is None else lines_of(text) for text in raw]
    heads = _running_heads(pages)
    width = _line_width(pages)
    vocabulary = Counter(word.lower() for lines in pages for line in lines for word in line.split())
    outline, state = Outline(), _Section()
    cleaned = []
    for number, (text, lines) in enumerate(zip(raw, pages, strict=True), 1):
        if text is not None:
            classified = _tables_whole(list(_classify(lines, heads, width, outline)))
            cleaned.append(_assemble(number, classified, width, vocabulary, state))
    return tuple(cleaned)


def readable(text: str) -> str:
    """Write ligatures as letters, and leave out what is no character of a text.

    Args:
        text: Text as a PDF reader gives it.

    Returns:
        The text, which any UTF-8 file can hold; half a surrogate pair becomes a replacement character.
    """
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").translate(CHARACTERS)


def lines_of(text: str) -> list[str]:
    """Cut a text into lines, white space folded, without the stamp that arXiv prints up the first page's side.

    Args:
        text: Text as a PDF reader gives it.

    Returns:
        The lines, empty ones among them.
    """
    return [" ".join(STAMP.sub(" ", line).split()) for line in readable(text).splitlines()]


def abstract_page(text: str) -> Page:
    """Make the one page of an abstract that the prompt gives.

    Args:
        text: The abstract.

    Returns:
        A page without a number, whose text is the abstract, white space folded.
    """
    folded = " ".join(text.split())
    block = Block(
        start=0, end=len(folded), kind=PassageKind.PROSE, section="Abstract", section_role=SectionRole.ABSTRACT
    )
    return Page(number=None, text=folded, blocks=(block,) if folded else ())


class _Section:
    """The heading that the text stands under, carried from page to page, and the open paragraph."""

    def __init__(self) -> None:
        self.heading: Heading | None = None
        self.open_paragraph = False

    @property
    def role(self) -> SectionRole:
        return SectionRole.FRONT_MATTER if self.heading is None else self.heading.role


def _head_key(line: str) -> str:
    return re.sub(r"\d+", "#", line).strip()


def _running_heads(pages: Sequence[Sequence[str]]) -> frozenset[str]:
    """Find lines that come back, digits aside, at the edge of many pages."""
    seen: Counter[str] = Counter()
    for lines in pages:
        filled = [line for line in lines if line]
        seen.update({_head_key(line) for line in filled[:EDGE_LINES] + filled[-EDGE_LINES:]})
    least = max(3, len(pages) // 3)
    return frozenset(key for key, count in seen.items() if count >= least)


def _line_width(pages: Sequence[Sequence[str]]) -> float:
    """Measure the usual length of a line of prose, in characters."""
    lengths = [len(line) for lines in pages for line in lines if len(line) >= LEAST_LINE_CHARS and _wordy(line)]
    return statistics.median(lengths) if lengths else 60.0


def _wordy(line: str) -> bool:
    """Tell whether most of a line is words, as in prose, and not symbols or numbers."""
    letters = sum(len(word) for word in WORD.findall(line))
    return letters >= 0.6 * len(CITED.sub("", line).replace(" ", ""))


def _ended(text: str) -> bool:
    """Tell whether a text ends where a sentence does."""
    return bool(SENTENCE_END.search(text)) and not UNFINISHED.search(text)


def _numeric(line: str) -> bool:
    """Tell whether a line is a row of a table: mostly numbers, at least three."""
    tokens = CITED.sub(" ", EXPRESSION.sub("x", line)).split()
    numbers = sum(bool(NUMBER.match(token)) for token in tokens)
    return numbers >= LEAST_NUMBERS and numbers >= 0.4 * len(tokens)


def _classify(lines: Sequence[str], heads: frozenset[str], width: float, outline: Outline) -> Iterator[_Line]:
    kept = list(_without_edges(lines, heads))
    caption_open = False
    previous = ""
    for index, (line, gap) in enumerate(kept):
        following = kept[index + 1][0] if index + 1 < len(kept) else ""
        heading = outline.take(line, following)
        if heading is not None:
            caption_open = False
            yield _Line(line.removesuffix(heading.rest).strip(), PassageKind.HEADING, heading, after_gap=gap)
            if heading.rest:
                yield _Line(heading.rest, PassageKind.PROSE)
        else:
            kind = _kind_of(line, previous, following, width, caption_open=caption_open)
            caption_open = kind is PassageKind.CAPTION and not _caption_ends(line, following, width)
            yield _Line(line, kind, after_gap=gap)
        previous = line


def _tables_whole(lines: list[_Line]) -> list[_Line]:
    """Count short labels between two rows of numbers, and the one above the first, as parts of the table."""
    rows = [index for index, line in enumerate(lines) if line.kind is PassageKind.TABLE]
    inside = {row - 1 for row in rows}
    for row, next_row in pairwise(rows):
        if next_row - row <= LABEL_LINES + 1:
            inside.update(range(row + 1, next_row))
    return [
        replace(line, kind=PassageKind.TABLE) if index in inside and line.kind is PassageKind.RESIDUE else line
        for index, line in enumerate(lines)
    ]


def _without_edges(lines: Sequence[str], heads: frozenset[str]) -> Iterator[tuple[str, bool]]:
    """Leave out page numbers, running heads and base64; tell where something was left out."""
    filled = [index for index, line in enumerate(lines) if line]
    edges = set(filled[:EDGE_LINES] + filled[-EDGE_LINES:])
    outermost = {*filled[:1], *filled[-1:]}
    gap = False
    for index in filled:
        line = lines[index]
        number = index in outermost and line.strip("- ").isdigit()
        if number or (index in edges and _head_key(line) in heads) or RESIDUE.search(line):
            gap = True
        else:
            yield line, gap
            gap = False


def _kind_of(line: str, previous: str, following: str, width: float, *, caption_open: bool) -> PassageKind:
    if CAPTION.match(line) and not POINTING.search(previous):
        return PassageKind.CAPTION
    if _numeric(line):
        return PassageKind.TABLE
    in_sentence = len(previous) >= SHORT_SHARE * width and not _ended(previous) and _wordy(previous)
    if caption_open and (in_sentence or _wordy(line)):
        return PassageKind.CAPTION
    if len(line) >= SHORT_SHARE * width:
        words = len(WORD.findall(line)) + len(CITED.findall(line))
        prose = words >= LEAST_WORDS or in_sentence or not _wordy(following)
    else:
        ends_paragraph = in_sentence and _ended(line)
        mid_formula = in_sentence and len(following) >= SHORT_SHARE * width and not following[:1].isupper()
        prose = ends_paragraph or mid_formula
    return PassageKind.PROSE if prose else PassageKind.RESIDUE


def _caption_ends(line: str, following: str, width: float) -> bool:
    if not _ended(line):
        return False
    return len(line) < FULL_SHARE * width or following[:1].islower() or not _wordy(following)


def _assemble(number: int, lines: Sequence[_Line], width: float, vocabulary: Counter[str], state: _Section) -> Page:
    text, blocks = "", []
    for group in _grouped(lines, width):
        first = group[0]
        if first.heading is not None:
            state.heading, state.open_paragraph = first.heading, False
        kind = PassageKind.REFERENCE if _cited(first, state) else first.kind
        body = _join((line.text for line in group), vocabulary)
        start = len(text) + bool(text)
        text = f"{text}\n{body}" if text else body
        blocks.append(
            Block(
                start=start,
                end=len(text),
                kind=kind,
                section=state.heading.text if state.heading else None,
                section_role=state.role,
                continues=kind is PassageKind.PROSE and state.open_paragraph and not BULLET.match(body),
            )
        )
        if kind is PassageKind.PROSE:
            state.open_paragraph = not _ended(body)
    return Page(number=number, text=text, blocks=tuple(blocks))


def _cited(line: _Line, state: _Section) -> bool:
    return state.role is SectionRole.REFERENCES and line.heading is None


def _grouped(lines: Sequence[_Line], width: float) -> Iterator[list[_Line]]:
    """Put together the lines of one paragraph, caption, table or run of debris."""
    group: list[_Line] = []
    for line in lines:
        if group and _begins_block(group[-1], line, width):
            yield group
            group = []
        group.append(line)
    if group:
        yield group


def _begins_block(last: _Line, line: _Line, width: float) -> bool:
    if line.kind is not last.kind or line.kind is PassageKind.HEADING or line.after_gap:
        return True
    if line.kind is PassageKind.CAPTION:
        return bool(CAPTION.match(line.text)) and _ended(last.text)
    ended = _ended(last.text) and len(last.text) < FULL_SHARE * width
    return line.kind is PassageKind.PROSE and (ended or bool(BULLET.match(line.text)))


def _join(lines: Iterable[str], vocabulary: Counter[str]) -> str:
    """Join lines by a space, or mend a word that a line's end hyphenates; the hyphen of "ResNet-50" stays."""
    joined = ""
    for line in lines:
        last = joined[-LONGEST_WORD:].rsplit(" ", 1)[-1]
        if HYPHENATED.search(last) and line[:1].isalpha():
            joined = mend(joined, line, vocabulary)
        elif NAME_HYPHEN.search(last) and line[:1].isalnum():
            joined += line
        else:
            joined = f"{joined} {line}" if joined else line
    return joined


def mend(before: str, after: str, vocabulary: Counter[str]) -> str:
    """Join two lines where the first ends in a hyphen.

    Args:
        before: Text that ends in a letter and a hyphen.
        after: Text that goes on with a letter.
        vocabulary: How often each word, lower-cased, stands in the document.

    Returns:
        The joined text: with the hyphen where the document writes the word with one elsewhere, or where the next
        part is capitalised; without it otherwise.
    """
    head, tail = before.rsplit(" ", 1)[-1][:-1].lower(), re.split(r"[\s.,;:)]", after, maxsplit=1)[0].lower()
    whole, hyphened = vocabulary[head + tail], vocabulary[f"{head}-{tail}"]
    if after[:1].isupper() or hyphened > whole:
        return before + after
    return before[:-1] + after
