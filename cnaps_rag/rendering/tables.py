"""Build reports and hits as plain text for a terminal."""

import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator

from cnaps_rag.records import ABSTRACT_ORIGIN, BuildReport, Hit, IndexedPaper, Origin, PaperStatus
from cnaps_rag.rendering.wording import printable

WIDTH_CHARS = 100
NAME_CHARS = 60
COLUMNS = ("role", "status", "origin", "bytes", "pages", "lost", "passages", "seconds", "name")
NUMBERS = frozenset({"bytes", "pages", "lost", "passages", "seconds"})


def build_table(report: BuildReport) -> str:
    """Write a build report for people.

    Args:
        report: What the build did.

    Returns:
        A table with one row for each listed paper, the reason below each that is not there by its PDF; it ends in a
        newline.
    """
    rows = [COLUMNS, *(_row(paper, seconds) for paper, seconds in report.timed())]
    widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
    lines = [_aligned(row, widths) for row in rows]
    for position in range(len(report.papers), 0, -1):
        reason = report.papers[position - 1].reason
        if reason:
            lines.insert(position + 1, f"    {printable(reason)}")
    return "\n".join([_headline(report), *lines, *_work(report)]) + "\n"


def _headline(report: BuildReport) -> str:
    full = sum(paper.status is PaperStatus.OK for paper in report.papers)
    rest = Counter(paper.origin for paper in report.papers if paper.status is not PaperStatus.OK)
    abstracts = rest.pop(Origin.ABSTRACT, 0)
    parts = [f"{full} of {len(report.papers)} listed papers by their PDF"]
    parts += [f"{abstracts} by {ABSTRACT_ORIGIN}"] if abstracts else []
    parts += [f"{rest.total()} not at all"] if rest else []
    return f"Prompt {report.prompt_id}: {', '.join(parts)}"


def _work(report: BuildReport) -> Iterator[str]:
    if report.documents_parsed or report.passages_embedded:
        yield f"Parsed {report.documents_parsed} documents, embedded {report.passages_embedded} passages."
    else:
        yield "Everything was built before: nothing parsed, nothing embedded."


def _row(paper: IndexedPaper, seconds: float | None) -> tuple[str, ...]:
    name = printable(paper.listed.name)
    name = name if len(name) <= NAME_CHARS else f"{name[: NAME_CHARS - 1]}…"
    numbers = (f"{paper.bytes:,}", str(paper.page_count), str(paper.lost_page_count), str(paper.passage_count))
    time = "" if seconds is None else f"{seconds:.1f}"
    return (str(paper.role), str(paper.status), str(paper.origin), *numbers, time, name)


def _aligned(row: tuple[str, ...], widths: list[int]) -> str:
    cells = zip(COLUMNS, row, widths, strict=True)
    return "  ".join(
        cell.rjust(width) if column in NUMBERS else cell.ljust(width) for column, cell, width in cells
    ).rstrip()


def hits_text(hits: Iterable[Hit]) -> str:
    """Write hits for people.

    Args:
        hits: The hits, best first.

    Returns:
        Rank, score, paper, page and section of each hit, then its text; it ends in a newline.
    """
    return "\n\n".join(_hit(hit) for hit in hits) + "\n"


def _hit(hit: Hit) -> str:
    passage = hit.passage
    where = ABSTRACT_ORIGIN if passage.page_number is None else f"p. {passage.page_number}"
    parts = (printable(hit.paper.title), where, printable(passage.section or ""))
    head = f"{hit.rank}. [{hit.score_kind} {hit.score:.4f}] {', '.join(filter(None, parts))}"
    text = textwrap.fill(
        printable(passage.text), WIDTH_CHARS, initial_indent="   ", subsequent_indent="   ", break_on_hyphens=False
    )
    return f"{head}\n   {printable(hit.paper.listed.url)}\n{text}"
