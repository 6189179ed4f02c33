"""A line whose kind is known, and how such lines stand to each other."""

from dataclasses import dataclass

from cnaps_rag.lines import Place
from cnaps_rag.records import PassageKind
from cnaps_rag.sections import Heading
from cnaps_rag.typesetting import Typesetting

CHAR_WIDTH = 0.45
"""Usual width of a character, in font sizes."""
SAME_ROW = 0.35
"""How far apart the baselines of one row may be, in font sizes."""
ROW_GAP = 4.0
"""A line goes on another's row if it begins so near where that ends, in font sizes."""


@dataclass(frozen=True, slots=True)
class SetLine:
    """A line whose kind is known.

    Attributes:
        text: What it says.
        kind: What it is.
        place: Where it stands, or None where that is not known.
        heading: The heading that it is, or begins.
        after_gap: Whether something was left out between it and the line before.
        aside: Whether it stands outside the running text, as a footnote does.
    """

    text: str
    kind: PassageKind
    place: Place | None = None
    heading: Heading | None = None
    after_gap: bool = False
    aside: bool = False


def same_baseline(last: SetLine, place: Place) -> bool:
    """Tell whether a line stands right of another on one baseline."""
    if last.place is None:
        return False
    size = max(last.place.size, place.size)
    return abs(last.place.y - place.y) <= SAME_ROW * size and last.place.x < place.x


def same_row(last: SetLine, place: Place) -> bool:
    """Tell whether a line goes on right where another ends, which the reader cut in two."""
    if last.place is None or not same_baseline(last, place):
        return False
    end = last.place.x + CHAR_WIDTH * last.place.size * len(last.text)
    return abs(place.x - end) < ROW_GAP * max(last.place.size, place.size)


def goes_on_prose(setting: Typesetting, last: SetLine, place: Place) -> bool:
    """Tell whether a line stands below one of prose as the paragraph's next one."""
    return (
        last.kind is PassageKind.PROSE
        and last.place is not None
        and setting.below(last.place, place)
        and setting.alike(last.place, place)
    )
