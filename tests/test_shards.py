"""This file ensures that a shard comes back as it was written, and that a damaged or foreign one is never trusted."""

import hashlib
import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cnaps_rag.chunking import Chunker
from cnaps_rag.encoding import encode_passages
from cnaps_rag.errors import IndexStateError
from cnaps_rag.layout import FORMAT, Layout
from cnaps_rag.page_text import abstract_page, clean_pages
from cnaps_rag.records import Document
from cnaps_rag.shards import Fingerprints, Shard, ShardStore
from cnaps_rag.testing import HashingEmbedder

FINGERPRINTS = Fingerprints(parser="parser-1", chunker="chunker-1", embedder="embedder-1")
PAGES = clean_pages([
    "Abstract\nThe lantern network takes a blurry photo and predicts a sharp photo of the same “scene”…\n",
    None,
    "2. Method\nThe output is the final sharp photo, which the decoder produces from these features.\n",
])
Damage = Callable[[Path], Any]


def make_shard(pages: Any = PAGES, name: str = "a") -> Shard:
    sha256 = hashlib.sha256(name.encode()).hexdigest()
    document = Document(sha256=sha256, title="A title with é", pages=pages, lost_pages=((2, "it broke"),))
    passages = Chunker(passage_chars=60, passage_sentences=1).passages(document)
    return Shard(document=document, passages=passages, encoded=encode_passages(None, passages, HashingEmbedder()))


SHARD = make_shard()
VECTORS = SHARD.encoded.vectors
NAME = FINGERPRINTS.shard_name(SHARD.document.sha256)


@pytest.fixture
def store(tmp_path: Path) -> ShardStore:
    """A store that holds one good shard."""
    store = ShardStore(Layout(tmp_path / "corpus", tmp_path))
    store.write(NAME, SHARD, FINGERPRINTS)
    return store


@pytest.fixture
def folder(store: ShardStore, tmp_path: Path) -> Path:
    """The folder of the good shard."""
    assert store.exists(NAME)
    return tmp_path / "shards" / NAME


@pytest.mark.parametrize("pages", [PAGES, (abstract_page("A lantern shines on photos of all kinds."),)])
def test_round_trip(tmp_path: Path, pages: Any) -> None:
    """Pages, blocks, passages, spans and lost pages come back equal, and the vectors to the bit."""
    shard, store = make_shard(pages), ShardStore(Layout(tmp_path, tmp_path))
    assert shard.passages
    store.write(NAME, shard, FINGERPRINTS)
    found = store.read(NAME)
    assert (found.document, found.passages) == (shard.document, shard.passages)
    assert found.encoded.vectors.dtype == np.float32
    assert np.array_equal(found.encoded.vectors, shard.encoded.vectors)
    assert np.array_equal(found.encoded.titled, shard.encoded.titled)
    for name in ("codes", "axes", "offsets"):
        assert np.array_equal(getattr(found.encoded.tokens, name), getattr(shard.encoded.tokens, name))
    assert [passage.id for passage in found.passages] == [passage.id for passage in shard.passages]


def test_shard_without_passages(tmp_path: Path) -> None:
    """A document without a passage has a shard too, so that it is not parsed again and again."""
    shard, store = make_shard(clean_pages(["7"])), ShardStore(Layout(tmp_path, tmp_path))
    assert shard.passages == ()
    store.write(NAME, shard, FINGERPRINTS)
    assert store.read(NAME).passages == ()


def rewrite(folder: Path, file: str, content: bytes) -> None:
    """Change a file together with its hash, as a writer with a fault would."""
    (folder / file).write_bytes(content)
    change(folder, lambda manifest: manifest["files"].update({file: hashlib.sha256(content).hexdigest()}))


def change(folder: Path, how: Callable[[dict[str, Any]], Any]) -> None:
    manifest = json.loads((folder / "shard.json").read_bytes())
    how(manifest)
    (folder / "shard.json").write_text(json.dumps(manifest))


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-10])


def flip(path: Path, position: int = -1) -> None:
    content = bytearray(path.read_bytes())
    content[position] ^= 1
    path.write_bytes(bytes(content))


def array(**changed: Any) -> bytes:
    made = io.BytesIO()
    values: dict[str, Any] = {"arr": SHARD.encoded.vectors, "allow_pickle": False, **changed}
    np.save(made, **values)
    return made.getvalue()


