"""arXiv, CVF and allowed hosts over the network: nothing else is asked, and no network is found out in seconds."""

import contextlib
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import Final

import httpx

from cnaps_rag.errors import SourceError
from cnaps_rag.records import Origin, PaperStatus
from cnaps_rag.settings import Settings
from cnaps_rag.sources.addresses import AddressKind, PaperAddress
from cnaps_rag.sources.corpus import Corpus, withdrawal_notice
from cnaps_rag.sources.found import HEAD_BYTES, FoundPdf, is_pdf
from cnaps_rag.sources.metadata import ArxivRecord, arxiv_records
from cnaps_rag.sources.parts import PartFile
from cnaps_rag.sources.schedule import Clock, Schedules
from cnaps_rag.sources.transfer import Receipt, Transfer, words
from cnaps_rag.version import VERSION

PROBED_HOSTS: Final = {AddressKind.ARXIV.value: "arxiv.org", AddressKind.CVF.value: "openaccess.thecvf.com"}
"""The host that is asked whether a site can be reached; any other site is called by its host."""
PROBE_GRACE_S: Final = 1.0
MAX_PROBE_S: Final = 8.0


class Network:
    """Downloads listed papers into a corpus.

    What it learns about its hosts in one run (reachable or not, when the next request may be sent) holds as long as it
    lives.
    """

    def __init__(
        self, settings: Settings, corpus: Corpus, *, clock: Clock, transport: httpx.BaseTransport | None = None
    ) -> None:
        """Send nothing yet.

        Args:
            settings: Limits, timeouts, the contact, and whether the network may be used at all.
            corpus: Takes the PDFs.
            clock: Time and waiting.
            transport: Sends the requests instead of the network and its proxies; the caller closes it.
        """
        self._settings = settings
        self._corpus = corpus
        self._clock = clock
        self._transport = transport
        self._schedules = Schedules(clock)
        self._verdicts: dict[str, str | None] = {}
        self._records: dict[str, ArxivRecord] = {}
        self._transfer: Transfer | None = None

    @contextlib.contextmanager
    def open(self, addresses: Iterable[PaperAddress]) -> Iterator[None]:
        """Connect, and find out which of the hosts in question answer.

        Args:
            addresses: The papers in question.

        Yields:
            Nothing; `admit` and `find` may be called.
        """
        sites = {address.site for address in addresses if address.refusal is None}
        client = self._connect(sites) if sites and not self._settings.offline else None
        if client is None:
            yield
            return
        self._probe(client, sites - set(self._verdicts))
        self._transfer = Transfer(
            client,
            self._schedules,
            self._clock,
            max_bytes=self._settings.max_pdf_bytes,
            allowed=frozenset(self._settings.allowed_hosts),
        )
        try:
            yield
        finally:
            self.stop()
            self._transfer = None
            if self._transport is None:
                client.close()

    def stop(self) -> None:
        """Break off what is being transferred, as soon as its next bytes come."""
        if self._transfer is not None:
            self._transfer.stopped.set()

    def admit(self, address: PaperAddress) -> None:
        """Let a paper pass that can be asked for.

        Args:
            address: The paper.

        Raises:
            SourceError: Its host is not one to fetch from, there is no network, or the host does not answer.
        """
        if address.refusal is not None:
            message = f"not fetched, only arXiv and CVF are: {address.refusal}"
            raise SourceError(message, url=address.url, status=PaperStatus.UNLISTED_HOST)
        if self._settings.offline:
            raise SourceError("not fetched: offline", url=address.url, status=PaperStatus.OFFLINE)
        verdict = self._verdicts.get(address.site)
        if verdict is not None:
            raise SourceError(verdict, url=address.url, status=PaperStatus.UNREACHABLE)

    def learn(self, addresses: Iterable[PaperAddress]) -> None:
        """Ask arXiv for the titles, authors and dates of papers in one request.

        Args:
            addresses: The papers; those of other hosts are passed over.
        """
        ids = [address.arxiv for address in addresses if address.arxiv is not None]
        if ids and self._transfer is not None:
            self._records |= {str(key): record for key, record in arxiv_records(ids, self._transfer).items()}

    def find(self, address: PaperAddress, held: FoundPdf | None = None) -> FoundPdf:
        """Download a paper into the corpus; to be called while the corpus is kept from other writers.

        Args:
            address: The paper.
            held: Its PDF in the corpus, which is kept where its host says that it has not changed.

        Returns:
            The stored PDF.

        Raises:
            SourceError: It could not be had; `status` says which way it failed.
        """
        self.admit(address)
        record = self._records.get(str(address.arxiv))
        condition = None if held is None else self._corpus.condition(address, held)

        def fill(part: PartFile) -> Receipt:
            return self._download(address, part, condition)

        try:
            stored = self._corpus.store(address, fill, origin=Origin.NETWORK, record=record)
        except SourceError as error:
            if error.status == PaperStatus.UNREACHABLE:
                self._verdicts[address.site] = error.message
            notice = withdrawal_notice(record and asdict(record))
            if notice is not None:
                message = f"{error.message}; {notice}"
                raise SourceError(message, url=error.url, status=error.status, attempt=error.attempt) from error
            raise
        if stored is not None:
            return stored
        if held is None:
            raise SourceError(f"{address.download_url}: the server says that nothing has changed", url=address.url)
        return self._corpus.find(address) or held

    def _download(self, address: PaperAddress, part: PartFile, condition: Mapping[str, str] | None) -> Receipt:
        if self._transfer is None or address.download_url is None:
            raise SourceError("not fetched: no connection is open", url=address.url)
        receipt = self._transfer.fetch(address.download_url, part, condition)
        if not receipt.unchanged and not is_pdf(part.head(HEAD_BYTES)):
            message = f"{receipt.final_url}: the server sent no PDF ({receipt.content_type})"
            raise SourceError(message, url=address.url, status=PaperStatus.NOT_A_PDF)
        return receipt

    def _connect(self, sites: Iterable[str]) -> httpx.Client | None:
        settings = self._settings
        try:
            return httpx.Client(
                transport=self._transport,
                headers={"User-Agent": user_agent(settings.contact), "Accept-Encoding": "identity"},
                timeout=httpx.Timeout(settings.read_timeout_s, connect=settings.connect_timeout_s),
            )
        except (OSError, ValueError, ImportError, httpx.InvalidURL) as error:
            message = f"the network settings of this machine (proxy, SSL_CERT_FILE) cannot be used: {words(error)}"
            self._verdicts |= dict.fromkeys(sites, message)
            return None

    def _probe(self, client: httpx.Client, sites: Iterable[str]) -> None:
        # A name lookup cannot be broken off, so each knock has a thread that may be left behind.
        limit_s = min(self._settings.connect_timeout_s + PROBE_GRACE_S, MAX_PROBE_S)
        deadline_s = time.monotonic() + limit_s
        answers: dict[str, str | None] = {}
        knocks = [threading.Thread(target=self._knock, args=(client, site, answers), daemon=True) for site in sites]
        for knock in knocks:
            knock.start()
        for knock in knocks:
            knock.join(max(0.0, deadline_s - time.monotonic()))
        for site in sites:
            said = answers.get(site, f"no answer in {limit_s:.0f} s")
            host = PROBED_HOSTS.get(site, site)
            self._verdicts[site] = None if said is None else f"{host} cannot be reached ({said})"

    def _knock(self, client: httpx.Client, site: str, answers: dict[str, str | None]) -> None:
        try:
            with self._schedules.turn(site):
                url = f"https://{PROBED_HOSTS.get(site, site)}/robots.txt"
                client.head(url, timeout=self._settings.connect_timeout_s)
        except Exception as error:  # noqa: BLE001  whatever goes wrong in here means that the host is out of reach
            answers[site] = words(error)
        else:
            answers[site] = None


def user_agent(contact: str | None) -> str:
    """Name the program and whom to write to.

    Args:
        contact: An e-mail address or URL, or None.

    Returns:
        The value of the `User-Agent` header.
    """
    return f"cnaps-rag/{VERSION}" + (f" (+{contact})" if contact else "")
