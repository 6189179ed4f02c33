"""PDF to pages, through pypdf. The one module that knows pypdf."""

import hashlib
import logging
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import pypdf
from pypdf.errors import DependencyError, PdfReadError

from cnaps_rag import page_text
from cnaps_rag.errors import DocumentError
from cnaps_rag.records import Document, PaperStatus

FINGERPRINT = f"pypdf-{pypdf.__version__}+{page_text.FINGERPRINT}"
MOST_TITLE_CHARS = 250
LEAST_TITLE_CHARS = 8
OUT_OF_MEMORY = "memory"
NO_TITLE = re.compile(r"^(?:untitled|microsoft word|.*\.(?:tex|dvi|docx?|pdf)$|\W*$)", re.IGNORECASE)
VENUE = re.compile(r"^(?:published (?:as|in)|accepted (?:at|to|by)|under review|preprint|to appear)\b", re.IGNORECASE)
GOES_ON = re.compile(r"(?:[:,\-–—]|\b(?:a|an|the|of|for|in|on|to|with|via|and|by|from|using|as|at|is))$", re.IGNORECASE)

logging.getLogger("pypdf").setLevel(logging.CRITICAL)


def read_document(path: Path) -> Document:
    """Read a PDF.

    Args:
        path: The file.

    Returns:
        Its pages, cleaned; pages that cannot be read are listed in `lost_pages`.

    Raises:
        DocumentError: The file cannot be opened as a PDF, is encrypted, or no page of it has text.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DocumentError(f"{path}: cannot be read ({error.strerror})", path=path) from error
    reader = open_pdf(path)
    raw: list[str | None] = []
    lost: list[tuple[int, str]] = []
    for index in range(len(reader.pages)):
        text, reason = read_page(reader, index)
        raw.append(text)
        lost += [] if reason is None else [(index + 1, reason)]
    return assemble(path, hashlib.sha256(content).hexdigest(), raw, lost, metadata_title(reader))


def open_pdf(path: Path) -> pypdf.PdfReader:
    """Open a PDF; its number of pages is known then.

    Args:
        path: The file.

    Returns:
        The open file.

    Raises:
        DocumentError: It cannot be opened as a PDF, or is encrypted.
    """
    # pypdf raises many kinds of errors on broken files, RecursionError and MemoryError among them
    try:
        reader = pypdf.PdfReader(path)
        locked = reader.is_encrypted and not _opens_without_password(reader)
        _ = 0 if locked else len(reader.pages)
    except Exception as error:
        raise DocumentError(f"{path}: not a readable PDF ({_words(error)}); download it again", path=path) from error
    if locked:
        raise DocumentError(f"{path}: the PDF is encrypted; supply a copy without a password", path=path)
    return reader


def read_page(reader: pypdf.PdfReader, index: int) -> tuple[str | None, str | None]:
    """Read one page.

    Args:
        reader: The open file.
        index: 0-based number of the page.

    Returns:
        The text and None, or None and why it cannot be read.
    """
    try:
        return reader.pages[index].extract_text(), None
    except Exception as error:  # noqa: BLE001
        return None, _words(error)


def assemble(
    path: Path, sha256: str, raw: Sequence[str | None], lost: Iterable[tuple[int, str]], title: str | None
) -> Document:
    """Make a document of the texts of its pages.

    Args:
        path: The file, for the error.
        sha256: Hash of the file.
        raw: Text of each page as read, None for one that could not be read.
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
        title=title or _first_lines(next((text for text in raw if text), "")),
        pages=pages,
        lost_pages=tuple(lost),
    )


def _opens_without_password(reader: pypdf.PdfReader) -> bool:
    try:
        return bool(reader.decrypt(""))
    except DependencyError:  # some ciphers need a package that this one does not ask for
        return False


def _words(error: Exception) -> str:
    if isinstance(error, MemoryError):
        return OUT_OF_MEMORY
    text = " ".join(str(error).split())
    return text[:120] if isinstance(error, PdfReadError) and text else f"{type(error).__name__}: {text[:120]}"


def metadata_title(reader: pypdf.PdfReader) -> str | None:
    """Take the title from the metadata.

    Args:
        reader: The open file.

    Returns:
        The title, or None where there is none that can be used.
    """
    try:
        title = (reader.metadata and reader.metadata.title) or ""
    except Exception:  # noqa: BLE001
        return None
    title = " ".join(page_text.readable(str(title)).split())
    usable = LEAST_TITLE_CHARS <= len(title) <= MOST_TITLE_CHARS and title.isprintable() and not NO_TITLE.match(title)
    return title if usable else None


def _first_lines(text: str) -> str | None:
    """Take the title from the first page: its first line, and the next ones as long as the title goes on."""
    lines = [line for line in page_text.lines_of(text) if line and not _is_venue(line)]
    if not lines:
        return None
    title = lines[0]
    for line in lines[1:3]:
        if not (GOES_ON.search(title) or (title.isupper() and line.isupper())):
            break
        title = title[:-1] + line if page_text.HYPHENATED.search(title) else f"{title} {line}"
    return title[:MOST_TITLE_CHARS]


def _is_venue(line: str) -> bool:
    return bool(VENUE.match(line))
