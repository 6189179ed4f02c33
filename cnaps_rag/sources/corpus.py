"""The corpus folder: one folder per paper, its PDF and where that came from."""

import contextlib
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, BinaryIO, Final

from cnaps_rag.errors import StorageError
from cnaps_rag.layout import Layout
from cnaps_rag.records import Origin
from cnaps_rag.settings import Settings
from cnaps_rag.sources.addresses import PaperAddress
from cnaps_rag.sources.found import FoundPdf, examine
from cnaps_rag.sources.metadata import ArxivRecord
from cnaps_rag.sources.schedule import Clock
from cnaps_rag.storage import storage_error, write_json, writer_lock

LOCK_WAIT_S: Final = 3600.0


class Corpus:
    """PDFs that are already there, and a place for new ones.

    The PDF on disk is what counts. One without a `source.json` was put there by hand; one whose hash is not the one in
    `source.json` was replaced by hand. Both are taken as they are, and reading never writes: `source.json` goes on
    telling how the paper was last fetched.
    """

    def __init__(self, settings: Settings, clock: Clock) -> None:
        """Look nothing up yet.

        Args:
            settings: Name the folder and the largest PDF.
            clock: Says when a PDF was fetched.
        """
        self.layout = Layout.of(settings)
        self._max_bytes = settings.max_pdf_bytes
        self._clock = clock

    def find(self, address: PaperAddress) -> FoundPdf | None:
        """Look a paper up.

        Args:
            address: The paper.

        Returns:
            Its PDF, or None where there is none.
        """
        path = self.layout.paper_pdf(address.key)
        found = examine(path, address, origin=Origin.CORPUS, max_bytes=self._max_bytes)
        return found and _with_title(found, self._arxiv_record(address))

    def advice(self, address: PaperAddress) -> str:
        """Say how a PDF that cannot be fetched is supplied by hand.

        Args:
            address: The paper.

        Returns:
            Half a sentence.
        """
        path = self.layout.paper_pdf(address.key)
        return f"put its PDF at {path}, or as {address.file_name} into a folder given with --pdf-dir DIR"

    def writing(self) -> contextlib.AbstractContextManager[None]:
        """Keep other writers out for as long as papers are stored.

        Returns:
            A context; another process waits at its entrance.
        """
        return writer_lock(self.layout.corpus_lock, wait_s=LOCK_WAIT_S)

    def store(
        self,
        address: PaperAddress,
        fill: Callable[[BinaryIO], str | None],
        *,
        origin: Origin,
        record: ArxivRecord | None = None,
    ) -> FoundPdf:
        """Store a PDF: temporary sibling, fsync, rename; to be called while `writing`.

        Args:
            address: The paper.
            fill: Writes the PDF into the file it is given and returns the URL that it came from, or None.
            origin: Where the PDF comes from.
            record: What arXiv says of the paper.

        Returns:
            The stored PDF.

        Raises:
            StorageError: It could not be written.
        """
        path = self.layout.paper_pdf(address.key)
        with _part(path) as file:
            final_url = fill(file)
            file.flush()
            part = Path(file.name)
            found = examine(part, address, origin=origin, max_bytes=self._max_bytes)
        if found is None:
            raise StorageError(f"{part}: vanished while it was written; run again", path=part)
        arxiv = self._arxiv_record(address) if record is None else asdict(record)
        source = {
            "listed_url": address.url,
            "final_url": final_url,
            "sha256": found.sha256,
            "bytes": found.bytes,
            "fetched_at": self._clock.now().isoformat(timespec="seconds"),
            "origin": origin.value,
            "arxiv": arxiv,
        }
        write_json(self.layout.paper_source(address.key), source)
        return _with_title(replace(found, path=path), arxiv)

    def _arxiv_record(self, address: PaperAddress) -> dict[str, Any] | None:
        try:
            source = json.loads(self.layout.paper_source(address.key).read_bytes())
        except (OSError, ValueError, RecursionError):
            return None
        record = source.get("arxiv") if isinstance(source, dict) else None
        return record if isinstance(record, dict) else None


def _with_title(found: FoundPdf, record: dict[str, Any] | None) -> FoundPdf:
    title = None if record is None else record.get("title")
    return replace(found, title=title if isinstance(title, str) and title else None)


@contextlib.contextmanager
def _part(path: Path) -> Iterator[BinaryIO]:
    part = path.with_name(f".{path.name}.part")
    try:
        part.parent.mkdir(parents=True, exist_ok=True)
        try:
            with part.open("w+b") as file:
                yield file
                os.fsync(file.fileno())
            part.replace(path)
            _sync_folder(path.parent)
        finally:
            part.unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                path.parent.rmdir()  # only where nothing was stored
    except StorageError:
        raise
    except OSError as error:
        raise storage_error(path, error) from error


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
