"""PDF to lines, through pypdf: the default backend. The one module that knows pypdf."""

import logging
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pypdf
from pypdf.errors import DependencyError, PdfReadError

from cnaps_rag.errors import DocumentError
from cnaps_rag.lines import Line, Run, line_of, lines_of

VERSION = pypdf.__version__

logging.getLogger("pypdf").setLevel(logging.CRITICAL)


class PypdfFile:
    """An open PDF."""

    def __init__(self, path: Path) -> None:
        """Open a PDF.

        Args:
            path: The file.

        Raises:
            DocumentError: It cannot be opened as a PDF, or is encrypted.
        """
        # pypdf raises many kinds of errors on broken files, RecursionError and MemoryError among them
        try:
            self._reader = pypdf.PdfReader(path)
            locked = self._reader.is_encrypted and not _opens_without_password(self._reader)
            self.page_count = 0 if locked else len(self._reader.pages)
        except Exception as error:
            message = f"{path}: not a readable PDF ({error_words(error)}); download it again"
            raise DocumentError(message, path=path) from error
        if locked:
            raise DocumentError(f"{path}: the PDF is encrypted; supply a copy without a password", path=path)

    def title(self) -> str:
        """Give the title by the metadata, or ""."""
        return str((self._reader.metadata and self._reader.metadata.title) or "")

    def lines(self, index: int) -> list[Line]:
        """Read the lines of a page.

        Args:
            index: 0-based number of the page.

        Returns:
            The lines, in the order of the page's content.
        """
        visitor = _Visitor()
        return visitor.lines(self._reader.pages[index].extract_text(visitor_text=visitor))


def error_words(error: Exception) -> str:
    """Say in one short line what pypdf's error says.

    Args:
        error: The error.

    Returns:
        Its text, with its kind where that is not pypdf's own.
    """
    text = " ".join(str(error).split())
    return text[:120] if isinstance(error, PdfReadError) and text else f"{type(error).__name__}: {text[:120]}"


class _Visitor:
    """Notes what pypdf says of each piece of text on its way; together the pieces are the page's text."""

    def __init__(self) -> None:
        self._lines: list[list[Run]] = [[]]
        self._pieces: list[str] = []

    def __call__(self, text: str, cm: Sequence[float], tm: Sequence[float], font: Any, size: float) -> None:
        self._pieces.append(text)
        if not text:
            return
        x, y = tm[4] * cm[0] + tm[5] * cm[2] + cm[4], tm[4] * cm[1] + tm[5] * cm[3] + cm[5]
        along, up = tm[0] * cm[0] + tm[1] * cm[2], tm[0] * cm[1] + tm[1] * cm[3]
        face = str(font.get("/BaseFont", "")).lstrip("/").rsplit("+", 1)[-1] if font else ""
        scaled = round(abs(size) * math.hypot(along, up), 2)
        for number, part in enumerate(text.split("\n")):
            if number:
                self._lines.append([])
            if part:
                self._lines[-1].append(Run(text=part, x=x, y=y, size=scaled, face=face, upright=along > abs(up)))

    def lines(self, text: str) -> list[Line]:
        """Give the lines of the page; without their places where the pieces are not the text."""
        if "".join(self._pieces) != text:
            return [Line(line) for line in lines_of(text) if line]
        return [line for runs in self._lines if (line := line_of(runs)) is not None]


def _opens_without_password(reader: pypdf.PdfReader) -> bool:
    try:
        return bool(reader.decrypt(""))
    except DependencyError:  # some ciphers need a package that this one does not ask for
        return False
