"""Per-paper shards: what parsing and embedding made of one document, written once for all prompts that list it."""

import hashlib
import io
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cnaps_rag.encoding import EncodedPassages
from cnaps_rag.errors import IndexStateError
from cnaps_rag.layout import FORMAT, Layout
from cnaps_rag.listing import content_id
from cnaps_rag.records import Document, Page, Passage, PassageKind, SectionRole, Span
from cnaps_rag.storage import set_aside, write_folder
from cnaps_rag.token_vectors import TokenVectors

MANIFEST = "shard.json"
ARRAYS = {
    "vectors.npy": ("float32", 2),
    "titled-vectors.npy": ("float32", 2),
    "token-codes.npy": ("int8", 2),
    "token-axes.npy": ("float32", 2),
    "token-offsets.npy": ("int64", 1),
}
"""Files of a shard's arrays, with type and number of dimensions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprints:
    """What a shard depends on, beside the document: another value of any of them is another shard.

    Attributes:
        parser: Of the PDF parser and the page cleaner.
        chunker: Of the making of passages and of their vectors.
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
        encoded: Their vectors.
    """

    document: Document
    passages: tuple[Passage, ...]
    encoded: EncodedPassages

    def __post_init__(self) -> None:
        """Check that there are vectors for each passage.

        Raises:
            ValueError: There is not.
        """
        made = (len(self.encoded.vectors), len(self.encoded.titled), len(self.encoded.tokens.offsets) - 1)
        if set(made) != {len(self.passages)}:
            raise ValueError(f"vectors, titled vectors and tokens of {made} passages, which are {len(self.passages)}")


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
        files = {
            "pages.jsonl": _lines(asdict(page) for page in shard.document.pages),
            "passages.jsonl": _lines(asdict(passage) for passage in shard.passages),
            **{file: _array(array) for file, array in _arrays(shard.encoded).items()},
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


def _arrays(encoded: EncodedPassages) -> dict[str, npt.NDArray[Any]]:
    tokens = encoded.tokens
    return dict(zip(ARRAYS, (encoded.vectors, encoded.titled, tokens.codes, tokens.axes, tokens.offsets), strict=True))


def _array(array: npt.NDArray[Any]) -> bytes:
    written = io.BytesIO()
    np.save(written, array, allow_pickle=False)
    return written.getvalue()


def _lines(rows: Iterable[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def _shard(manifest: dict[str, Any], files: dict[str, bytes]) -> Shard:
    pages = tuple(Page.from_record(json.loads(line)) for line in files["pages.jsonl"].splitlines())
    passages = tuple(_passage(json.loads(line)) for line in files["passages.jsonl"].splitlines())
    arrays = {name: np.load(io.BytesIO(files[name]), allow_pickle=False) for name in ARRAYS}
    kinds = {name: (array.dtype.name, array.ndim) for name, array in arrays.items()}
    if kinds != ARRAYS:
        raise ValueError(f"arrays of {kinds}")
    document = Document(
        sha256=manifest["document"],
        title=manifest["title"],
        pages=pages,
        lost_pages=tuple((number, reason) for number, reason in manifest["lost_pages"]),
    )
    tokens = TokenVectors(
        codes=arrays["token-codes.npy"], axes=arrays["token-axes.npy"], offsets=arrays["token-offsets.npy"]
    )
    encoded = EncodedPassages(vectors=arrays["vectors.npy"], titled=arrays["titled-vectors.npy"], tokens=tokens)
    return Shard(document=document, passages=passages, encoded=encoded)


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
