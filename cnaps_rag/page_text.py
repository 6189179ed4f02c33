"""Raw page lines to cleaned pages: what is text is kept in order, what is debris is named or left out.

The text that comes out is frozen: every citation points into it. A block is a run of lines that stood together in
the PDF's text; a sentence that a figure or a page's end cuts lies in two blocks, and is never quoted as one. A display
equation within a sentence is a block of its own and a part of the sentence.
"""

import re
import statistics
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cnaps_rag.hyphens import join_lines
from cnaps_rag.kinds import classify
from cnaps_rag.lines import Line, lines_of
from cnaps_rag.plain_kinds import classify_plain
from cnaps_rag.records import Block, Page, PassageKind, SectionRole
from cnaps_rag.sections import Heading, Outline
from cnaps_rag.set_lines import SetLine
from cnaps_rag.typesetting import Typesetting, measure
from cnaps_rag.wording import BULLET, CAPTION, FOOTNOTE, NUMBERED_FORMULA, PART_CAPTION, ended

FINGERPRINT = "page-text-4"
"""Goes into every shard's key: change it whenever the cleaned text may change."""

RESIDUE = re.compile(r"<latexit|sha1_base64|</latexit>|\(cid:\d+\)|(?<![\w/.:])[A-Za-z0-9+/=]{60,}(?![\w/])")
EDGE_LINES = 3
OUTER_LINES = 2
PLACED_SHARE = 0.5
RUNNING = frozenset({PassageKind.PROSE, PassageKind.EQUATION})


def clean_pages(raw: Sequence[Sequence[Line] | str | None]) -> tuple[Page, ...]:
    """Clean the pages of one document.

    Args:
        raw: The lines of each page as the PDF reader gives them, or its text where that is all there is; None for a
            page that could not be read.

    Returns:
        One page for each that could be read, numbered by its place in `raw`, from 1. A page without text is a page
        with an empty text.
    """
    pages = [_lines(page) for page in raw]
    heads = _running_heads(pages)
    setting = measure(pages)
    vocabulary = Counter(word.lower() for lines in pages for line in lines for word in line.text.split())
    outline, state = Outline(), _Section()
    cleaned = []
    for number, (page, lines) in enumerate(zip(raw, pages, strict=True), 1):
        if page is not None:
            kept = list(_without_edges(lines, heads))
            placed = setting.size and sum(line.place is not None for line, _ in kept) > PLACED_SHARE * len(kept)
            found = classify(kept, setting, outline) if placed else classify_plain(kept, setting.width, outline)
            cleaned.append(_assemble(number, found, setting, vocabulary, state))
    return tuple(cleaned)


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


@dataclass(frozen=True, slots=True)
class _Last:
    """How the last block of a paragraph ends."""

    text: str
    formula: bool


class _Section:
    """The heading that the text stands under, carried from page to page, and the open paragraphs, one a font size."""

    def __init__(self) -> None:
        self.heading: Heading | None = None
        self._ends: dict[int, _Last] = {}
        self._size = 0

    @property
    def role(self) -> SectionRole:
        return SectionRole.FRONT_MATTER if self.heading is None else self.heading.role

    def begin(self, heading: Heading) -> None:
        self.heading, self._ends = heading, {}

    def goes_on(self, group: Sequence[SetLine], kind: PassageKind, body: str) -> bool:
        """Tell whether a block goes on the open paragraph."""
        last = self._ends.get(self._size if kind is PassageKind.EQUATION else _size(group))
        if last is None or kind not in RUNNING or BULLET.match(body):
            return False
        if kind is PassageKind.EQUATION:
            return not ended(last.text) or last.text.endswith(":")
        if not last.formula:
            return not ended(last.text)
        return body[:1].islower() or NUMBERED_FORMULA.sub("", last.text).rstrip().endswith(",")

    def take(self, group: Sequence[SetLine], kind: PassageKind, body: str) -> None:
        """Note how a block of running text ends."""
        if kind is PassageKind.PROSE:
            self._size = _size(group)
        if kind in RUNNING:
            self._ends[self._size] = _Last(body, formula=kind is PassageKind.EQUATION)


def _size(group: Sequence[SetLine]) -> int:
    """Give the font size of most lines of a block, in whole points."""
    sizes = [round(line.place.size) for line in group if line.place is not None]
    return statistics.mode(sizes) if sizes else 0


def _lines(page: Sequence[Line] | str | None) -> list[Line]:
    if isinstance(page, str):
        return [Line(line) for line in lines_of(page) if line]
    return list(page or ())


def _head_key(line: str) -> str:
    return re.sub(r"\d+", "#", line).strip()


