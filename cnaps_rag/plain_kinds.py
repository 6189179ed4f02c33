"""What each line of a page is, by its words alone, where a PDF does not tell how its lines are set."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from cnaps_rag.lines import Line
from cnaps_rag.records import PassageKind
from cnaps_rag.sections import Outline
from cnaps_rag.set_lines import SetLine
from cnaps_rag.typesetting import FULL_SHARE, SHORT_SHARE
from cnaps_rag.wording import CAPTION, POINTING, ended, many_words, numeric, wordy

LABEL_LINES = 2


def classify_plain(kept: Sequence[tuple[Line, bool]], width: float, outline: Outline) -> list[SetLine]:
    """Tell the kind of each line of a page.

    Args:
        kept: The lines, and whether something was left out before each.
        width: Usual length of a line of prose, in characters.
        outline: The headings so far; those of this page are added.

    Returns:
        The lines, a heading's own text cut off from what stands behind it on its line.
    """
    return _tables_whole(list(_classify(kept, width, outline)))


def _classify(kept: Sequence[tuple[Line, bool]], width: float, outline: Outline) -> Iterator[SetLine]:
    caption_open = False
    previous = ""
    for index, (placed, gap) in enumerate(kept):
        line = placed.text
        following = kept[index + 1][0].text if index + 1 < len(kept) else ""
        heading = outline.take(line, following)
        if heading is not None:
            caption_open = False
            yield SetLine(line.removesuffix(heading.rest).strip(), PassageKind.HEADING, None, heading, after_gap=gap)
            if heading.rest:
                yield SetLine(heading.rest, PassageKind.PROSE)
        else:
            kind = _kind_of(line, previous, following, width, caption_open=caption_open)
            caption_open = kind is PassageKind.CAPTION and not _caption_ends(line, following, width)
            yield SetLine(line, kind, after_gap=gap)
        previous = line


def _tables_whole(lines: list[SetLine]) -> list[SetLine]:
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


def _kind_of(line: str, previous: str, following: str, width: float, *, caption_open: bool) -> PassageKind:
    if CAPTION.match(line) and not POINTING.search(previous):
        return PassageKind.CAPTION
    if numeric(line):
        return PassageKind.TABLE
    in_sentence = len(previous) >= SHORT_SHARE * width and not ended(previous) and wordy(previous)
    if caption_open and (in_sentence or wordy(line)):
        return PassageKind.CAPTION
    if len(line) >= SHORT_SHARE * width:
        prose = many_words(line) or in_sentence or not wordy(following)
    else:
        ends_paragraph = in_sentence and ended(line)
        mid_formula = in_sentence and len(following) >= SHORT_SHARE * width and not following[:1].isupper()
        prose = ends_paragraph or mid_formula
    return PassageKind.PROSE if prose else PassageKind.RESIDUE


def _caption_ends(line: str, following: str, width: float) -> bool:
    if not ended(line):
        return False
    return len(line) < FULL_SHARE * width or following[:1].islower() or not wordy(following)
