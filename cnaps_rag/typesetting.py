"""How a document is set: the usual length, size, fonts and margins of its lines of prose."""

import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from cnaps_rag.lines import Line, Place
from cnaps_rag.wording import sentence_like, wordy

LEAST_LINE_CHARS = 25
SHORT_SHARE = 0.55
FULL_SHARE = 0.85
SIZE_TOLERANCE = 0.05
USUAL_CHARS = 60.0
USUAL_LEADING = 1.2
LEAST_LEADING, MOST_LEADING = 0.9, 2.5
LOOSE = 1.3
"""How much more than the usual leading may lie between two lines of one paragraph."""
INDENT = 2.5
"""How far a paragraph's first line or a list may be indented, in font sizes."""
EDGE_SHARE = 0.04
MOSTLY = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Typesetting:
    """How a document is set.

    Attributes:
        width: Usual length of a line of prose, in characters.
        size: Font size of the prose, in points; 0 where no line's place is known.
        leading: Distance of two baselines, in font sizes.
        face: The font of most prose.
        faces: Fonts that occur in lines of prose.
        margins: Where lines of prose begin, in points from the page's left edge.
        uniform: Whether all lines are set alike, so that none can be told by how it is set.
    """

    width: float
    size: float = 0.0
    leading: float = USUAL_LEADING
    face: str = ""
    faces: frozenset[str] = frozenset()
    margins: tuple[float, ...] = ()
    uniform: bool = False

    def long(self, text: str) -> bool:
        """Tell whether a line is long enough to be one within a paragraph."""
        return len(text) >= SHORT_SHARE * self.width

    @property
    def full_chars(self) -> float:
        """A line of so many characters is too long to be the last of a paragraph, most likely."""
        return FULL_SHARE * self.width

    def strange(self, place: Place) -> bool:
        """Tell whether a line is set as no prose is: up the page's side, or in a font that prose has none of."""
        own = _family(place.face) == _family(self.face) or self.face in place.faces
        return not (place.upright and (own or place.face in self.faces or place.maths > MOSTLY))

    def styled(self, place: Place) -> bool:
        """Tell whether a line is set as a heading may be: in another font than the prose, or larger."""
        return self.uniform or place.face != self.face or place.bold or place.tallest > (1 + SIZE_TOLERANCE) * self.size

    def sized(self, place: Place) -> bool:
        """Tell whether a line is of the prose's size."""
        return abs(place.size - self.size) <= SIZE_TOLERANCE * self.size

    def smaller(self, place: Place) -> bool:
        """Tell whether a line is set smaller than prose."""
        return place.size < (1 - SIZE_TOLERANCE) * self.size

    def alike(self, one: Place, other: Place) -> bool:
        """Tell whether two lines are of one size."""
        return abs(one.size - other.size) <= SIZE_TOLERANCE * self.size

    def below(self, upper: Place, lower: Place, *, loose: float = LOOSE) -> bool:
        """Tell whether a line stands right below another, as the next one of its paragraph does."""
        step = upper.y - lower.y
        size = max(upper.size, lower.size)
        return 0.3 * size < step <= loose * self.leading * size and abs(lower.x - upper.x) < self.column

    @property
    def column(self) -> float:
        """About half of a column's width, in points: lines that begin farther apart are in different columns."""
        return 0.25 * self.width * self.size

    def margin(self, place: Place) -> float | None:
        """Find the margin that a line begins at, or is indented from.

        Args:
            place: The line's place.

        Returns:
            How far it is indented, in font sizes, or None where it begins left of all margins or far from any.
        """
        left = [margin for margin in self.margins if margin <= place.x + 1]
        if not left:
            return None
        indent = (place.x - max(left)) / self.size
        return indent if indent <= self.column / self.size else None

    def indented(self, place: Place) -> bool:
        """Tell whether a line begins farther in than a paragraph's lines or a list's do."""
        indent = self.margin(place)
        return indent is None or indent > INDENT


def measure(pages: Sequence[Sequence[Line]]) -> Typesetting:
    """Measure how a document is set.

    Args:
        pages: The lines of its pages.

    Returns:
        How most of its prose is set.
    """
    lines = [line for page in pages for line in page if len(line.text) >= LEAST_LINE_CHARS and wordy(line.text)]
    width = statistics.median(len(line.text) for line in lines) if lines else USUAL_CHARS
    places = [
        (line, line.place)
        for line in lines
        if line.place is not None and line.place.size > 0 and sentence_like(line.text)
    ]
    if not places:
        return Typesetting(width=width)
    sizes: Counter[float] = Counter()
    for line, place in places:
        sizes[round(place.size, 1)] += len(line.text)
    size = sizes.most_common(1)[0][0]
    body = [(line, place) for line, place in places if abs(place.size - size) <= SIZE_TOLERANCE * size]
    own = Counter(place.face for _, place in body).most_common(1)[0][0]
    beside = Counter(face for _, place in body if own in place.faces for face in place.faces)
    return Typesetting(
        width=statistics.median(len(line.text) for line, _ in body),
        size=size,
        leading=_leading(pages, size),
        face=own,
        faces=frozenset(face for face, count in beside.items() if count > 1 or face == own),
        margins=_margins([place for _, place in body]),
        uniform=len({(line.place.face, round(line.place.size, 1)) for page in pages for line in page if line.place})
        == 1,
    )


def _family(face: str) -> str:
    return face.split("-", maxsplit=1)[0].split(",", maxsplit=1)[0].rstrip("0123456789")


def _leading(pages: Sequence[Sequence[Line]], size: float) -> float:
    steps: Counter[float] = Counter()
    for page in pages:
        placed = [
            line.place
            for line in page
            if line.place is not None and abs(line.place.size - size) <= SIZE_TOLERANCE * size
        ]
        for upper, lower in pairwise(placed):
            step = (upper.y - lower.y) / size
            if LEAST_LEADING <= step <= MOST_LEADING and abs(upper.x - lower.x) < size:
                steps[round(step, 2)] += 1
    return steps.most_common(1)[0][0] if steps else USUAL_LEADING


def _margins(places: Sequence[Place]) -> tuple[float, ...]:
    starts = Counter(round(place.x) for place in places)
    often = [x for x, count in starts.items() if count >= EDGE_SHARE * len(places)]
    return tuple(sorted(float(x) for x in often))
