"""The process that PDFs are read in: `python -m cnaps_rag.pdf_worker`, one JSON request a line, one JSON reply a line.

It is started by `isolation` and ends when its input does. It loads nothing beyond what reads PDFs, so that it
is there in a tenth of a second, and may be killed at any time: it writes no file.
"""

import json
import resource
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cnaps_rag import pdf
from cnaps_rag.errors import DocumentError
from cnaps_rag.lines import Line
from cnaps_rag.settings import PdfBackend

MOST_PAGE_CHARS = 1_000_000
SPARE_CPU_S = 5


def main() -> None:
    """Answer requests until there are no more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the program that asks, which ends this one
    replies, sys.stdout = sys.stdout.buffer, sys.stderr  # nothing that a library prints may come between replies
    replies.write(b"ready\n")
    replies.flush()
    for line in sys.stdin.buffer:
        request = json.loads(line)
        _limit(request["memory_bytes"], request["timeout_s"])
        for reply in answer(request):
            replies.write(json.dumps(reply).encode() + b"\n")
            replies.flush()


def answer(request: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Do what a request asks.

    Args:
        request: `path`, and either `backend`, `first_index` and `max_pages`, or `sha256`, `raw`, `lost` and `title`.

    Yields:
        To the first kind: `count` and `title`, then each page's `index` with its `lines` or `reason`, then `done`. To
        the second kind: the `document`. To both, where it fails: `error`, `status`.
    """
    path = Path(request["path"])
    try:
        if "raw" in request:
            lost = [(number, reason) for number, reason in request["lost"]]
            raw = [None if page is None else [Line.from_record(line) for line in page] for page in request["raw"]]
            document = pdf.assemble(path, request["sha256"], raw, lost, request["title"])
            yield {"document": asdict(document)}
        else:
            yield from _pages(path, PdfBackend(request["backend"]), request["first_index"], request["max_pages"])
    except DocumentError as error:
        cause = error.__cause__
        yield {"error": pdf.OUT_OF_MEMORY if isinstance(cause, MemoryError) else error.message, "status": error.status}
    except MemoryError:
        yield {"error": pdf.OUT_OF_MEMORY, "status": "failed"}


def _pages(path: Path, backend: PdfBackend, first_index: int, max_pages: int) -> Iterator[dict[str, Any]]:
    file = pdf.open_pdf(path, backend)
    count = file.page_count
    yield {"count": count, "title": pdf.metadata_title(file)}
    for index in range(first_index, min(count, max_pages)):
        lines, reason = pdf.read_page(file, index)
        if sum(len(line.text) for line in lines or ()) > MOST_PAGE_CHARS:
            lines, reason = None, f"more than {MOST_PAGE_CHARS:,} characters on one page"
        yield {"index": index, "lines": lines and [line.to_record() for line in lines], "reason": reason}
    yield {"done": True}


def _limit(memory_bytes: int, timeout_s: float) -> None:
    # Some systems know no such limit, or a lower one; the program that asks keeps the time too.
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, resource.RLIM_INFINITY))
    with suppress(ValueError, OSError):
        usage = resource.getrusage(resource.RUSAGE_SELF)
        end_s = int(usage.ru_utime + usage.ru_stime + timeout_s) + SPARE_CPU_S
        resource.setrlimit(resource.RLIMIT_CPU, (end_s, resource.RLIM_INFINITY))


if __name__ == "__main__":
    main()
