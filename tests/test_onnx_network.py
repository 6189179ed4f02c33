"""This file ensures that ONNX Runtime reads texts as torch does, is taken where it can be, and needs no torch."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cnaps_rag import onnx_graphs
from cnaps_rag.adaptation import load_adaptation
from cnaps_rag.embedding import MeanPoolingEmbedder, find_embedder
from cnaps_rag.networks import Network
from cnaps_rag.onnx_network import OnnxNetwork
from cnaps_rag.torch_network import TorchNetwork

ROOT = Path(__file__).resolve().parents[1]
TEXTS = ["How does it know?", "", "Naïve – 例 ﬁ", "One word in a very long text. " * 300, "a b c " * 50]
"""Of every length: none, and more than the model's window and its positions."""
pytestmark = pytest.mark.skipif(not onnx_graphs.available(), reason="onnxruntime is not installed")


@pytest.fixture(scope="module")
def fast(embedder: MeanPoolingEmbedder) -> OnnxNetwork:
    """The default embedder's network, run by ONNX Runtime."""
    return OnnxNetwork.load(embedder.folder)


def test_texts_have_the_same_vectors(fast: OnnxNetwork, network: TorchNetwork) -> None:
    """Texts of any length, also longer than the window, get the vectors that sentence-transformers gives them."""
    ours, theirs = fast.vectors(TEXTS), network.vectors(TEXTS)
    assert ours.dtype == np.float32
    assert np.linalg.norm(ours, axis=1) == pytest.approx([1.0] * len(TEXTS), abs=1e-5)
    assert (ours * theirs).sum(axis=1) == pytest.approx([1.0] * len(TEXTS), abs=1e-3)
    assert fast.vectors([]).shape == network.vectors([]).shape == (0, 384)


@pytest.mark.parametrize("changed", [False, True])
def test_tokens_have_the_same_vectors(fast: OnnxNetwork, network: TorchNetwork, *, changed: bool) -> None:
    """Tokens stand where the tokenizer of transformers has them, with the same vectors, also with other weights."""
    readers: list[Network] = [each.changed(load_adaptation()) if changed else each for each in (fast, network)]
    ours, theirs = (reader.states(TEXTS) for reader in readers)
    assert np.array_equal(ours.offsets, theirs.offsets)
    assert ours.states.shape == theirs.states.shape
    own = theirs.offsets[..., 1] > theirs.offsets[..., 0]
    products = (ours.states * theirs.states).sum(axis=-1)
    lengths = np.linalg.norm(ours.states, axis=-1) * np.linalg.norm(theirs.states, axis=-1)
    assert products[own] == pytest.approx(lengths[own], rel=1e-2)


def test_a_change_leaves_the_network_as_it_was(fast: OnnxNetwork) -> None:
    """A network with other weights is another one; a text's vector is not that of the first."""
    before = fast.vectors(TEXTS[:1])
    adaptation = load_adaptation()
    louder = {name: (down, up * 3) for name, (down, up) in adaptation.factors.items()}
    changed = fast.changed(replace(adaptation, factors=louder))
    assert not np.allclose(changed.vectors(TEXTS[:1]), before, atol=1e-2)
    assert np.array_equal(fast.vectors(TEXTS[:1]), before)


def test_torch_is_not_loaded(embedder: MeanPoolingEmbedder) -> None:
    """Texts and questions are embedded without loading torch, transformers or sentence-transformers."""
    code = (
        "import sys; from cnaps_rag.embedding import find_embedder; embedder = find_embedder(sys.argv[1]); "
        "embedder.embed(['a']); embedder.embed_questions(['b']); "
        "print(*({'torch', 'sentence_transformers', 'transformers'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", code, str(embedder.folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
    assert (done.stdout.strip(), done.stderr) == ("", "")


@pytest.mark.parametrize(
    ("device", "installed", "expected"),
    [(None, True, OnnxNetwork), (None, False, TorchNetwork), ("cpu", True, TorchNetwork)],
)
def test_what_runs_the_default_model(
    embedder: MeanPoolingEmbedder,
    monkeypatch: pytest.MonkeyPatch,
    device: str | None,
    expected: type[Network],
    *,
    installed: bool,
) -> None:
    """ONNX Runtime runs the default model where it is installed, torch on a device that is named."""
    monkeypatch.setattr(onnx_graphs, "available", lambda: installed)
    assert isinstance(find_embedder(str(embedder.folder), device=device)._network, expected)


def copy_of(embedder: MeanPoolingEmbedder, folder: Path) -> Path:
    """Link a model's files into a folder of its own."""
    folder.mkdir()
    for file in embedder.folder.iterdir():
        (folder / file.name).symlink_to(file)
    return folder


def test_a_folder_without_a_tokenizer_file(embedder: MeanPoolingEmbedder, tmp_path: Path) -> None:
    """A model that lacks a file that transformers can do without is left to torch."""
    folder = copy_of(embedder, tmp_path / "model")
    (folder / "tokenizer.json").unlink()
    assert isinstance(find_embedder(str(folder))._network, TorchNetwork)


def test_other_weights_run_on_torch(embedder: MeanPoolingEmbedder, tmp_path: Path) -> None:
    """A model of the same kind with other weights is not taken for the default one."""
    folder = copy_of(embedder, tmp_path / "model")
    weights = folder / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.unlink()
    weights.write_bytes(content)
    assert isinstance(find_embedder(str(folder))._network, TorchNetwork)
