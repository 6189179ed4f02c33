"""The corpus folder: one folder per paper, its PDF and where that came from."""

import contextlib
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

from cnaps_rag.errors import SourceError, StorageError
from cnaps_rag.layout import Layout
from cnaps_rag.records import Origin, PaperStatus
from cnaps_rag.settings import Settings
from cnaps_rag.sources.addresses import PaperAddress
from cnaps_rag.sources.found import FoundPdf, examine
from cnaps_rag.sources.metadata import ArxivRecord
from cnaps_rag.sources.parts import PartFile
from cnaps_rag.sources.schedule import Clock
from cnaps_rag.sources.transfer import Receipt
from cnaps_rag.storage import left_overs, storage_error, sweep, sync_folder, write_json, writer_lock

LOCK_WAIT_S: Final = 3600.0
OF_NO_USE: Final = frozenset({PaperStatus.NOT_FOUND, PaperStatus.NOT_A_PDF, PaperStatus.TOO_LARGE})
"""Ends of a transfer after which there is nothing to go on with."""

Fill = Callable[[PartFile], Receipt | None]
"""Writes a PDF and returns what the server sent with it, or None where no server did."""


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
        return found and _described(found, self._source(address).get("arxiv"))

    def condition(self, address: PaperAddress, held: FoundPdf) -> dict[str, str] | None:
        """Say how to ask whether a paper that is there has changed where it came from.

        Args:
            address: The paper.
            held: Its PDF as it is there.

        Returns:
            Headers that ask for it only where it has changed, none where the server named no state; None where it
            did not come from the network, or was replaced by hand since.
        """
        source = self._source(address)
        if source.get("origin") != Origin.NETWORK.value:
            return None
        if source.get("sha256") != held.sha256:
            # A run that was killed between description and PDF left the PDF that the described one was to replace.
            return {} if source.get("replaces") == held.sha256 else None
        names = {"If-None-Match": source.get("etag"), "If-Modified-Since": source.get("last_modified")}
        return {name: value for name, value in names.items() if isinstance(value, str) and value.isprintable()}

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
        self, address: PaperAddress, fill: Fill, *, origin: Origin, record: ArxivRecord | None = None
    ) -> FoundPdf | None:
        """Store a PDF: temporary sibling, fsync, rename; to be called while `writing`.

        Args:
            address: The paper.
            fill: Writes the PDF.
            origin: Where the PDF comes from.
            record: What arXiv says of the paper.

        Returns:
            The stored PDF, or None where the server says that the one that is there is still right.

        Raises:
            StorageError: It could not be written.
        """
        path = self.layout.paper_pdf(address.key)
        arxiv = self._source(address).get("arxiv") if record is None else asdict(record)
        with self._part(address, path) as part:
            receipt = fill(part)
            if receipt is not None and receipt.unchanged:
                part.discard()
                checked = {"checked_at": self._clock.now().isoformat(timespec="seconds"), "arxiv": arxiv}
                write_json(self.layout.paper_source(address.key), {**self._source(address), **checked})
                return None
            part.checkpoint()
            found = examine(part.path, address, origin=origin, max_bytes=self._max_bytes)
            if found is None:
                raise StorageError(f"{part.path}: vanished while it was written; run again", path=part.path)
            # Before the PDF: what is broken off here leaves a description without its PDF, which is fetched again.
            description = self._description(address, found, receipt, arxiv)
            description["replaces"] = self._sha256(path, address)
            write_json(self.layout.paper_source(address.key), description)
            part.finish(path)
            sync_folder(path.parent)
        return _described(replace(found, path=path), arxiv)

    def _description(
        self, address: PaperAddress, found: FoundPdf, receipt: Receipt | None, arxiv: dict[str, Any] | None
    ) -> dict[str, Any]:
        return {
            "listed_url": address.url,
            "final_url": receipt and receipt.final_url,
            "sha256": found.sha256,
            "bytes": found.bytes,
            "etag": receipt and receipt.etag,
            "last_modified": receipt and receipt.last_modified,
            "fetched_at": self._clock.now().isoformat(timespec="seconds"),
            "origin": found.origin.value,
            "arxiv": arxiv,
        }

    def _sha256(self, path: Path, address: PaperAddress) -> str | None:
        try:
            found = examine(path, address, origin=Origin.CORPUS, max_bytes=self._max_bytes)
        except SourceError:
            return None
        return None if found is None else found.sha256

    def _source(self, address: PaperAddress) -> dict[str, Any]:
        try:
            source = json.loads(self.layout.paper_source(address.key).read_bytes())
        except (OSError, ValueError, RecursionError):
            return {}
        return source if isinstance(source, dict) else {}

    @contextlib.contextmanager
    def _part(self, address: PaperAddress, path: Path) -> Iterator[PartFile]:
        """Open the part file of a paper; a download that breaks off leaves it, where another can go on with it."""
        try:
            part = PartFile(path.with_name(f".{path.name}.part"), address.download_url)
            sweep(left for left in left_overs(path.parent) if left != part.path)
            try:
                yield part
            except SourceError as error:
                _end(part, keep=error.status not in OF_NO_USE)
                raise
            except BaseException as error:
                _end(part, keep=not isinstance(error, Exception))
                raise
        except StorageError:
            raise
        except OSError as error:
            raise storage_error(path, error) from error
        finally:
            with contextlib.suppress(OSError):
                path.parent.rmdir()  # only where nothing was stored


def withdrawal_notice(record: Any) -> str | None:
    """Say that a paper was withdrawn.

    Args:
        record: What arXiv says of the paper, as it stands in `source.json`.

    Returns:
        The notice, or None where it was not.
    """
    words = record.get("withdrawn") if isinstance(record, dict) else None
    return f"withdrawn, arXiv says: {words}" if isinstance(words, str) else None


def _described(found: FoundPdf, record: Any) -> FoundPdf:
    known: dict[str, Any] = record if isinstance(record, dict) else {}
    authors = known.get("authors")
    return replace(
        found,
        title=_words(known.get("title")),
        notice=withdrawal_notice(record),
        authors=tuple(filter(None, map(_words, authors))) if isinstance(authors, list | tuple) else (),
        journal=_words(known.get("journal")),
    )


def _words(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _end(part: PartFile, *, keep: bool) -> None:
    # The error that is on its way says more than one from here: on a full disk both fail.
    with contextlib.suppress(OSError):
        if keep:
            part.leave()
            return
    part.discard()
