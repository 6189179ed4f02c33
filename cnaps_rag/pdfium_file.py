"""PDF to lines, through pdfium: the optional, faster backend. The one module that knows pypdfium2."""

import ctypes
import math
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

from cnaps_rag.errors import DocumentError, MissingExtraError
from cnaps_rag.lines import Line, Run, line_of

HYPHENS: Final = {"\x02", "\ufffe", "\u00ad"}
"""What pdfium gives for a hyphen at a line's end."""
SAME_LINE: Final = 0.55
"""How far a subscript or superscript may stand from its line, in font sizes of the line."""
BLANK: Final = 0.16
"""A wider gap than this between two characters is a blank, in font sizes."""
BACK: Final = 0.6
"""How far a character may begin left of the last one's end on the same line, in font sizes."""
FAR: Final = 6.0
"""A wider gap than this begins another line, as between two columns, in font sizes."""
NAME_BYTES: Final = 128
BLANKS: Final = frozenset(" \r\n")


def installed() -> str:
    """Tell which version of pypdfium2 is installed.

    Returns:
        The version.

    Raises:
        MissingExtraError: None is.
    """
    try:
        return version("pypdfium2")
    except PackageNotFoundError as error:
        raise MissingExtraError('reading PDFs with pdf_backend="pdfium"', extra="pdfium") from error


class PdfiumFile:
    """An open PDF."""

    def __init__(self, path: Path) -> None:
        """Open a PDF.

        Args:
            path: The file.

        Raises:
            DocumentError: It cannot be opened as a PDF, or is encrypted.
        """
        installed()
        import pypdfium2

        try:
            self._document = pypdfium2.PdfDocument(path)
            self.page_count = len(self._document)
        except Exception as error:
            if "password" in str(error).lower():
                message = f"{path}: the PDF is encrypted; supply a copy without a password"
            else:
                message = f"{path}: not a readable PDF ({' '.join(str(error).split())}); download it again"
            raise DocumentError(message, path=path) from error

    def title(self) -> str:
        """Give the title by the metadata, or ""."""
        return str(self._document.get_metadata_value("Title"))

    def lines(self, index: int) -> list[Line]:
        """Read the lines of a page.

        Args:
            index: 0-based number of the page.

        Returns:
            The lines, in the order of the page's content.
        """
        page = self._document[index]
        text_page = page.get_textpage()
        try:
            return [line for runs in _lines(_TextPage(text_page).words()) if (line := line_of(runs)) is not None]
        finally:
            text_page.close()
            page.close()


@dataclass(slots=True)
class _Word:
    """Characters of one size without a blank between them, and where they stand."""

    text: str
    size: float
    spaced: bool
    broken: bool
    x: float = 0.0
    y: float = 0.0
    left: float = 0.0
    right: float = 0.0
    face: str = ""
    upright: bool = True


class _TextPage:
    """The characters of a page, read through as few calls as will do: what a word shares is asked once."""

    def __init__(self, text_page: Any) -> None:
        import pypdfium2.raw

        self._raw = pypdfium2.raw
        self._page = text_page
        self._x, self._y = ctypes.c_double(), ctypes.c_double()
        self._box = tuple(ctypes.c_double() for _ in range(4))
        self._matrix, self._flags = self._raw.FS_MATRIX(), ctypes.c_int()
        self._name = ctypes.create_string_buffer(NAME_BYTES)

    def words(self) -> Iterator[_Word]:
        unicode, font_size, page = self._raw.FPDFText_GetUnicode, self._raw.FPDFText_GetFontSize, self._page
        word: _Word | None = None
        spaced = broken = False
        high = ""
        last = 0
        for index in range(self._raw.FPDFText_CountChars(page)):
            text = high + chr(unicode(page, index))
            if text in BLANKS:
                if word is not None:
                    yield self._ended(word, last)
                    word = None
                spaced, broken = spaced or text == " ", broken or text != " "
                continue
            high = text if "\ud800" <= text < "\udc00" and len(text) == 1 else ""
            if high:
                continue
            size = font_size(page, index)
            if word is not None and word.size != size:
                yield self._ended(word, last)
                word = None
            if word is None:
                word = self._begun(_Word("", size, spaced, broken), index)
                spaced = broken = False
            word.text += "-" if text in HYPHENS else text
            last = index
            if text in HYPHENS:  # pdfium joins the next line to a hyphen
                yield self._ended(word, last)
                word, broken = None, True
        if word is not None:
            yield self._ended(word, last)

    def _begun(self, word: _Word, index: int) -> _Word:
        raw, page = self._raw, self._page
        raw.FPDFText_GetCharOrigin(page, index, self._x, self._y)
        raw.FPDFText_GetMatrix(page, index, self._matrix)
        raw.FPDFText_GetFontInfo(page, index, self._name, NAME_BYTES, self._flags)
        word.x, word.y, word.left = self._x.value, self._y.value, self._x.value
        word.upright = self._matrix.a > abs(self._matrix.b)
        word.face = self._name.value.decode(errors="replace").rsplit("+", 1)[-1]
        return word

    def _ended(self, word: _Word, index: int) -> _Word:
        left, right, bottom, top = self._box
        self._raw.FPDFText_GetCharBox(self._page, index, left, right, bottom, top)
        word.right = right.value
        word.size = round(word.size * math.hypot(self._matrix.a, self._matrix.b), 2)
        return word


def _lines(words: Iterator[_Word]) -> Iterator[list[Run]]:
    """Put words that stand side by side on one baseline into lines, in the order they come in."""
    line: list[_Word] = []
    base: _Word | None = None
    for word in words:
        if base is not None and not _on_line(base, line[-1], word):
            yield _runs(line)
            line, base = [], None
        line.append(word)
        if base is None or word.size > base.size:
            base = word
    if line:
        yield _runs(line)


def _on_line(base: _Word, last: _Word, word: _Word) -> bool:
    size = max(base.size, word.size)
    if base.upright != word.upright:
        return False
    if not base.upright:
        return abs(word.x - last.x) <= SAME_LINE * size
    # a subscript stands below the superscript before it
    back = BACK * size + (last.right - last.left if word.size < base.size else 0.0)
    beside = -back <= word.left - last.right and (word.left - last.right <= FAR * size or not word.broken)
    return abs(word.y - base.y) <= SAME_LINE * size and beside


def _runs(line: list[_Word]) -> list[Run]:
    runs: list[Run] = []
    last: _Word | None = None
    for word in line:
        apart = last is not None and word.broken and word.left - last.right > BLANK * max(last.size, word.size)
        text = f" {word.text}" if runs and (word.spaced or apart) else word.text
        runs.append(Run(text=text, x=word.x, y=word.y, size=word.size, face=word.face, upright=word.upright))
        last = word
    return runs
