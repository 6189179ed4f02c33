"""Lines of a page as a PDF reader gives them: their text, and where and how they are set."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

LIGATURES = zip("ﬀﬁﬂﬃﬄﬅﬆ", ("ff", "fi", "fl", "ffi", "ffl", "st", "st"), strict=True)
SPACES = {"\u00a0": " ", "\u00ad": "-", "\u200b": "", "\ufeff": "", "\t": " "}
# the multiplication sign of TeX's symbol font, as PDFs without a Unicode map give it
MISREAD = {"⇥": "×"}
CONTROLS: dict[str, str] = {chr(code): "" for code in (*range(32), *range(127, 160)) if chr(code) not in "\t\n"}
CHARACTERS = str.maketrans({**CONTROLS, **dict(LIGATURES), **SPACES, **MISREAD})
STAMP = re.compile(r"arXiv:\S{1,30}v\d+\s+(?:\[[\w.\-]+\]\s+)?\d{1,2}\s+[A-Z][a-z]{2}\s+(?:19|20)\d\d")
BOLD = re.compile(
    r"bold|medi(?!um-?ital)|demi|black|heavy|cmbx|cmssbx|sfbx|-b\b|bx\d|(?:inumt|inet|inumo|ineo)[bz]$", re.IGNORECASE
)
MATHS = re.compile(
    r"cm(?:mi|sy|ex|mib|bsy)\d|ms[ab]m|eu[fs][mb]|rsfs|math|symbol|stmary|wasy|tx(?:mi|sy|ex)|px(?:mi|sy|ex)|mtmi|mtsy|"
    r"mtex|lmmi|lmsy|lmex|esint|bbm|dsrom|dsss|rm(?:t)?mi|zplmr|fplmri|psyro",
    re.IGNORECASE,
)
"""Fonts that nothing but formulas is set in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where on its page a line stands, and how it is set.

    Attributes:
        x: Left end, in points from the page's left edge.
        y: Baseline, in points from the page's bottom.
        size: Font size of most of its characters, in points.
        tallest: Largest font size in it.
        faces: Its fonts by the number of their characters, most first.
        maths: Share of its characters that are set in fonts for formulas.
        upright: Whether it runs from left to right, and not up the page's side.
        bold: Whether it begins in bold type.
    """

    x: float
    y: float
    size: float
    tallest: float
    faces: tuple[str, ...]
    maths: float = 0.0
    upright: bool = True
    bold: bool = False

    @property
    def face(self) -> str:
        """The font of most of its characters."""
        return self.faces[0] if self.faces else ""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text.

    Attributes:
        text: What it says, white space folded, never empty.
        place: Where it stands and how it is set, or None where that is not known.
    """

    text: str
    place: Place | None = None

    def to_record(self) -> list[Any]:
        """Give the line as JSON holds it."""
        if self.place is None:
            return [self.text]
        p = self.place
        return [self.text, p.x, p.y, p.size, p.tallest, list(p.faces), p.maths, p.upright, p.bold]

    @classmethod
    def from_record(cls, record: Sequence[Any]) -> "Line":
        """Make a line of what `to_record` gave.

        Args:
            record: The line's fields.

        Returns:
            The line.
        """
        text, *rest = record
        if not rest:
            return cls(text)
        x, y, size, tallest, faces, maths, upright, bold = rest
        place = Place(
            x=x, y=y, size=size, tallest=tallest, faces=tuple(faces), maths=maths, upright=upright, bold=bold
        )  # fmt: skip
        return cls(text, place)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Characters of a line that are set alike.

    Attributes:
        text: The characters, as the reader gives them.
        x: Left end, in points.
        y: Baseline, in points.
        size: Font size, in points.
        face: Name of the font, or "".
        upright: Whether they run from left to right.
    """

    text: str
    x: float
    y: float
    size: float
    face: str
    upright: bool = True


def line_of(runs: Sequence[Run]) -> Line | None:
    """Put the runs of one line together.

    Args:
        runs: The runs, left to right.

    Returns:
        The line, or None where it says nothing.
    """
    text = tidy("".join(run.text for run in runs))
    shown = [run for run in runs if run.text.strip()]
    if not text or not shown:
        return None if not text else Line(text)
    chars: dict[str, int] = {}
    sizes: dict[float, int] = {}
    for run in shown:
        length = len(run.text.replace(" ", ""))
        chars[run.face] = chars.get(run.face, 0) + length
        sizes[run.size] = sizes.get(run.size, 0) + length
    size = max(sizes, key=lambda size: (sizes[size], size))
    if size <= 0:
        return Line(text)
    maths = sum(count for face, count in chars.items() if MATHS.search(face))
    place = Place(
        x=round(shown[0].x, 1),
        y=round(next(run for run in shown if run.size == size).y, 1),
        size=round(size, 2),
        tallest=round(max(sizes), 2),
        faces=tuple(sorted(chars, key=lambda face: -chars[face])),
        maths=round(maths / max(1, sum(chars.values())), 2),
        upright=all(run.upright for run in shown),
        bold=bool(BOLD.search(shown[0].face)),
    )
    return Line(text, place)


def readable(text: str) -> str:
    """Write ligatures as letters, and leave out what is no character of a text.

    Args:
        text: Text as a PDF reader gives it.

    Returns:
        The text, which any UTF-8 file can hold; half a surrogate pair becomes a replacement character.
    """
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").translate(CHARACTERS)


def tidy(text: str) -> str:
    """Make a line's characters readable, fold its white space, and take out the stamp up an arXiv paper's side.

    Args:
        text: A line as a PDF reader gives it.

    Returns:
        The line's text, or "".
    """
    return " ".join(STAMP.sub(" ", " ".join(readable(text).splitlines())).split())


def lines_of(text: str) -> list[str]:
    """Cut a text into lines, white space folded, without the stamp that arXiv prints up the first page's side.

    Args:
        text: Text as a PDF reader gives it.

    Returns:
        The lines, empty ones among them.
    """
    return [" ".join(STAMP.sub(" ", line).split()) for line in readable(text).splitlines()]
