"""Per-paper shards: what parsing and embedding made of one document, written once for all prompts that list it."""

import hashlib
import io
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from cnaps_rag.embedding import Vectors
from cnaps_rag.errors import IndexStateError
from cnaps_rag.layout import FORMAT, Layout
from cnaps_rag.listing import content_id
from cnaps_rag.records import Document, Page, Passage, PassageKind, SectionRole, Span
from cnaps_rag.storage import set_aside, write_folder

MANIFEST = "shard.json"
VECTORS_NDIM = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprints:
    """What a shard depends on, beside the document: another value of any of them is another shard.

    Attributes:
        parser: Of the PDF parser and the page cleaner.
        chunker: Of the passages' making.
        embedder: Of the model.
    """

    parser: str
    chunker: str
    embedder: str

    def shard_name(self, document: str) -> str:
        """Name the shard of a document, given its SHA-256."""
        return f"{document[:16]}-{content_id(self.parser, self.chunker, self.embedder)[:12]}"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shard:
    """A document's pages, passages and vectors.

    Attributes:
        document: The pages.
        passages: The passages, in reading order.
        vectors: One a passage. Shape: (n_passages, dim), float32, unit L2 norm.
    """

    document: Document
    passages: tuple[Passage, ...]
    vectors: Vectors


class ShardStore:
    """The shards below an index folder."""

    def __init__(self, layout: Layout) -> None:
        """Name the folder."""
        self._layout = layout

    def exists(self, name: str) -> bool:
        """Tell whether a shard of that name was written (read it to know that it is whole)."""
        return (self._layout.shard_dir(name) / MANIFEST).is_file()

    def write(self, name: str, shard: Shard, fingerprints: Fingerprints) -> None:
        """Write a shard, whole or not at all.

        Args:
            name: Its name.
            shard: Its content.
            fingerprints: What it was made with.
        """
        vectors = io.BytesIO()
        np.save(vectors, shard.vectors, allow_pickle=False)
        files = {
            "pages.jsonl": _lines(asdict(page) for page in shard.document.pages),
            "passages.jsonl": _lines(asdict(passage) for passage in shard.passages),
            "vectors.npy": vectors.getvalue(),
        }
        manifest = {
            "format": FORMAT,
            **asdict(fingerprints),
            "document": shard.document.sha256,
            "title": shard.document.title,
            "lost_pages": shard.document.lost_pages,
            "files": {file: hashlib.sha256(content).hexdigest() for file, content in files.items()},
        }

        def fill(folder: Path) -> None:
            for file, content in files.items():
                (folder / file).write_bytes(content)
            (folder / MANIFEST).write_text(json.dumps(manifest, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")

        write_folder(self._layout.shard_dir(name), fill)

    def read(self, name: str) -> Shard:
        """Read a shard and check that it is whole.

        Args:
            name: Its name.

        Returns:
            Its content.

        Raises:
            IndexStateError: It is missing, half-written, changed, of another format, or not the shard of that name.
        """
        folder = self._layout.shard_dir(name)
        try:
            manifest = json.loads((folder / MANIFEST).read_bytes())
            files = {file: (folder / file).read_bytes() for file in manifest["files"]}
            if manifest["format"] != FORMAT:
                raise _broken(name, folder, f"its format is {manifest['format']}, not {FORMAT}")
            for file, content in files.items():
                if hashlib.sha256(content).hexdigest() != manifest["files"][file]:
                    raise _broken(name, folder, f"{file} was changed or half-written")
            fingerprints = Fingerprints(**{field.name: manifest[field.name] for field in fields(Fingerprints)})
            if fingerprints.shard_name(manifest["document"]) != name:
                raise _broken(name, folder, f"it is the shard {fingerprints.shard_name(manifest['document'])}")
            return _shard(manifest, files)
        except (OSError, ValueError, KeyError, TypeError, EOFError, RecursionError) as error:
            raise _broken(name, folder, f"{type(error).__name__}: {error}") from error

    def set_aside(self, name: str) -> Path:
        """Move a shard out of the way, keeping it for inspection.

        Args:
            name: Its name.

        Returns:
            Where it lies now.
        """
        return set_aside(self._layout.shard_dir(name), self._layout.set_aside_dir)


def _broken(name: str, folder: Path, reason: str) -> IndexStateError:
    return IndexStateError(
        f"{folder}: the shard cannot be used ({reason}); build the prompt again, which makes it anew",
        scope=name,
        expected="a whole shard",
        found=reason,
    )


def _lines(rows: Iterable[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def _shard(manifest: dict[str, Any], files: dict[str, bytes]) -> Shard:
    pages = tuple(Page.from_record(json.loads(line)) for line in files["pages.jsonl"].splitlines())
    passages = tuple(_passage(json.loads(line)) for line in files["passages.jsonl"].splitlines())
    vectors = np.load(io.BytesIO(files["vectors.npy"]), allow_pickle=False)
    if vectors.ndim != VECTORS_NDIM or vectors.dtype != np.float32 or len(vectors) != len(passages):
        raise ValueError(f"{vectors.dtype} vectors of shape {vectors.shape} for {len(passages)} passages")
    document = Document(
        sha256=manifest["document"],
        title=manifest["title"],
        pages=pages,
        lost_pages=tuple((number, reason) for number, reason in manifest["lost_pages"]),
    )
    return Shard(document=document, passages=passages, vectors=vectors)


def _passage(row: dict[str, Any]) -> Passage:
    return Passage(
        document=row["document"],
        text=row["text"],
        kind=PassageKind(row["kind"]),
        section=row["section"],
        section_role=SectionRole(row["section_role"]),
        spans=tuple(Span(**span) for span in row["spans"]),
        sentences=tuple((start, end) for start, end in row["sentences"]),
    )
