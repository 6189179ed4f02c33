"""What lies in an index folder."""

from dataclasses import dataclass
from pathlib import Path

from cnaps_rag.errors import IndexStateError
from cnaps_rag.index import papers_of, read_manifest
from cnaps_rag.records import IndexedPaper


@dataclass(frozen=True, slots=True, kw_only=True)
class InventoryEntry:
    """One prompt index.

    Attributes:
        path: Its manifest.
        prompt_id: Id of the prompt.
        question: The prompt's question; empty where the manifest cannot be read.
        embedder: Fingerprint of the embedder that it was made with.
        papers: The listed papers as indexed.
        fault: Why it cannot be used, or None.
    """

    path: Path
    prompt_id: str
    question: str = ""
    embedder: str = ""
    papers: tuple[IndexedPaper, ...] = ()
    fault: str | None = None


def take_inventory(what: Path) -> tuple[InventoryEntry, ...]:
    """List the prompt indexes of a folder.

    Args:
        what: An index folder, or the manifest of one prompt index in its `prompts/`.

    Returns:
        The prompt indexes by id; one that cannot be used says why.

    Raises:
        IndexStateError: There is no index there.
    """
    if what.is_file():
        return (_entry(what),)
    manifests = sorted((what / "prompts").glob("*.json"))
    if not manifests:
        raise IndexStateError(
            f"{what}: no prompt index here; name an index folder, or run: cnaps-rag build PROMPT --index {what}",
            scope=str(what),
            expected="an index folder",
            found="none" if not what.exists() else "a folder without prompts/*.json",
        )
    return tuple(_entry(path) for path in manifests)


def _entry(path: Path) -> InventoryEntry:
    try:
        manifest = read_manifest(path)
        return InventoryEntry(
            path=path,
            prompt_id=str(manifest["prompt_id"]),
            question=str(manifest["prompt"]["question"]),
            embedder=str(manifest["embedder"]),
            papers=papers_of(manifest, path),
        )
    except IndexStateError as error:
        fault = error.message
    except (KeyError, TypeError) as error:
        fault = f"{path}: the prompt index cannot be used ({type(error).__name__}: {error}); build the prompt again"
    return InventoryEntry(path=path, prompt_id=path.stem, fault=fault)
