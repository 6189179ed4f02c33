"""What lies in an index folder, for people and for programs."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from cnaps_rag.rendering.as_json import paper_record
from cnaps_rag.rendering.wording import printable

if TYPE_CHECKING:
    from cnaps_rag.inventory import InventoryEntry


def inventory_record(entries: Iterable["InventoryEntry"]) -> list[dict[str, Any]]:
    """Lay an inventory out as the command line's JSON.

    Args:
        entries: The prompt indexes.

    Returns:
        One record for each.
    """
    return [
        {
            "path": str(entry.path),
            "prompt_id": entry.prompt_id,
            "question": entry.question,
            "embedder": entry.embedder,
            "papers": [paper_record(paper) for paper in entry.papers],
            "fault": entry.fault,
        }
        for entry in entries
    ]


def inventory_text(entries: Iterable["InventoryEntry"]) -> str:
    """Write an inventory for people.

    Args:
        entries: The prompt indexes.

    Returns:
        A paragraph for each.
    """
    return "\n\n".join("\n".join(_lines(entry)) for entry in entries) + "\n"


def _lines(entry: "InventoryEntry") -> Iterator[str]:
    yield f"prompt {entry.prompt_id}  {entry.path}"
    if entry.fault is not None:
        yield f"  cannot be used: {printable(entry.fault)}"
        return
    yield f"  {printable(entry.question)}"
    yield f"  embedder {entry.embedder}"
    for paper in entry.papers:
        counts = f"{paper.page_count} pages, {paper.passage_count} passages"
        yield f"  {paper.role.value:<11} {paper.status.value:<13} {counts:<26} {printable(paper.title)}"
