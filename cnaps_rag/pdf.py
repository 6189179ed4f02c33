"""PDF to pages, through pypdf. The one module that knows pypdf."""

import hashlib
import logging
import re
from pathlib import Path

import pypdf
from pypdf.errors import PdfReadError

from cnaps_rag import page_text
from cnaps_rag.errors import DocumentError
from cnaps_rag.records import Document, PaperStatus

FINGERPRINT = f"pypdf-{pypdf.__version__}+{page_text.FINGERPRINT}"
MOST_TITLE_CHARS = 250
LEAST_TITLE_CHARS = 8
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
    raw, lost, title = _extract(path)
    pages = page_text.clean_pages(raw)
    if not any(page.text.strip() for page in pages):
        raise DocumentError(
            f"{path}: no page has text (a scan without a text layer?); run OCR on it and supply the result",
            path=path,
            status=PaperStatus.NO_TEXT,
        )
    return Document(
        sha256=hashlib.sha256(content).hexdigest(),
        title=title or _first_lines(next((text for text in raw if text), "")),
        pages=pages,
        lost_pages=tuple(lost),
    )


def _extract(path: Path) -> tuple[list[str | None], list[tuple[int, str]], str | None]:
    # pypdf raises many kinds of errors on broken files, RecursionError and MemoryError among them
    try:
        reader = pypdf.PdfReader(path)
        locked = reader.is_encrypted and not reader.decrypt("")
        count = 0 if locked else len(reader.pages)
    except Exception as error:
        raise DocumentError(f"{path}: not a readable PDF ({_words(error)}); download it again", path=path) from error
    if locked:
        raise DocumentError(f"{path}: the PDF is encrypted; supply a copy without a password", path=path)
    raw: list[str | None] = []
    lost: list[tuple[int, str]] = []
    for index in range(count):
        try:
            raw.append(reader.pages[index].extract_text())
        except Exception as error:  # noqa: BLE001
            raw.append(None)
            lost.append((index + 1, _words(error)))
    return raw, lost, _metadata_title(reader)


def _words(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text[:120] if isinstance(error, PdfReadError) and text else f"{type(error).__name__}: {text[:120]}"


def _metadata_title(reader: pypdf.PdfReader) -> str | None:
    try:
        title = (reader.metadata and reader.metadata.title) or ""
    except Exception:  # noqa: BLE001
        return None
    title = " ".join(str(title).translate(page_text.CHARACTERS).split())
    usable = LEAST_TITLE_CHARS <= len(title) <= MOST_TITLE_CHARS and title.isprintable() and not NO_TITLE.match(title)
    return title if usable else None


def _first_lines(text: str) -> str | None:
    """Take the title from the first page: its first line, and the next ones as long as the title goes on."""
    lines = [" ".join(line.split()) for line in text.translate(page_text.CHARACTERS).splitlines()]
    lines = [line for line in lines if line and not page_text.STAMP.match(line) and not _is_venue(line)]
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