DAMAGES: dict[str, Damage] = {
    "no manifest": lambda folder: (folder / "shard.json").unlink(),
    "no vectors": lambda folder: (folder / "vectors.npy").unlink(),
    "no passages": lambda folder: (folder / "passages.jsonl").unlink(),
    "no pages": lambda folder: (folder / "pages.jsonl").unlink(),
    "vectors cut off": lambda folder: truncate(folder / "vectors.npy"),
    "passages cut off": lambda folder: truncate(folder / "passages.jsonl"),
    "a flipped bit in a vector": lambda folder: flip(folder / "vectors.npy"),
    "a flipped bit in a page": lambda folder: flip(folder / "pages.jsonl", 40),
    "an empty file": lambda folder: rewrite(folder, "vectors.npy", b""),
    "another format": lambda folder: change(folder, lambda manifest: manifest.update(format=FORMAT + 1)),
    "no format": lambda folder: change(folder, lambda manifest: manifest.pop("format")),
    "another document": lambda folder: change(folder, lambda manifest: manifest.update(document="0" * 64)),
    "another embedder": lambda folder: change(folder, lambda manifest: manifest.update(embedder="embedder-2")),
    "a document that is no text": lambda folder: change(folder, lambda manifest: manifest.update(document=7)),
    "not JSON": lambda folder: (folder / "shard.json").write_bytes(b"\x80\x04never"),
    "a manifest that is a list": lambda folder: (folder / "shard.json").write_text("[]"),
    "JSON that nests too deep": lambda folder: (folder / "shard.json").write_text("[" * 100_000),
    "files that are no mapping": lambda folder: change(folder, lambda manifest: manifest.update(files=[1])),
    "lost pages that are none": lambda folder: change(folder, lambda manifest: manifest.update(lost_pages=[3])),
    "pages that are not JSON": lambda folder: rewrite(folder, "pages.jsonl", b"{}{}\n"),
    "pages that lack a field": lambda folder: rewrite(folder, "pages.jsonl", b'{"number": 1}\n'),
    "passages of an unknown kind": lambda folder: rewrite(
        folder, "passages.jsonl", (folder / "passages.jsonl").read_bytes().replace(b'"prose"', b'"poem"')
    ),
    "a vector too few": lambda folder: rewrite(folder, "vectors.npy", array(arr=VECTORS[1:])),
    "vectors in one row": lambda folder: rewrite(folder, "vectors.npy", array(arr=VECTORS[:, 0])),
    "vectors of another type": lambda folder: rewrite(folder, "vectors.npy", array(arr=VECTORS.astype(float))),
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_damage_is_found(store: ShardStore, folder: Path, damage: Damage) -> None:
    """A shard that is not whole is refused with its folder and what to do, and reading it changes nothing."""
    damage(folder)
    before = sorted(path.name for path in folder.iterdir())
    with pytest.raises(IndexStateError) as caught:
        store.read(NAME)
    message = str(caught.value)
    assert message.startswith(f"{folder}: the shard cannot be used (")
    assert message.endswith("build the prompt again, which makes it anew")
    assert "\n" not in message
    assert caught.value.scope == NAME
    assert sorted(path.name for path in folder.iterdir()) == before


def test_missing_shard(tmp_path: Path) -> None:
    """A shard that was never written does not exist, and reading it is refused."""
    store = ShardStore(Layout(tmp_path, tmp_path))
    assert not store.exists(NAME)
    with pytest.raises(IndexStateError, match=NAME):
        store.read(NAME)


def test_shard_under_another_name(store: ShardStore, folder: Path) -> None:
    """A shard that was copied to where another one belongs is refused."""
    other = FINGERPRINTS.shard_name("f" * 64)
    folder.rename(folder.parent / other)
    with pytest.raises(IndexStateError, match=f"it is the shard {NAME}"):
        store.read(other)


def test_no_pickle(store: ShardStore, folder: Path, tmp_path: Path) -> None:
    """An array of objects, which only unpickling could read, is refused and nothing in it is run."""

    class Trap:
        def __reduce__(self) -> tuple[Any, ...]:
            return Path.touch, (tmp_path / "sprung",)

    trapped = array(arr=np.array([Trap()] * len(SHARD.passages), dtype=object), allow_pickle=True)
    rewrite(folder, "vectors.npy", trapped)
    with pytest.raises(IndexStateError, match="allow_pickle=False"):
        store.read(NAME)
    assert not (tmp_path / "sprung").exists()


def test_set_aside_keeps_it(store: ShardStore, folder: Path, tmp_path: Path) -> None:
    """A shard that was set aside is no shard any more, and its files are kept."""
    aside = store.set_aside(NAME)
    assert not store.exists(NAME)
    assert not folder.exists()
    assert aside.is_relative_to(tmp_path / "set-aside")
    assert (aside / "vectors.npy").is_file()


def test_name_depends_on_everything() -> None:
    """Another document, parser, chunker or embedder makes another name; the same ones make the same."""
    variants = [replace(FINGERPRINTS, **{field: "x"}) for field in ("parser", "chunker", "embedder")]
    names = {prints.shard_name(document) for prints in (FINGERPRINTS, *variants) for document in ("a" * 64, "b" * 64)}
    assert len(names) == 8
    assert replace(FINGERPRINTS).shard_name("a" * 64) == FINGERPRINTS.shard_name("a" * 64)
