"""The first round of telling lines apart: by a line's own words and place, and by the lines before it."""

from collections import Counter
from collections.abc import Sequence

from cnaps_rag.hyphens import join_lines
from cnaps_rag.lines import Line, Place
from cnaps_rag.records import PassageKind
from cnaps_rag.sections import Heading, Outline, begins_numbered
from cnaps_rag.set_lines import SetLine, goes_on_prose, same_row
from cnaps_rag.typesetting import FULL_SHARE, SHORT_SHARE, Typesetting
from cnaps_rag.wording import (
    BARE_CAPTION,
    CAPTION,
    FOOTNOTE,
    FORMULA,
    PART_CAPTION,
    WORD,
    closed_small_capitals,
    ended,
    many_words,
    numeric,
    sentence_like,
    some_words,
    wordy,
)

FOOT_SHARE = 0.4
"""Footnotes stand in this lowest part of a page."""
MATHS_SHARE = 0.25
RUN_LINES = 3
"""So many lines below each other that read as sentences are prose in any size."""
LEAST_HEADING, LEAST_BOLD_HEADING = 0.95, 0.75
"""A numbered heading is at least this large, in sizes of the prose."""
LARGE_HEADING = 1.1
"""A heading without a number is larger than this, in sizes of the prose, where it is not bold."""
STEP = 2.6
"""An algorithm's steps are at most this far apart, in font sizes."""


