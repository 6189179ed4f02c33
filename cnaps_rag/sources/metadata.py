"""What arXiv says of its papers, through the `arxiv` package over the run's own connection."""

import io
import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from cnaps_rag.listing import shorten
from cnaps_rag.sources.addresses import ArxivId, arxiv_id
from cnaps_rag.sources.parts import MemorySink

if TYPE_CHECKING:
    from requests.adapters import BaseAdapter

    from cnaps_rag.sources.transfer import Transfer

BATCH_IDS: Final = 100
"""Ids in one request; a longer URL is refused by some servers on the way."""

_WITHDRAWN = re.compile(r"\b(?:withdrawn|retracted)\b", re.IGNORECASE)
_NOTICE = re.compile(
    r"\s*(?:this|the) (?:paper|article|manuscript|submission|work|preprint)"
    r" (?:has been|was|is) (?:withdrawn|retracted)",
    re.IGNORECASE,
)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArxivRecord:
    """What arXiv says of a paper.

    Attributes:
        id: The identifier, with the version that the record is of.
        title: The title.
        authors: The authors' names, in order.
        published: Day of the first version, ISO 8601.
        updated: Day of the version that the record is of.
        year: Year of the first version.
        version: Number of that version; the latest one, where no version is listed.
        categories: arXiv's subject classes, the primary one first.
        doi: DOI of the published paper, or None.
        journal: Where it was published by arXiv's knowledge, or None.
        comment: The authors' comment, or None.
        licence: URL of the licence, or None: arXiv's feed, which the `arxiv` package reads, seldom states it.
        withdrawn: What is said of a withdrawal, or None.
    """

    id: str
    title: str
    authors: tuple[str, ...]
    published: str
    updated: str
    year: int
    version: int | None
    categories: tuple[str, ...] = ()
    doi: str | None = None
    journal: str | None = None
    comment: str | None = None
    licence: str | None = None
    withdrawn: str | None = None


def arxiv_records(ids: Iterable[ArxivId], transfer: "Transfer") -> Mapping[ArxivId, ArxivRecord]:
    """Ask arXiv for the records of papers, many in one request.

    A failure is logged and costs the records, never a paper.

    Args:
        ids: The papers.
        transfer: Sends the requests, on the same schedule as the PDFs.

    Returns:
        The records that arXiv has, by the ids asked for.
    """
    wanted = list(dict.fromkeys(ids))
    found: dict[ArxivId, ArxivRecord] = {}
    try:
        for start in range(0, len(wanted), BATCH_IDS):
            found |= _by_id(_ask(wanted[start : start + BATCH_IDS], transfer))
    except Exception as error:  # noqa: BLE001  titles are welcome, not needed: no failure of theirs may cost a paper
        logger.warning("arXiv's metadata could not be had, papers go without: %s", error)
    # An id without a version is answered by its latest version, a version of its own by that version.
    return {wish: found[key] for wish in wanted for key in (wish, ArxivId(paper=wish.paper)) if key in found}


def _by_id(records: Iterable[tuple[ArxivId, ArxivRecord]]) -> dict[ArxivId, ArxivRecord]:
    found: dict[ArxivId, ArxivRecord] = {}
    for key, record in records:
        found[key] = record
        found.setdefault(ArxivId(paper=key.paper), record)
    return found


def _ask(ids: list[ArxivId], transfer: "Transfer") -> Iterator[tuple[ArxivId, ArxivRecord]]:
    import arxiv

    client = arxiv.Client(page_size=len(ids), delay_seconds=0, num_retries=0)  # the transfer waits and retries
    client._session.mount("https://", _adapter(transfer))  # noqa: SLF001  it takes no session, and its own has no timeout
    search = arxiv.Search(id_list=[str(one) for one in ids], max_results=len(ids))
    for result in client.results(search):
        key = arxiv_id(result.get_short_id())
        if key is not None:
            yield key, _record(key, result)


def _record(key: ArxivId, result: Any) -> ArxivRecord:
    return ArxivRecord(
        id=str(key),
        title=" ".join(result.title.split()),
        authors=tuple(author.name for author in result.authors),
        published=result.published.date().isoformat(),
        updated=result.updated.date().isoformat(),
        year=result.published.year,
        version=key.version,
        categories=tuple(dict.fromkeys(filter(None, (result.primary_category, *result.categories)))),
        doi=result.doi or None,
        journal=_line(result.journal_ref),
        comment=_line(result.comment),
        licence=next((link.href for link in result.links if link.rel == "license"), None),
        withdrawn=withdrawal(result.comment, result.journal_ref, result.summary),
    )


def withdrawal(comment: str | None, journal: str | None, abstract: str | None) -> str | None:
    """Find what is said of a paper's withdrawal.

    Args:
        comment: The authors' comment.
        journal: The journal reference.
        abstract: The abstract, which is replaced by a notice where the paper is withdrawn.

    Returns:
        The words on one line, or None where the paper is not withdrawn.

    Source: https://info.arxiv.org/help/withdraw.html
    """
    for text in (comment, journal):
        if text and _WITHDRAWN.search(text):
            return shorten(text)
    return shorten(abstract) if abstract and _NOTICE.match(abstract) else None


def _line(text: str | None) -> str | None:
    return " ".join((text or "").split()) or None


def _adapter(transfer: "Transfer") -> "BaseAdapter":
    from requests import PreparedRequest, Response  # noqa: PLC0415  loaded with arxiv, not before
    from requests.adapters import BaseAdapter  # noqa: PLC0415  the same

    class TransferAdapter(BaseAdapter):
        """Sends the requests of a `requests.Session` through a transfer."""

        def send(self, request: PreparedRequest, *_args: Any, **_kwargs: Any) -> Response:
            sink = MemorySink()
            receipt = transfer.fetch(request.url or "", sink)
            response = Response()
            response.status_code, response.url, response.request = 200, receipt.final_url, request
            response.raw = io.BytesIO(sink.content)
            return response

        def close(self) -> None:
            """Leave the transfer open: the PDFs go through it too."""

    return TransferAdapter()
