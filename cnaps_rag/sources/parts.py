"""Downloads on their way to disk: a part file that a later request, or a later run, may go on with."""

import contextlib
import json
import os
from collections.abc import Mapping
from datetime import timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Final, Protocol

from cnaps_rag.storage import write_json

CHECKPOINT_BYTES: Final = 1 << 20
"""So much may be lost when the machine goes down; what lies before is known to be on disk."""


class Sink(Protocol):
    """Takes the body of a response."""

    @property
    def size(self) -> int:
        """How many bytes of the body it has."""

    @property
    def validator(self) -> str | None:
        """What the server calls this state of the file, where the rest of it may be asked for."""

    def begin(self, headers: Mapping[str, str]) -> None:
        """Drop what there is: the body comes from its first byte.

        Args:
            headers: The response's headers.
        """

    def write(self, chunk: bytes) -> None:
        """Append to the body.

        Args:
            chunk: The next bytes.
        """


class MemorySink:
    """Keeps the body in memory."""

    validator = None

    def __init__(self) -> None:
        """Begin empty."""
        self.content = bytearray()

    @property
    def size(self) -> int:
        """How many bytes of the body it has."""
        return len(self.content)

    def begin(self, headers: Mapping[str, str]) -> None:  # noqa: ARG002
        """Drop what there is.

        Args:
            headers: The response's headers.
        """
        self.content.clear()

    def write(self, chunk: bytes) -> None:
        """Append to the body.

        Args:
            chunk: The next bytes.
        """
        self.content += chunk


class PartFile:
    """A part file and beside it a note of what it is a part of; both survive the process.

    Only the bytes that the note says are on disk are gone on with: a machine that lost its power may leave a file
    that is longer than what was written.
    """

    def __init__(self, path: Path, url: str | None) -> None:
        """Open what an earlier run left, where it is a part of the same file; else begin empty.

        Args:
            path: The part file; its folder is made where it is missing.
            url: Where the body comes from, or None where it is never gone on with.
        """
        self.path = path
        self.validator: str | None = None
        self._note = path.with_name(f"{path.name}.json")
        self._url = url
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("r+b" if path.exists() else "w+b")
        self.size = self._left_over()
        self._file.truncate(self.size)
        self._file.seek(self.size)
        self._on_disk = self.size

    def begin(self, headers: Mapping[str, str]) -> None:
        """Drop what there is: the body comes from its first byte.

        Args:
            headers: The response's headers; empty ones where the next bytes are not a response's.
        """
        self._file.seek(0)
        self._file.truncate()
        self.size = self._on_disk = 0
        self.validator = strong_validator(headers)
        self._note.unlink(missing_ok=True)

    def write(self, chunk: bytes) -> None:
        """Append to the body.

        Args:
            chunk: The next bytes.
        """
        self._file.write(chunk)
        self.size += len(chunk)
        if self.size - self._on_disk >= CHECKPOINT_BYTES:
            self.checkpoint()

    def head(self, size: int) -> bytes:
        """Read the beginning of the body.

        Args:
            size: How many bytes.

        Returns:
            So many, or all there are.
        """
        self._file.seek(0)
        head = self._file.read(size)
        self._file.seek(0, os.SEEK_END)
        return head

    def checkpoint(self) -> None:
        """Bring what was written to disk, and note how much that is where it may be gone on with."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._on_disk = self.size
        if self.validator is not None and self._url is not None:
            write_json(self._note, {"url": self._url, "validator": self.validator, "bytes": self.size})

    def finish(self, target: Path) -> None:
        """Put the complete file in its place.

        Args:
            target: Its place, in the same folder.
        """
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self.path.replace(target)
        self._note.unlink(missing_ok=True)

    def leave(self) -> None:
        """Keep what is there for a later run, where it may be gone on with; else discard it."""
        if self.validator is None or self._url is None or self.size == 0:
            self.discard()
            return
        self.checkpoint()
        self._file.close()

    def discard(self) -> None:
        """Remove the part file and its note."""
        with contextlib.suppress(OSError):
            self._file.close()
        self.path.unlink(missing_ok=True)
        self._note.unlink(missing_ok=True)

    def _left_over(self) -> int:
        try:
            note = json.loads(self._note.read_bytes())
            url, validator, size = note["url"], note["validator"], note["bytes"]
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return 0
        fits = url == self._url and isinstance(size, int)
        fits = fits and isinstance(validator, str) and validator.isascii() and validator.isprintable()
        if self._url is None or not fits or not 0 < size <= os.fstat(self._file.fileno()).st_size:
            return 0
        self.validator = validator
        return int(size)


def strong_validator(headers: Mapping[str, str]) -> str | None:
    """Take from a response what a later request for the rest may name in If-Range.

    Args:
        headers: The response's headers.

    Returns:
        The ETag where it is a strong one, else the Last-Modified where it is a second older than the response, else
        None.

    Source: RFC 9110, sections 8.8.2.2 and 13.1.5, https://www.rfc-editor.org/rfc/rfc9110#section-13.1.5
    """
    etag = headers.get("etag", "")
    if etag:
        return etag if etag.startswith('"') else None
    modified = headers.get("last-modified", "")
    try:
        age = parsedate_to_datetime(headers.get("date", "")) - parsedate_to_datetime(modified)
    except (ValueError, TypeError):
        return None
    return modified if age >= timedelta(seconds=1) else None