def _running_heads(pages: Sequence[Sequence[Line]]) -> frozenset[str]:
    """Find lines that come back, digits aside, at the edge of many pages."""
    seen: Counter[str] = Counter()
    for lines in pages:
        seen.update({_head_key(lines[index].text) for index in _edges(lines)})
    least = max(3, len(pages) // 3)
    return frozenset(key for key, count in seen.items() if count >= least)


def _edges(lines: Sequence[Line], most: int = EDGE_LINES) -> set[int]:
    """Number the first and last lines of a page, by the reader's order and by where they stand."""
    numbers = list(range(len(lines)))
    by_height = _by_height(lines)
    outer = min(most, OUTER_LINES)
    return {*numbers[:most], *numbers[-most:], *by_height[:outer], *by_height[len(by_height) - outer :]}


def _by_height(lines: Sequence[Line]) -> list[int]:
    heights = {index: line.place.y for index, line in enumerate(lines) if line.place is not None and line.place.upright}
    return sorted(heights, key=lambda index: heights[index])


def _without_edges(lines: Sequence[Line], heads: frozenset[str]) -> Iterator[tuple[Line, bool]]:
    """Leave out page numbers, running heads and base64; tell where something was left out."""
    edges, outermost = _edges(lines), _edges(lines, 1)
    gap = False
    for index, line in enumerate(lines):
        number = index in outermost and line.text.strip("- ").isdigit()
        if number or (index in edges and _head_key(line.text) in heads) or RESIDUE.search(line.text):
            gap = True
        else:
            yield line, gap
            gap = False


def _assemble(
    number: int, lines: Sequence[SetLine], setting: Typesetting, vocabulary: Counter[str], state: _Section
) -> Page:
    text, blocks = "", list[Block]()
    for group in sorted(_grouped(lines, setting), key=lambda group: group[0].aside):
        first = group[0]
        if first.heading is not None:
            state.begin(first.heading)
        kind = PassageKind.REFERENCE if _cited(first, state) else first.kind
        body = join_lines((line.text for line in group), vocabulary)
        continues = not first.aside and state.goes_on(group, kind, body)
        # a sentence that runs through an equation is one stretch of text, if nothing else stands between
        joined = continues and not first.after_gap and bool(blocks) and blocks[-1].kind in RUNNING - {kind}
        text += " " if joined else "\n" if text else ""
        blocks.append(
            Block(
                start=len(text),
                end=len(text) + len(body),
                kind=kind,
                section=state.heading.text if state.heading else None,
                section_role=state.role,
                continues=continues,
                aside=first.aside,
            )
        )
        text += body
        if not first.aside:
            state.take(group, kind, body)
    return Page(number=number, text=text, blocks=tuple(blocks))


def _cited(line: SetLine, state: _Section) -> bool:
    return state.role is SectionRole.REFERENCES and line.heading is None


def _grouped(lines: Sequence[SetLine], setting: Typesetting) -> Iterator[list[SetLine]]:
    """Put together the lines of one paragraph, caption, table or run of debris."""
    group: list[SetLine] = []
    for line in lines:
        if group and _begins_block(group[-1], line, setting):
            yield group
            group = []
        group.append(line)
    if group:
        yield group


def _begins_block(last: SetLine, line: SetLine, setting: Typesetting) -> bool:
    if line.kind is not last.kind or line.after_gap or line.aside != last.aside:
        return True
    match line.kind:
        case PassageKind.HEADING:
            return line.heading is not None
        case PassageKind.CAPTION:
            return bool(CAPTION.match(line.text) or PART_CAPTION.match(line.text)) and ended(last.text)
        case PassageKind.PROSE if line.aside:
            return bool(FOOTNOTE.match(line.text)) and ended(last.text)
        case PassageKind.PROSE:
            apart = BULLET.match(line.text) or _apart(last, line, setting)
            return bool(apart) or (ended(last.text) and _begins_paragraph(last, line, setting))
        case _:
            return False


def _apart(last: SetLine, line: SetLine, setting: Typesetting) -> bool:
    """Tell whether two lines are of different sizes, and not right below each other."""
    if last.place is None or line.place is None or setting.alike(last.place, line.place):
        return False
    return not setting.below(last.place, line.place)


def _begins_paragraph(last: SetLine, line: SetLine, setting: Typesetting) -> bool:
    """Tell whether a line that follows a sentence's end begins a paragraph: by what is short, indented or set apart."""
    if len(last.text) < setting.full_chars:
        return True
    if last.place is None or line.place is None:
        return False
    indented = 0.5 * line.place.size < line.place.x - last.place.x < setting.column
    return indented or not setting.below(last.place, line.place)
