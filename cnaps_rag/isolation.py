"""Reading PDFs that nobody vouches for: in a process of their own, with limits on time, memory and pages.

A page that hangs, explodes or kills the process is lost with its reason; the pages before and behind it are kept.
"""

import json
import os
import selectors
import subprocess
import sys
import time
import weakref
from pathlib import Path
from typing import Any, Final, NoReturn

from cnaps_rag.errors import DocumentError
from cnaps_rag.records import Document, Page
from cnaps_rag.settings import Settings

PAGE_SHARE: Final = 0.25
"""Of the time for a PDF, what one page of it may take: one that hangs leaves time for those behind it."""
MAX_STARTS: Final = 10
MOST_CHARS: Final = 20_000_000
"""Some 4,000 pages of prose; what all pages of one document may have together."""
START_TIMEOUT_S: Final = 60.0
READ_BYTES: Final = 1 << 16
OUT_OF_MEMORY: Final = "memory"
TOO_LONG: Final = f"beyond the {MOST_CHARS:,} characters that one document may have"
DIED: Final = "the reader's process died"
LIMITS: Final = {
    "timeout after": "raise Settings.parse_timeout_s",
    "memory": "raise Settings.parse_memory_bytes",
    "beyond the": "the file is too long to be a paper",
    DIED: "the file is broken, or made to break programs",
}
"""How the reasons for lost pages begin that a limit is to blame for, and what to do about them."""


class _EndedError(Exception):
    """The worker process was ended, or ended itself, before it had answered."""


class PdfReader:
    """Reads PDFs in a worker process, which is started when needed and reused for as long as it lives."""

    def __init__(self, settings: Settings) -> None:
        """Start nothing yet.

        Args:
            settings: The limits.
        """
        self._settings = settings
        self._worker: _Worker | None = None

    def read(self, path: Path, sha256: str) -> Document:
        """Read a PDF.

        Args:
            path: The file.
            sha256: Hash of the file.

        Returns:
            Its pages, cleaned; pages that could not be read within the limits are listed in `lost_pages`.

        Raises:
            DocumentError: It is no readable PDF, is encrypted, has no text, or not a page could be read within the
                limits.
        """
        reading, worker = _Reading(path), self._running(path)
        deadline_s = time.monotonic() + self._settings.parse_timeout_s
        for _ in range(MAX_STARTS):
            try:
                self._read_pages(worker, reading, deadline_s)
                break
            except _EndedError as error:
                out_of_time = time.monotonic() >= deadline_s
                reading.lose_next(self._timeout() if out_of_time else str(error))
                if out_of_time or reading.count is None or reading.next_index >= reading.count:
                    break
                worker = self._running(path)
        reading.lose_rest(self._settings.max_pages)
        if not any(reading.raw):
            self._say_limit(reading)
        return self._assemble(reading, sha256)

    def outdated(self, document: Document) -> bool:
        """Tell whether pages of a document were lost to limits that are other ones now.

        Args:
            document: A document that was read before.

        Returns:
            Whether reading it again may find more.
        """
        reasons = {reason for _, reason in document.lost_pages if reason.startswith(tuple(LIMITS))}
        limits = {self._timeout(), self._page_timeout(), self._memory(), _beyond(self._settings.max_pages), TOO_LONG}
        return bool(reasons - {*limits, DIED})

    def close(self) -> None:
        """End the worker process."""
        if self._worker is not None:
            self._worker.end()
            self._worker = None

    def _read_pages(self, worker: "_Worker", reading: "_Reading", deadline_s: float) -> None:
        settings = self._settings
        pages = {"first_index": reading.next_index, "max_pages": settings.max_pages}
        self._ask(worker, path=str(reading.path), backend=settings.pdf_backend, **pages)
        open_s = deadline_s
        while True:
            last = reading.count is None or reading.next_index + 1 >= reading.count
            page_s = deadline_s if last else time.monotonic() + PAGE_SHARE * settings.parse_timeout_s
            reply = self._reply(worker, min(deadline_s, max(open_s, page_s)))
            open_s = 0.0
            if "done" in reply:
                return
            if "error" in reply:
                if reply["error"] == OUT_OF_MEMORY and reading.count is not None:
                    raise self._ended(self._memory())
                self._fail(reading, reply)
            reading.take(reply, self._memory())

    def _assemble(self, reading: "_Reading", sha256: str) -> Document:
        worker, deadline_s = self._running(reading.path), time.monotonic() + self._settings.parse_timeout_s
        request = {"sha256": sha256, "raw": reading.raw, "lost": reading.lost, "title": reading.title}
        try:
            self._ask(worker, path=str(reading.path), **request)
            reply = self._reply(worker, deadline_s)
        except _EndedError as error:
            reason = self._timeout() if time.monotonic() >= deadline_s else str(error)
            raise self._limited(reason, reading.path) from error
        if "error" in reply:
            self._fail(reading, reply)
        return _document(reply["document"])

    def _fail(self, reading: "_Reading", reply: dict[str, Any]) -> NoReturn:
        if reply["error"] == OUT_OF_MEMORY:
            self.close()
            raise self._limited(self._memory(), reading.path)
        raise DocumentError(reply["error"], path=reading.path, status=reply["status"])

    def _say_limit(self, reading: "_Reading") -> None:
        """Say which limit left nothing of a file, where one did: the last one."""
        reasons = [reason for _, reason in reading.lost if reason.startswith(tuple(LIMITS))]
        if reasons:
            raise self._limited(reasons[-1], reading.path)

    def _limited(self, reason: str, path: Path) -> DocumentError:
        advice = next(what for beginning, what in LIMITS.items() if reason.startswith(beginning))
        return DocumentError(f"{reason}: {path} cannot be read; {advice}", path=path)

    def _running(self, path: Path) -> "_Worker":
        if self._worker is not None and not self._worker.alive:
            self.close()
        if self._worker is None:
            try:
                self._worker = _Worker()
                ready = self._worker.line(time.monotonic() + START_TIMEOUT_S)
            except OSError as error:
                raise DocumentError(f"the reader's process cannot be started ({error})", path=path) from error
            if not ready:
                self.close()
                raise DocumentError("the reader's process cannot be started", path=path)
        return self._worker

    def _ask(self, worker: "_Worker", **request: Any) -> None:
        limits = {"memory_bytes": self._settings.parse_memory_bytes, "timeout_s": self._settings.parse_timeout_s}
        try:
            worker.send(json.dumps({**request, **limits}).encode() + b"\n")
        except OSError as error:
            raise self._ended(DIED) from error

    def _reply(self, worker: "_Worker", deadline_s: float) -> dict[str, Any]:
        try:
            line = worker.line(deadline_s)
        except BaseException:
            self.close()
            raise
        if line is None:
            raise self._ended(self._page_timeout())
        if not line:
            raise self._ended(DIED)
        reply: dict[str, Any] = json.loads(line)
        return reply

    def _ended(self, reason: str) -> _EndedError:
        self.close()
        return _EndedError(reason)

    def _timeout(self) -> str:
        return f"timeout after {self._settings.parse_timeout_s:g} s"

    def _page_timeout(self) -> str:
        return f"timeout after {PAGE_SHARE * self._settings.parse_timeout_s:g} s on one page"

    def _memory(self) -> str:
        return f"memory: more than {self._settings.parse_memory_bytes >> 20:,} MiB"


