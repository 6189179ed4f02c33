"""The later rounds of telling lines apart: by the lines before and behind, which are known by then."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

from cnaps_rag.lines import Place
from cnaps_rag.records import PassageKind
from cnaps_rag.set_lines import SetLine, goes_on_prose, same_baseline, same_row
from cnaps_rag.typesetting import Typesetting
from cnaps_rag.wording import BULLET, CAPTION, WORD, ended, many_words, sentence_like, some_words, wordy

ROUNDS = 3
LABEL_LINES = 2
HEADER_LINES = 3
NEAR = 4.0
"""A display equation stands at most this far from its paragraph, in font sizes."""
OUTDENT = 3.0
"""A display equation begins at most this far left of its paragraph, in font sizes."""
AT_EDGE = 0.3
"""A line begins at a margin if it is indented less than this, in font sizes."""
MOST_PIECES = 6
TALL = 1.2
"""How far the pieces of a formula within a line may stand above or below it, in font sizes."""
LONGEST_PIECE = 15
"""Pieces of an equation are at most so many characters long."""
ROW = 2.4
"""A table's rows are at most this far apart, in font sizes."""
TIGHT = 1.12
"""How much more than the usual leading may lie between two lines of which one is full of formulas."""
LABELS = frozenset({PassageKind.RESIDUE, PassageKind.EQUATION})


class LaterRounds:
    """Looks at the lines of a page again."""

    def __init__(self, found: list[SetLine], setting: Typesetting) -> None:
        """Take the lines over.

        Args:
            found: The lines of a page, as the first round left them.
            setting: How the document is set.
        """
        self._found = found
        self._set = setting

    def lines(self) -> list[SetLine]:
        """Tell the lines apart.

        Returns:
            The lines.
        """
        for _ in range(ROUNDS):
            before = list(self._found)
            self._look_around()
            if self._found == before:
                break
        self._formulas_whole()
        self._tables_whole()
        return self._found

    def _look_around(self) -> None:
        for index, line in enumerate(self._found):
            if line.place is None or line.kind not in LABELS or self._set.strange(line.place):
                continue
            last = self._found[index - 1] if index else None
            following = self._found[index + 1] if index + 1 < len(self._found) else None
            around = _Around(self._set, line, line.place, last, following, self._row_before(index))
            prose = around.formula_in_prose() if line.kind is PassageKind.EQUATION else around.prose()
            if prose:
                aside = around.goes_on and last is not None and last.aside
                self._found[index] = replace(line, kind=PassageKind.PROSE, aside=aside)

    def _row_before(self, index: int) -> SetLine | None:
        """Find the prose that stands left of a line on its row, beyond pieces of a formula that are taller."""
        line = self._found[index]
        for before in reversed(self._found[max(0, index - MOST_PIECES) : index]):
            if before.kind is PassageKind.PROSE:
                return before if line.place is not None and same_baseline(before, line.place) else None
            if not self._is_piece(before):
                return None
        return None

    def _formulas_whole(self) -> None:
        """Count the pieces of a formula as one; what is far from any paragraph is a figure's label."""
        start = 0
        while start < len(self._found):
            end = start
            while end < len(self._found) and self._is_piece(self._found[end]):
                end += 1
            pieces = self._found[start:end]
            if any(line.kind is PassageKind.EQUATION for line in pieces):
                kind = PassageKind.EQUATION if self._anchored(start, end) else PassageKind.RESIDUE
                kind = PassageKind.PROSE if self._inline(start, end) else kind
                self._found[start:end] = [replace(line, kind=kind) for line in pieces]
            start = max(end, start + 1)

    def _inline(self, start: int, end: int) -> bool:
        """Tell whether the pieces of a formula stand in a row of a paragraph, with words left and right of them."""
        if not start or end >= len(self._found):
            return False
        left, right = self._found[start - 1], self._found[end]
        if left.kind is not PassageKind.PROSE or right.kind is not PassageKind.PROSE or left.place is None:
            return False
        row = right.place is not None and same_baseline(left, right.place)
        return row and all(
            line.place is not None and abs(line.place.y - left.place.y) <= TALL * self._set.size
            for line in self._found[start:end]
        )

    def _is_piece(self, line: SetLine) -> bool:
        if line.place is None or self._set.strange(line.place):
            return False
        short = len(line.text) <= LONGEST_PIECE and not line.text.endswith(".")
        bare = line.kind is PassageKind.TABLE and not WORD.search(line.text)
        return line.kind is PassageKind.EQUATION or (short and (bare or line.kind is PassageKind.RESIDUE))

    def _anchored(self, start: int, end: int) -> bool:
        """Tell whether the pieces of an equation stand right below or above a paragraph, in its column."""
        above = start > 0 and self._near(self._found[start - 1], self._found[start])
        return above or (end < len(self._found) and self._near(self._found[end], self._found[end - 1]))

    def _near(self, text: SetLine, piece: SetLine) -> bool:
        if text.kind is not PassageKind.PROSE or text.aside or text.place is None or piece.place is None:
            return False
        aside = piece.place.x - text.place.x
        return (
            abs(text.place.y - piece.place.y) <= NEAR * self._set.size
            and -OUTDENT * self._set.size <= aside <= 2 * self._set.column
        )

    def _tables_whole(self) -> None:
        """Count labels between two rows of numbers, above the first, and next to a table's caption, as table."""
        rows = [index for index, line in enumerate(self._found) if line.kind is PassageKind.TABLE]
        inside: set[int] = set()
        for row, next_row in pairwise(rows):
            if next_row - row <= LABEL_LINES + 1:
                inside.update(range(row + 1, next_row))
        for row in rows:
            inside.update(self._header(row))
        for index in inside:
            line = self._found[index]
            if line.kind is PassageKind.RESIDUE or (line.kind is PassageKind.PROSE and not sentence_like(line.text)):
                self._found[index] = replace(line, kind=PassageKind.TABLE)
        self._spread(range(1, len(self._found)), -1)
        self._spread(range(len(self._found) - 2, -1, -1), 1)

    def _spread(self, indices: range, step: int) -> None:
        """Go from a table's rows, or its caption, to the rows behind or before."""
        for index in indices:
            line, beside = self._found[index], self._found[index + step]
            table = beside.kind is PassageKind.TABLE or (
                beside.kind is PassageKind.CAPTION and self._of_table(index + step)
            )
            if line.kind is PassageKind.RESIDUE and table and self._next_row(line, beside):
                self._found[index] = replace(line, kind=PassageKind.TABLE)

    def _of_table(self, index: int) -> bool:
        """Tell whether a line of a caption belongs to a table's."""
        while (
            index and self._found[index - 1].kind is PassageKind.CAPTION and not CAPTION.match(self._found[index].text)
        ):
            index -= 1
        return self._found[index].text.lower().startswith("tab")

    def _next_row(self, line: SetLine, beside: SetLine) -> bool:
        if line.place is None or beside.place is None or self._set.strange(line.place):
            return False
        return abs(line.place.y - beside.place.y) <= ROW * max(line.place.size, beside.place.size)

    def _header(self, row: int) -> Iterator[int]:
        for index in range(row - 1, max(-1, row - 1 - HEADER_LINES), -1):
            upper, lower = self._found[index].place, self._found[index + 1].place
            label = self._found[index].kind is not PassageKind.CAPTION and not sentence_like(self._found[index].text)
            if upper is None or lower is None or not label or abs(upper.y - lower.y) > ROW * lower.size:
                return
            yield index


