"""The listed papers of a prompt, wherever their PDFs are."""

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final, Protocol

import httpx

from cnaps_rag.errors import SourceError
from cnaps_rag.listing import ListedPaper
from cnaps_rag.records import Origin, PaperStatus
from cnaps_rag.settings import Settings
from cnaps_rag.sources.addresses import PaperAddress, address_of
from cnaps_rag.sources.corpus import Corpus
from cnaps_rag.sources.folder import PdfFolder
from cnaps_rag.sources.found import CHUNK_BYTES, FoundPdf
from cnaps_rag.sources.network import Network
from cnaps_rag.sources.parts import PartFile
from cnaps_rag.sources.schedule import SYSTEM_CLOCK, Clock

STOP_WAIT_S: Final = 2.0

logger = logging.getLogger(__name__)


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
        reason: Why there is no PDF and what to do about it, or what to know of the one there is, or None.
        seconds: How long it took to fetch.
        authors: The authors by arXiv's metadata, where it is known.
        journal: Where it was published by arXiv's metadata, or None.
    """

    address: PaperAddress
    status: PaperStatus
    origin: Origin = Origin.NONE
    path: Path | None = None
    sha256: str | None = None
    bytes: int = 0
    title: str | None = None
    reason: str | None = None
    seconds: float = 0.0
    authors: tuple[str, ...] = ()
    journal: str | None = None


Progress = Callable[[FetchedPaper], None]


class Library:
    """Fetches exactly the listed papers: from the folder given, else the corpus, else arXiv, CVF or an allowed host."""

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
        self._settings = settings
        self._allowed = frozenset(settings.allowed_hosts)
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
        addresses = [address_of(paper.url, self._allowed) for paper in listed]
        distinct: dict[str, PaperAddress] = {}
        for address in addresses:
            distinct.setdefault(address.key, address)
        run = _Run(progress)
        for address in distinct.values():
            run.settle(address, lambda address: self._on_disk(address, run))
        self._from_network(run.left(distinct.values()), run)
        return [replace(run.done[address.key], address=address) for address in addresses]

    def _on_disk(self, address: PaperAddress, run: "_Run") -> FoundPdf | None:
        given = None if self._folder is None else self._folder.find(address)
        if given is not None:
            return self._keep(address, given)
        found = self._corpus.find(address)
        if found is not None and self._settings.recheck and self._corpus.condition(address, found) is not None:
            run.held[address.key] = found
            return None
        return found

    def _keep(self, address: PaperAddress, given: FoundPdf) -> FoundPdf:
        with contextlib.suppress(SourceError):  # what the corpus holds may be broken: it is about to be replaced
            stored = self._corpus.find(address)
            if stored is not None and stored.sha256 == given.sha256:
                return replace(stored, origin=given.origin)
        with self._corpus.writing():
            return self._corpus.store(address, lambda part: _copy(given.path, part), origin=given.origin) or given

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
            if address.key not in run.held:
                run.settle(address, self._corpus.find)
        sites: dict[str, list[PaperAddress]] = {}
        for address in run.left(admitted):
            sites.setdefault(address.site, []).append(address)
        _side_by_side([partial(self._from_site, addresses, run) for addresses in sites.values()], self._network.stop)

    def _from_site(self, addresses: Sequence[PaperAddress], run: "_Run") -> None:
        self._network.learn(addresses)
        for address in addresses:
            run.settle(address, lambda address: self._network.find(address, run.held.get(address.key)), self._advice)

    def _advice(self, address: PaperAddress) -> str:
        near_miss = None if self._folder is None else self._folder.near_miss(address)
        advice = self._corpus.advice(address)
        return advice if near_miss is None else f"{near_miss}; {advice}"


class _Run:
    """What became of the papers so far."""

    def __init__(self, progress: Progress | None) -> None:
        self.done: dict[str, FetchedPaper] = {}
        self.held: dict[str, FoundPdf] = {}
        self._progress = progress
        self._telling = threading.Lock()

    def left(self, addresses: Iterable[PaperAddress]) -> list[PaperAddress]:
        return [address for address in addresses if address.key not in self.done]

    def settle(
        self,
        address: PaperAddress,
        find: Callable[[PaperAddress], FoundPdf | None],
        advise: Callable[[PaperAddress], str] | None = None,
    ) -> None:
        begun_s = time.perf_counter()
        try:
            found = find(address)
        except SourceError as error:
            held = self.held.get(address.key)
            reason = error.message if advise is None else f"{error.message}; {advise(address)}"
            paper = FetchedPaper(address=address, status=PaperStatus(error.status), reason=reason)
            if held is not None:
                logger.warning("%s: what the corpus holds is kept, it was not checked: %s", address.key, error.message)
                paper = _fetched(address, held)
        else:
            if found is None:
                return
            paper = _fetched(address, found)
        self.done[address.key] = replace(paper, seconds=time.perf_counter() - begun_s)
        if self._progress is not None:
            with self._telling:
                self._progress(self.done[address.key])


def _fetched(address: PaperAddress, found: FoundPdf) -> FetchedPaper:
    return FetchedPaper(
        address=address,
        status=PaperStatus.OK,
        origin=found.origin,
        path=found.path,
        sha256=found.sha256,
        bytes=found.bytes,
        title=found.title,
        reason=found.notice,
        authors=found.authors,
        journal=found.journal,
    )


def _copy(path: Path, part: PartFile) -> None:
    part.begin({})
    with path.open("rb") as source:
        while chunk := source.read(CHUNK_BYTES):
            part.write(chunk)


def _side_by_side(tasks: Sequence[Callable[[], None]], stop: Callable[[], None]) -> None:
    """Run tasks at the same time; the first error stops all and is raised, and so does Ctrl-C."""
    errors: list[BaseException] = []

    def run(task: Callable[[], None]) -> None:
        try:
            task()
        except BaseException as error:  # noqa: BLE001  it is raised again below, where the caller waits
            errors.append(error)
            stop()

    # Threads that may be left behind: a host that sends nothing more must not keep Ctrl-C waiting.
    threads = [threading.Thread(target=run, args=(task,), daemon=True) for task in tasks]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    except BaseException:
        stop()
        deadline_s = time.monotonic() + STOP_WAIT_S
        for thread in threads:
            thread.join(max(0.0, deadline_s - time.monotonic()))
        raise
    if errors:
        raise errors[0]