class _Reading:
    """What has been read of one PDF."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.count: int | None = None
        self.title: str | None = None
        self.raw: list[list[list[Any]] | None] = []
        self.lost: list[tuple[int, str]] = []
        self._chars = 0

    @property
    def next_index(self) -> int:
        return len(self.raw)

    def take(self, reply: dict[str, Any], out_of_memory: str) -> None:
        if "count" in reply:
            self.count, self.title = reply["count"], reply["title"]
        elif reply["reason"] is not None:
            self.lose_next(out_of_memory if reply["reason"] == "memory" else reply["reason"])
        elif self._chars + (length := sum(len(text) for text, *_ in reply["lines"])) > MOST_CHARS:
            self.lose_next(TOO_LONG)
        else:
            self.raw.append(reply["lines"])
            self._chars += length

    def lose_next(self, reason: str) -> None:
        self.raw.append(None)
        self.lost.append((self.next_index, reason))

    def lose_rest(self, max_pages: int) -> None:
        last = self.lost[-1][1] if self.lost else "not read"
        while self.next_index < (self.count or 0):
            self.lose_next(_beyond(max_pages) if self.next_index >= max_pages else last)


class _Worker:
    """A worker process and the lines that come from it."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "cnaps_rag.pdf_worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        )
        self._rest = bytearray()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._out, selectors.EVENT_READ)
        self.end = weakref.finalize(self, _end, self._process, self._selector)

    @property
    def _out(self) -> int:
        if self._process.stdout is None:
            raise OSError("the reader's process has no output")
        return self._process.stdout.fileno()

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def send(self, line: bytes) -> None:
        if self._process.stdin is None:
            raise OSError("the reader's process has no input")
        view = memoryview(line)
        while view:
            view = view[self._process.stdin.write(view) or 0 :]

    def line(self, deadline_s: float) -> bytes | None:
        """Wait for a line: None where none comes in time, nothing where the process has ended."""
        while True:
            end = self._rest.find(b"\n")
            if end >= 0:
                line = bytes(self._rest[: end + 1])
                del self._rest[: end + 1]
                return line
            if not self._selector.select(max(0.0, deadline_s - time.monotonic())):
                return None
            read = os.read(self._out, READ_BYTES)
            if not read:
                return b""
            self._rest += read


def _end(process: "subprocess.Popen[bytes]", selector: selectors.BaseSelector) -> None:
    selector.close()
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()


def _beyond(max_pages: int) -> str:
    return f"beyond the {max_pages:,} pages that Settings.max_pages allows"


def _document(row: dict[str, Any]) -> Document:
    return Document(
        sha256=row["sha256"],
        title=row["title"],
        pages=tuple(Page.from_record(page) for page in row["pages"]),
        lost_pages=tuple((number, reason) for number, reason in row["lost_pages"]),
    )
