"""The listed papers of a prompt, wherever their PDFs are."""

import contextlib
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, Protocol

import httpx

from cnaps_rag.errors import SourceError
from cnaps_rag.records import ListedPaper, Origin, PaperStatus
from cnaps_rag.settings import Settings
from cnaps_rag.sources.addresses import PaperAddress, address_of
from cnaps_rag.sources.corpus import Corpus
from cnaps_rag.sources.folder import PdfFolder
from cnaps_rag.sources.found import FoundPdf
from cnaps_rag.sources.network import Network
from cnaps_rag.sources.schedule import SYSTEM_CLOCK, Clock


class PaperSource(Protocol):
    """Something that may have the PDF of a listed paper."""

    def find(self, address: PaperAddress) -> FoundPdf | None:
        """Look a paper up.

        Args:
            address: The paper.

        Returns:
            Its PDF, or None where another source is to be asked.

        Raises:
            SourceError: No other source is to be asked; `status` says which way it failed.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchedPaper:
    """What became of the PDF of a listed paper.

    Attributes:
        address: Its address.
        status: `ok`, or which way it failed.
        origin: Where the PDF came from; `none` where there is none.
        path: The PDF in the corpus, or None.
        sha256: Hash of the PDF, or None.
        bytes: Size of the PDF, 0 where there is none.
        title: The title by arXiv's metadata, where it is known.
        reason: Why there is no PDF and what to do about it, or None where there is one.
    """

    address: PaperAddress
    status: PaperStatus
    origin: Origin = Origin.NONE
    path: Path | None = None
    sha256: str | None = None
    bytes: int = 0
    title: str | None = None
    reason: str | None = None


Progress = Callable[[FetchedPaper], None]


class Library:
    """Fetches exactly the listed papers: from the folder given, else the corpus, else arXiv or CVF."""

    def __init__(
        self,
        settings: Settings,
        *,
        pdf_dir: Path | None = None,
        transport: httpx.BaseTransport | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        """Open the folder; nothing is fetched yet.

        Args:
            settings: Where the corpus lies, and the limits of the network.
            pdf_dir: A folder of PDFs that is asked first.
            transport: Sends the requests instead of the network and its proxies; the caller closes it.
            clock: Time and waiting.
        """
        self._folder = None if pdf_dir is None else PdfFolder(Path(pdf_dir), settings)
        self._corpus = Corpus(settings, clock)
        self._network = Network(settings, self._corpus, clock=clock, transport=transport)

    def fetch(self, listed: Sequence[ListedPaper], progress: Progress | None = None) -> list[FetchedPaper]:
        """Bring the PDFs of listed papers into the corpus.

        One paper that cannot be had never stops the others; a corpus that cannot be written does (`StorageError`).

        Args:
            listed: The papers.
            progress: Called with each distinct paper as it is done.

        Returns:
            What became of each, in the order given; papers at one address share one PDF.
        """
        addresses = [address_of(paper.url) for paper in listed]
        distinct: dict[str, PaperAddress] = {}
        for address in addresses:
            distinct.setdefault(address.key, address)
        run = _Run(progress)
        for address in distinct.values():
            run.settle(address, self._on_disk)
        self._from_network(run.left(distinct.values()), run)
        return [replace(run.done[address.key], address=address) for address in addresses]

    def _on_disk(self, address: PaperAddress) -> FoundPdf | None:
        given = None if self._folder is None else self._folder.find(address)
        return self._corpus.find(address) if given is None else self._keep(address, given)

    def _keep(self, address: PaperAddress, given: FoundPdf) -> FoundPdf:
        with contextlib.suppress(SourceError):  # what the corpus holds may be broken: it is about to be replaced
            stored = self._corpus.find(address)
            if stored is not None and stored.sha256 == given.sha256:
                return replace(stored, origin=given.origin)
        with self._corpus.writing():
            return self._corpus.store(address, lambda file: _copy(given.path, file), origin=given.origin)

    def _from_network(self, missing: Sequence[PaperAddress], run: "_Run") -> None:
        with self._network.open(missing):
            for address in missing:
                run.settle(address, self._network.admit, self._advice)
            admitted = run.left(missing)
            if admitted:
                with self._corpus.writing():
                    self._download(admitted, run)

    def _download(self, admitted: Sequence[PaperAddress], run: "_Run") -> None:
        # Another process may have stored some of them while this one waited for the lock.
        for address in admitted:
            run.settle(address, self._corpus.find)
        left = run.left(admitted)
        self._network.learn(left)
        for address in left:
            run.settle(address, self._network.find, self._advice)

    def _advice(self, address: PaperAddress) -> str:
        near_miss = None if self._folder is None else self._folder.near_miss(address)
        advice = self._corpus.advice(address)
        return advice if near_miss is None else f"{near_miss}; {advice}"


class _Run:
    """What became of the papers so far."""

    def __init__(self, progress: Progress | None) -> None:
        self.done: dict[str, FetchedPaper] = {}
        self._progress = progress

    def left(self, addresses: Iterable[PaperAddress]) -> list[PaperAddress]:
        return [address for address in addresses if address.key not in self.done]

    def settle(
        self,
        address: PaperAddress,
        find: Callable[[PaperAddress], FoundPdf | None],
        advise: Callable[[PaperAddress], str] | None = None,
    ) -> None:
        try:
            found = find(address)
        except SourceError as error:
            reason = error.message if advise is None else f"{error.message}; {advise(address)}"
            paper = FetchedPaper(address=address, status=PaperStatus(error.status), reason=reason)
        else:
            if found is None:
                return
            paper = _fetched(address, found)
        self.done[address.key] = paper
        if self._progress is not None:
            self._progress(paper)


def _fetched(address: PaperAddress, found: FoundPdf) -> FetchedPaper:
    return FetchedPaper(
        address=address,
        status=PaperStatus.OK,
        origin=found.origin,
        path=found.path,
        sha256=found.sha256,
        bytes=found.bytes,
        title=found.title,
    )


def _copy(path: Path, file: BinaryIO) -> None:
    with path.open("rb") as source:
        shutil.copyfileobj(source, file)
