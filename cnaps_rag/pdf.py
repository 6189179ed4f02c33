"""PDF to pages, through either backend."""

import hashlib
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

from cnaps_rag import page_text, pdfium_file, pypdf_file
from cnaps_rag.errors import DocumentError
from cnaps_rag.hyphens import HYPHENATED
from cnaps_rag.lines import Line, readable
from cnaps_rag.pdfium_file import PdfiumFile
from cnaps_rag.pypdf_file import PypdfFile
from cnaps_rag.records import Document, PaperStatus
from cnaps_rag.settings import PdfBackend

MOST_TITLE_CHARS = 250
LEAST_TITLE_CHARS = 8
OUT_OF_MEMORY = "memory"
NO_TITLE = re.compile(r"^(?:untitled|microsoft word|.*\.(?:tex|dvi|docx?|pdf)$|\W*$)", re.IGNORECASE)
VENUE = re.compile(r"^(?:published (?:as|in)|accepted (?:at|to|by)|under review|preprint|to appear)\b", re.IGNORECASE)
GOES_ON = re.compile(r"(?:[:,\-–—]|\b(?:a|an|the|of|for|in|on|to|with|via|and|by|from|using|as|at|is))$", re.IGNORECASE)


class PdfFile(Protocol):
    """An open PDF, whichever library reads it.

    Attributes:
        page_count: How many pages it has.
    """

    page_count: int

    def title(self) -> str:
        """Give the title by the metadata, or ""."""
        ...

    def lines(self, index: int) -> list[Line]:
        """Read the lines of a page, in the order of its content."""
        ...


def fingerprint(backend: PdfBackend) -> str:
    """Name what the pages depend on, beside the PDF.

    Args:
        backend: What reads the PDFs.

    Returns:
        Names and versions of backend and cleaning.
    """
    version = pdfium_file.installed() if backend is PdfBackend.PDFIUM else pypdf_file.VERSION
    return f"{backend}-{version}+{page_text.FINGERPRINT}"


def read_document(path: Path, backend: PdfBackend = PdfBackend.PYPDF) -> Document:
    """Read a PDF.

    Args:
        path: The file.
        backend: What reads it.

    Returns:
        Its pages, cleaned; pages that cannot be read are listed in `lost_pages`.

    Raises:
        DocumentError: The file cannot be opened as a PDF, is encrypted, or no page of it has text.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DocumentError(f"{path}: cannot be read ({error.strerror})", path=path) from error
    file = open_pdf(path, backend)
    raw: list[list[Line] | None] = []
    lost: list[tuple[int, str]] = []
    for index in range(file.page_count):
        lines, reason = read_page(file, index)
        raw.append(lines)
        lost += [] if reason is None else [(index + 1, reason)]
    return assemble(path, hashlib.sha256(content).hexdigest(), raw, lost, metadata_title(file))


def open_pdf(path: Path, backend: PdfBackend = PdfBackend.PYPDF) -> PdfFile:
    """Open a PDF; its number of pages is known then.

    Args:
        path: The file.
        backend: What reads it.

    Returns:
        The open file.
    """
    return PdfiumFile(path) if backend is PdfBackend.PDFIUM else PypdfFile(path)


def read_page(file: PdfFile, index: int) -> tuple[list[Line] | None, str | None]:
    """Read one page.

    Args:
        file: The open file.
        index: 0-based number of the page.

    Returns:
        The lines and None, or None and why they cannot be read.
    """
    try:
        return file.lines(index), None
    except MemoryError:
        return None, OUT_OF_MEMORY
    except Exception as error:  # noqa: BLE001
        return None, pypdf_file.error_words(error)


def assemble(
    path: Path, sha256: str, raw: Sequence[Sequence[Line] | None], lost: Iterable[tuple[int, str]], title: str | None
) -> Document:
    """Make a document of the texts of its pages.

    Args:
        path: The file, for the error.
        sha256: Hash of the file.
        raw: Lines of each page as read, None for one that could not be read.
        lost: `(page_number, reason)` of those.
        title: Title by the file's metadata, or None.

    Returns:
        The document, its pages cleaned.

    Raises:
        DocumentError: No page has text.
    """
    pages = page_text.clean_pages(raw)
    if not any(page.text.strip() for page in pages):
        raise DocumentError(
            f"{path}: no page has text (a scan without a text layer?); run OCR on it and supply the result",
            path=path,
            status=PaperStatus.NO_TEXT,
        )
    return Document(
        sha256=sha256,
        title=title or _first_lines(next((lines for lines in raw if lines), ())),
        pages=pages,
        lost_pages=tuple(lost),
    )


def metadata_title(file: PdfFile) -> str | None:
    """Take the title from the metadata.

    Args:
        file: The open file.

    Returns:
        The title, or None where there is none that can be used.
    """
    try:
        title = file.title()
    except Exception:  # noqa: BLE001
        return None
    title = " ".join(readable(title).split())
    usable = LEAST_TITLE_CHARS <= len(title) <= MOST_TITLE_CHARS and title.isprintable() and not NO_TITLE.match(title)
    return title if usable else None


def _first_lines(page: Sequence[Line]) -> str | None:
    """Take the title from the first page: its first line, and the next ones as long as the title goes on."""
    lines = [line.text for line in page if not _is_venue(line.text)]
    if not lines:
        return None
    title = lines[0]
    for line in lines[1:3]:
        if not (GOES_ON.search(title) or (title.isupper() and line.isupper())):
            break
        title = title[:-1] + line if HYPHENATED.search(title) else f"{title} {line}"
    return title[:MOST_TITLE_CHARS]


def _is_venue(line: str) -> bool:
    return bool(VENUE.match(line))
