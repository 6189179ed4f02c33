"""What each line of a page is, by its words and its place: prose, caption, table, equation, heading or debris."""

from collections.abc import Sequence
from dataclasses import replace

from cnaps_rag.first_round import FirstRound
from cnaps_rag.later_rounds import LaterRounds
from cnaps_rag.lines import Line
from cnaps_rag.sections import Outline
from cnaps_rag.set_lines import SetLine
from cnaps_rag.typesetting import Typesetting


def classify(kept: Sequence[tuple[Line, bool]], setting: Typesetting, outline: Outline) -> list[SetLine]:
    """Tell the kind of each line of a page whose lines' places are known.

    Args:
        kept: The lines, and whether something was left out before each.
        setting: How the document is set.
        outline: The headings so far; those of this page are added.

    Returns:
        The lines, a heading's own text cut off from what stands behind it on its line.
    """
    return _parted(LaterRounds(FirstRound(kept, setting, outline).lines(), setting).lines())


def _parted(lines: Sequence[SetLine]) -> list[SetLine]:
    """Tell, behind a footnote, that something stands between the lines of the paragraph."""
    return [
        replace(line, after_gap=True) if last is not None and last.aside != line.aside else line
        for last, line in zip([None, *lines], lines, strict=False)
    ]
