"""A PDF that was found, looked at before it is trusted."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from cnaps_rag.errors import SourceError
from cnaps_rag.records import Origin, PaperStatus
from cnaps_rag.sources.addresses import PaperAddress

PDF_MARK = b"%PDF-"
HEAD_BYTES = 1024
CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPdf:
    """A PDF on disk.

    Attributes:
        path: The file.
        origin: Where it came from.
        sha256: Hash of its bytes.
        bytes: Its size.
        title: The paper's title by arXiv's metadata, where it is known.
        notice: What else its reader should know: that it was withdrawn; else None.
        authors: The authors by arXiv's metadata, where it is known.
        journal: Where it was published by arXiv's metadata, or None.
    """

    path: Path
    origin: Origin
    sha256: str
    bytes: int
    title: str | None = None
    notice: str | None = None
    authors: tuple[str, ...] = ()
    journal: str | None = None


def examine(path: Path, address: PaperAddress, *, origin: Origin, max_bytes: int) -> FoundPdf | None:
    """Judge a file by its bytes.

    Args:
        path: The file.
        address: The paper it is said to be.
        origin: Where it came from.
        max_bytes: Larger files are refused.

    Returns:
        The PDF, or None where there is no such file.

    Raises:
        SourceError: It is too large, is no PDF, or cannot be read.

    Source: a PDF's header stands within its first 1024 bytes, PDF Reference 1.7, appendix H.3, note 13,
    https://opensource.adobe.com/dc-acrobat-sdk-docs/pdfstandards/pdfreference1.7old.pdf
    """
    try:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
            size = file.seek(0, 2)
            file.seek(0)
            _judge(path, address, head, size, max_bytes)
            digest = hashlib.sha256()
            while chunk := file.read(CHUNK_BYTES):
                digest.update(chunk)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        message = f"{path} cannot be read ({error.strerror or error})"
        raise SourceError(message, url=address.url, status=PaperStatus.FAILED) from error
    return FoundPdf(path=path, origin=origin, sha256=digest.hexdigest(), bytes=size)


def is_pdf(head: bytes) -> bool:
    """Tell a PDF by its beginning.

    Args:
        head: The first 1024 bytes.

    Returns:
        Whether a PDF's header stands in them.
    """
    return PDF_MARK in head[:HEAD_BYTES]


def _judge(path: Path, address: PaperAddress, head: bytes, size: int, max_bytes: int) -> None:
    if size > max_bytes:
        message = f"{path} has {size:,} bytes, more than the {max_bytes:,} that Settings.max_pdf_bytes allows"
        raise SourceError(message, url=address.url, status=PaperStatus.TOO_LARGE)
    if not is_pdf(head):
        message = f"{path} is not a PDF: no %PDF- in its first {HEAD_BYTES} bytes; replace or remove it"
        raise SourceError(message, url=address.url, status=PaperStatus.NOT_A_PDF)