class _Around:
    """A line, and what the lines before and behind it tell of it."""

    def __init__(
        self,
        setting: Typesetting,
        line: SetLine,
        place: Place,
        last: SetLine | None,
        following: SetLine | None,
        left: SetLine | None,
    ) -> None:
        self._set = setting
        self._text = line.text
        self._place = place
        self._last = last
        self._following = following
        self.goes_on = last is not None and not line.after_gap and goes_on_prose(setting, last, place)
        self._open = last is not None and not ended(last.text)
        near = self._open and last is not None and last.kind is PassageKind.PROSE and same_row(last, place)
        self._leads = following is not None and _leads(setting, place, following)
        self._in_row = near or (left is not None and not ended(left.text) and self._leads)
        below = last is not None and last.place is not None and place.x <= last.place.x + 1
        self._at_margin = not setting.indented(place) or (self.goes_on and below)

    def formula_in_prose(self) -> bool:
        """Tell whether a line that is a formula for the most part is one of a paragraph."""
        last = self._last.place if self._last is not None else None
        tight = last is not None and self._set.below(last, self._place, loose=TIGHT)
        spoken = (self.goes_on or self._leads) and some_words(self._text)
        inline = (self.goes_on and self._open and tight) or spoken
        return (inline and self._at_margin) or (self._in_row and self._leads)

    def prose(self) -> bool:
        """Tell whether a line that is too short or odd to be known as prose by itself is one of a paragraph."""
        in_sentence = self.goes_on and self._open
        if not self._set.sized(self._place) and not in_sentence:
            return False
        behind_formula = self._last is not None and self._last.kind in LABELS and not wordy(self._last.text)
        if self._in_row or (behind_formula and self._leads and wordy(self._text)):
            return True
        if BULLET.match(self._text) and self._leads:
            return True
        if self._set.long(self._text) and many_words(self._text):
            return self.goes_on or self._leads
        if self.goes_on:
            return self._at_margin and (self._open or (wordy(self._text) and self._begins_sentence))
        return self._between_formulas() or self._stands_alone()

    def _between_formulas(self) -> bool:
        """Tell whether a few words at the margin lead from one formula to another."""
        formula = any(line is not None and line.kind is PassageKind.EQUATION for line in (self._last, self._following))
        indent = self._set.margin(self._place)
        at_edge = indent is not None and indent < AT_EDGE
        return formula and at_edge and wordy(self._text) and self._place.face == self._set.face

    def _stands_alone(self) -> bool:
        leads_in = self._leads and len(self._text.split()) > 1 and self._begins_sentence
        set_as_prose = self._at_margin and self._place.face == self._set.face and wordy(self._text)
        return set_as_prose and (leads_in or sentence_like(self._text))

    @property
    def _begins_sentence(self) -> bool:
        return self._text[:1].isupper()


def _leads(setting: Typesetting, place: Place, following: SetLine) -> bool:
    """Tell whether the next line goes on a line as a paragraph's."""
    return (
        following.kind is PassageKind.PROSE
        and following.place is not None
        and not following.aside
        and not following.after_gap
        and setting.below(place, following.place)
        and setting.alike(place, following.place)
    )
