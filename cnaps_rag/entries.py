"""The entries of a prompt index: what a listed paper becomes when it is indexed. Pure functions."""

import hashlib
from collections.abc import Iterable
from dataclasses import replace

from cnaps_rag.page_text import abstract_page
from cnaps_rag.records import Document, IndexedPaper, Origin
from cnaps_rag.shards import Shard
from cnaps_rag.sources import FetchedPaper

WITHOUT_PDF = frozenset({Origin.ABSTRACT, Origin.NONE})


def first_of_each(fetched: Iterable[FetchedPaper], values: Iterable[str | None]) -> dict[str, str]:
    """Take the first value that any entry of a paper has; entries of a prompt may share a paper.

    Args:
        fetched: The papers, in the order of the entries.
        values: One for each entry.

    Returns:
        The values by the papers' keys.
    """
    found: dict[str, str] = {}
    for source, value in zip(fetched, values, strict=True):
        if value is not None:
            found.setdefault(source.address.key, value)
    return found


def alike(known: Iterable[IndexedPaper], papers: Iterable[IndexedPaper]) -> bool:
    """Tell whether papers are the same, no matter whether their PDFs were fetched or found this time.

    Args:
        known: Papers as an index has them.
        papers: Papers as they are now.

    Returns:
        Whether the index may stay as it is.
    """
    rows = [
        [paper if paper.origin in WITHOUT_PDF else replace(paper, origin=Origin.CORPUS) for paper in side]
        for side in (known, papers)
    ]
    return rows[0] == rows[1]


def abstract_document(title: str, summary: str) -> Document:
    """Make a document of the abstract that a prompt gives.

    Args:
        title: The paper's title.
        summary: The abstract.

    Returns:
        A document of one page without a number.
    """
    page = abstract_page(summary)
    sha256 = hashlib.sha256(f"{title}\n{page.text}".encode()).hexdigest()
    return Document(sha256=sha256, title=title, pages=(page,))


def filled(entry: IndexedPaper, shard_name: str, shard: Shard, title: str) -> IndexedPaper:
    """Complete an entry by the shard that holds its passages.

    Args:
        entry: The entry so far.
        shard_name: The shard's name.
        shard: The shard.
        title: The paper's title.

    Returns:
        The complete entry.
    """
    document = shard.document
    return replace(
        entry,
        document=document.sha256,
        title=title,
        shard=shard_name,
        page_count=sum(page.number is not None for page in document.pages),
        lost_page_count=len(document.lost_pages),
        reason="; ".join(filter(None, (entry.reason, lost_pages(document)))) or None,
        passage_count=len(shard.passages),
    )


def lost_pages(document: Document) -> str | None:
    """Say which pages could not be read, and why.

    Args:
        document: The document.

    Returns:
        How many, and the first one for each reason; None where all were read.
    """
    first: dict[str, int] = {}
    for number, reason in document.lost_pages:
        first.setdefault(reason, number)
    words = ", ".join(f"page {number} ({reason})" for reason, number in first.items())
    count = len(document.lost_pages)
    return f"{count} {'page' if count == 1 else 'pages'} could not be read: {words}" if words else None
