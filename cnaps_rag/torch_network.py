"""Embedding models run by torch, through sentence-transformers. The one module that knows its models of texts."""

from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from cnaps_rag.adaptation import Adaptation
from cnaps_rag.errors import EmbedderError
from cnaps_rag.inference import precision, silence
from cnaps_rag.networks import BATCH_SIZE, TokenStates, Vectors

if TYPE_CHECKING:
    import torch
    from sentence_transformers import SentenceTransformer


class TorchNetwork:
    """Any model of sentence-transformers."""

    def __init__(self, model: "SentenceTransformer", module: Any) -> None:
        """Take a model that is loaded.

        Args:
            model: The model.
            module: The network under it: tokens to their vectors.
        """
        self._model = model
        self.module = module

    @classmethod
    def load(cls, folder: Path, *, device: str | None = None) -> "TorchNetwork":
        """Load a model.

        Args:
            folder: Folder of its files.
            device: What it runs on, as torch names it; None takes the fastest that torch finds.

        Returns:
            Its network.

        Raises:
            EmbedderError: Torch has no such device.
        """
        silence()
        import torch
        from sentence_transformers import SentenceTransformer

        try:
            torch.empty(0, device=device)
        except Exception as error:
            words = str(error).partition("\n")[0]
            raise EmbedderError(
                f"device {device!r}: torch cannot use it ({words}); name another (--device cpu, Settings.device), or "
                "none",
                model=str(folder),
            ) from error
        model = SentenceTransformer(str(folder), device=device, local_files_only=True)
        return cls(model, getattr(model[0], "auto_model", None))

    def vectors(self, texts: Sequence[str], *, progress: bool = False) -> Vectors:
        """Embed texts; see `Network.vectors`.

        Args:
            texts: The texts; what exceeds the model's window is cut off.
            progress: Whether to show a progress bar on stderr.

        Returns:
            One vector a text. Shape: (n_texts, dim), float32, unit L2 norm.
        """
        with precision(self._model.device.type):
            vectors: Any = self._model.encode(
                list(texts) or [""],  # so that no texts have a dimension too
                batch_size=BATCH_SIZE,
                show_progress_bar=progress,
                normalize_embeddings=True,
                convert_to_numpy=True,
            )
        return np.asarray(vectors, dtype=np.float32)[: len(texts)]

    def states(self, texts: Sequence[str]) -> TokenStates:
        """Read texts, all in one batch; see `Network.states`.

        Args:
            texts: At least one; what exceeds the model's positions is cut off.

        Returns:
            The vectors of their tokens.
        """
        import torch

        inputs, offsets = self.tokenize(texts)
        with torch.inference_mode(), precision(self._model.device.type):
            states = self.module(**inputs).last_hidden_state
        return TokenStates(states=states.float().cpu().numpy(), offsets=offsets)

    def tokenize(self, texts: Sequence[str]) -> "tuple[dict[str, torch.Tensor], npt.NDArray[np.int64]]":
        """Cut texts into tokens.

        Args:
            texts: The texts; what exceeds the model's positions is cut off.

        Returns:
            What `module` takes, and where each token stands. Shape: (n_texts, n_tokens, 2), characters.
        """
        positions = getattr(self.module.config, "max_position_embeddings", self._model.max_seq_length)
        tokens = self._model.tokenizer(
            list(texts),
            padding=True,
            truncation=True,
            max_length=positions,
            return_offsets_mapping=True,
            return_tensors="pt",
        )
        offsets = tokens.pop("offset_mapping").numpy()
        return dict(tokens.to(self._model.device)), offsets

    def changed(self, adaptation: Adaptation) -> "TorchNetwork":
        """Change the weights; see `Network.changed`.

        Args:
            adaptation: What is added to them.

        Returns:
            The changed network.
        """
        import torch

        weights = dict(self.module.named_parameters())
        changed = adaptation.changed({name: weights[name].detach().cpu().numpy() for name in adaptation.factors})
        shared = {id(weight): weight for name, weight in weights.items() if name not in changed}
        module = deepcopy(self.module, shared)
        for name, weight in changed.items():
            module.get_parameter(name).data.copy_(torch.from_numpy(weight))
        return TorchNetwork(self._model, module)