class FirstRound:
    """Goes through the lines of a page."""

    def __init__(self, kept: Sequence[tuple[Line, bool]], setting: Typesetting, outline: Outline) -> None:
        """Begin a page.

        Args:
            kept: The lines, and whether something was left out before each.
            setting: How the document is set.
            outline: The headings so far; those of this page are added.
        """
        self._kept = kept
        self._set = setting
        self._outline = outline
        self._places = [line.place for line, _ in kept if line.place is not None]
        self._found: list[SetLine] = []
        self._longest_caption_line = 0
        self._in_algorithm = False

    def lines(self) -> list[SetLine]:
        """Tell the lines apart.

        Returns:
            The lines; what is none of anything yet is residue.
        """
        index = 0
        while index < len(self._kept):
            index += self._take_heading(index) or self._take_line(index)
        return self._found

    def _take_heading(self, index: int) -> int:
        """Take the heading that begins here; tell how many lines it has, 0 where there is none."""
        line, gap = self._kept[index]
        place = line.place
        if place is None or not place.upright:
            return 0
        least = LEAST_BOLD_HEADING if place.bold else LEAST_HEADING
        styled = self._set.styled(place) or line.text.isupper()
        if begins_numbered(line.text) and not (styled and place.tallest >= least * self._set.size):
            return 0
        lines = [closed_small_capitals(line.text) if place.tallest > place.size else line.text]
        if self._goes_on_as_heading(index):
            lines.append(self._kept[index + 1][0].text)
        while lines:
            after = index + len(lines)
            following = self._kept[after][0].text if after < len(self._kept) else ""
            heading = self._outline.take(join_lines(lines, Counter()), following)
            if heading is None and len(lines) == 1 and self._set_as_heading(index, line, place):
                heading = self._outline.take_styled(lines[0])
            if heading is not None:
                self._add_heading(lines, heading, place, gap=gap)
                return len(lines)
            lines.pop()
        return 0

    def _set_as_heading(self, index: int, line: Line, place: Place) -> bool:
        """Tell whether a line without a number is set as a heading: bold or large, short, apart from what is above."""
        large = place.size > LARGE_HEADING * self._set.size
        above = self._kept[index - 1][0].place if index else None
        apart = above is None or not self._set.below(above, place) or not self._set.alike(above, place)
        short = not self._set.long(line.text) and line.text[:1].isupper() and wordy(line.text)
        following = self._kept[index + 1][0] if index + 1 < len(self._kept) else None
        leads = following is not None and following.place is not None and self._set.sized(following.place)
        return (
            (large or (place.bold and self._set.sized(place))) and apart and short and leads and not self._in_algorithm
        )

    def _add_heading(self, lines: Sequence[str], heading: Heading, place: Place, *, gap: bool) -> None:
        first, *more = lines
        text = first.removesuffix(heading.rest).strip() if heading.rest else first
        self._found.append(SetLine(text, PassageKind.HEADING, place, heading, after_gap=gap))
        self._found += [SetLine(text, PassageKind.HEADING, place) for text in more]
        if heading.rest:
            self._found.append(SetLine(heading.rest, PassageKind.PROSE, place))

    def _goes_on_as_heading(self, index: int) -> bool:
        """Tell whether a heading has a second line: set like the first, right below it, and no heading itself."""
        if index + 1 >= len(self._kept):
            return False
        (line, _), (second, gap) = self._kept[index : index + 2]
        one, two = line.place, second.place
        return (
            one is not None
            and two is not None
            and not gap
            and begins_numbered(line.text)
            and not begins_numbered(second.text)
            and self._set.styled(two)
            and one.faces[-1:] == two.faces[-1:]
            and one.size == two.size
            and self._set.below(one, two)
            and not ended(line.text)
        )

    def _take_line(self, index: int) -> int:
        line, gap = self._kept[index]
        last = self._found[-1] if self._found and not gap else None
        kind, aside = PassageKind.RESIDUE, False
        if line.place is not None:
            floating = self._kind_in_float(line, line.place, last)
            aside = floating is None and self._is_footnote(line, line.place, last)
            kind = PassageKind.PROSE if aside else floating or self._kind_in_text(line, line.place)
        if kind is PassageKind.CAPTION:
            begins = not self._found or self._found[-1].kind is not kind
            self._longest_caption_line = max(0 if begins else self._longest_caption_line, len(line.text))
        self._found.append(SetLine(line.text, kind, line.place, after_gap=gap, aside=aside))
        return 1

    def _kind_in_float(self, line: Line, place: Place, last: SetLine | None) -> PassageKind | None:
        """Tell what a line is in a figure, a table or an algorithm, None where it is in none."""
        if self._begins_caption(line, place, last):
            self._in_algorithm = line.text.startswith("Algorithm")
            return PassageKind.CAPTION
        self._in_algorithm = self._in_algorithm and last is not None and self._next_step(last, place)
        if self._in_algorithm:
            return PassageKind.TABLE
        if self._goes_on_caption(line, place, last):
            return PassageKind.CAPTION
        if self._set.strange(place):
            row = numeric(line.text) and WORD.search(line.text) and place.upright
            return PassageKind.TABLE if row else PassageKind.RESIDUE
        in_prose = last is not None and goes_on_prose(self._set, last, place) and not ended(last.text)
        row = numeric(line.text) and "=" not in line.text and not (in_prose and some_words(line.text))
        return PassageKind.TABLE if row else None

    def _kind_in_text(self, line: Line, place: Place) -> PassageKind:
        if not wordy(line.text) and (place.maths >= MATHS_SHARE or FORMULA.search(line.text)):
            return PassageKind.EQUATION
        set_as_prose = self._set.sized(place) or self._in_run(line)
        prose = set_as_prose and self._set.long(line.text) and sentence_like(line.text)
        return PassageKind.PROSE if prose else PassageKind.RESIDUE

    def _begins_caption(self, line: Line, place: Place, last: SetLine | None) -> bool:
        within = last is not None and goes_on_prose(self._set, last, place) and not ended(last.text)
        if within:
            return False
        bare = place.bold or self._set.smaller(place)
        part = self._set.smaller(place) and not self._set.strange(place) and many_words(line.text)
        return bool(
            CAPTION.match(line.text)
            or (bare and BARE_CAPTION.match(line.text))
            or (part and PART_CAPTION.match(line.text))
        )

    def _next_step(self, last: SetLine, place: Place) -> bool:
        """Tell whether a line stands below another as an algorithm's next step, or beside it."""
        if last.place is None:
            return False
        step = last.place.y - place.y
        return -0.5 * self._set.size < step <= STEP * self._set.size and abs(last.place.x - place.x) < self._set.column

    def _goes_on_caption(self, line: Line, place: Place, last: SetLine | None) -> bool:
        if last is None or last.kind is not PassageKind.CAPTION or last.place is None:
            return False
        if same_row(last, place):
            return True
        if not (self._set.below(last.place, place) and place.upright and self._set.alike(last.place, place)):
            return False
        short = len(last.text) < FULL_SHARE * max(self._longest_caption_line, SHORT_SHARE * self._set.width)
        complete = ended(last.text) and not last.text.endswith(":")
        if complete and (short or line.text[:1].islower()):
            return False
        return wordy(line.text) or not complete

    def _is_footnote(self, line: Line, place: Place, last: SetLine | None) -> bool:
        if self._outline.in_references or not self._set.smaller(place):
            return False
        if last is not None and last.aside and last.place is not None and self._set.below(last.place, place):
            return True
        top = max(other.y for other in self._places)
        low = place.y <= FOOT_SHARE * top and not any(
            self._set.sized(other) and other.y < place.y and abs(other.x - place.x) < self._set.column
            for other in self._places
        )
        behind_text = last is None or last.kind is PassageKind.PROSE
        unmarked = behind_text and self._set.long(line.text) and sentence_like(line.text)
        return low and bool(FOOTNOTE.match(line.text) or unmarked)

    def _in_run(self, line: Line) -> bool:
        """Tell whether a line in another size stands among others that are set alike and read as sentences."""
        lines = [other for other, _ in self._kept]
        index = next(number for number, other in enumerate(lines) if other is line)
        count = 1
        for step in (-1, 1):
            at = index
            while 0 <= at + step < len(lines) and self._joined(lines[min(at, at + step)], lines[max(at, at + step)]):
                at += step
                count += sentence_like(lines[at].text) and self._set.long(lines[at].text)
                if count >= RUN_LINES:
                    return True
        return False

    def _joined(self, upper: Line, lower: Line) -> bool:
        one, two = upper.place, lower.place
        return one is not None and two is not None and self._set.alike(one, two) and self._set.below(one, two)
