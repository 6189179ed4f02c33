"""The default model, run by ONNX Runtime, without torch.

Its graph has no weights; they come from the model's own file.
"""

import json
from collections.abc import Mapping, Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from cnaps_rag.adaptation import Adaptation
from cnaps_rag.networks import TokenStates, Vectors, batches, unit
from cnaps_rag.onnx_graphs import NETWORK, load_graph

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from tokenizers import Encoding, Tokenizer

IDS, MASK, STATES = "ids", "mask", "states"
"""Names of the graph's inputs and of its output."""
WEIGHTS, TOKENIZER, WINDOW = "model.safetensors", "tokenizer.json", "sentence_bert_config.json"
"""Files of the model that are needed to run it."""
NOT_IN_GRAPH = ("pooler.", "embeddings.position_ids")
"""How the names of weights begin that the model has and does not use."""


def has_files(folder: Path) -> bool:
    """Tell whether a folder has the files that are needed, whatever is in them."""
    return all((folder / name).is_file() for name in (WEIGHTS, TOKENIZER, WINDOW))


class OnnxNetwork:
    """all-MiniLM-L6-v2 on the processor, in float32."""

    def __init__(self, folder: Path, weights: Mapping[str, npt.NDArray[np.float32]]) -> None:
        """Name the graph's weights; the graph is loaded when first run, so that one that nobody runs costs nothing.

        Args:
            folder: Folder of the model's files, which tell how texts are cut.
            weights: The parameters that the graph names.
        """
        self._folder = folder
        self._weights = weights
        self._window: int = json.loads((folder / WINDOW).read_bytes())["max_seq_length"]

    @cached_property
    def _session(self) -> "InferenceSession":
        return load_graph(NETWORK, self._weights)

    @classmethod
    def load(cls, folder: Path) -> "OnnxNetwork":
        """Load the model.

        Args:
            folder: Folder of the files of all-MiniLM-L6-v2.

        Returns:
            Its network.
        """
        from safetensors.numpy import load_file

        weights = load_file(folder / WEIGHTS)
        return cls(folder, {name: value for name, value in weights.items() if not name.startswith(NOT_IN_GRAPH)})

    def vectors(self, texts: Sequence[str], *, progress: bool = False) -> Vectors:
        """Embed texts; see `Network.vectors`.

        Args:
            texts: The texts; what exceeds the model's window is cut off.
            progress: Whether to show a progress bar on stderr.

        Returns:
            One vector a text. Shape: (n_texts, dim), float32, unit L2 norm.
        """
        means = np.zeros((len(texts), self._session.get_outputs()[0].shape[-1]), dtype=np.float32)
        for batch in batches(texts, progress=progress):
            mask, states = self._run(self._cut([texts[row] for row in batch], self._window))
            means[batch] = np.einsum("tnd,tn->td", states, mask / mask.sum(axis=1, keepdims=True))
        return unit(means)

    def states(self, texts: Sequence[str]) -> TokenStates:
        """Read texts, all in one batch; see `Network.states`.

        Args:
            texts: At least one; what exceeds the model's positions is cut off.

        Returns:
            The vectors of their tokens.
        """
        tokens = self._cut(texts, len(self._weights["embeddings.position_embeddings.weight"]))
        _, states = self._run(tokens)
        return TokenStates(states=states, offsets=np.array([text.offsets for text in tokens], dtype=np.int64))

    def changed(self, adaptation: Adaptation) -> "OnnxNetwork":
        """Change the weights; see `Network.changed`.

        Args:
            adaptation: What is added to them.

        Returns:
            The changed network.
        """
        return OnnxNetwork(self._folder, {**self._weights, **adaptation.changed(self._weights)})

    def _cut(self, texts: Sequence[str], most_tokens: int) -> "list[Encoding]":
        return _tokenizer(self._folder / TOKENIZER, most_tokens).encode_batch(list(texts))

    def _run(self, tokens: "list[Encoding]") -> tuple[npt.NDArray[np.int32], Vectors]:
        """Run the graph. Shapes: (n_texts, n_tokens), 0 behind a text's own tokens; (n_texts, n_tokens, dim)."""
        ids = np.array([text.ids for text in tokens], dtype=np.int32)
        mask = np.array([text.attention_mask for text in tokens], dtype=np.int32)
        [states] = self._session.run([STATES], {IDS: ids, MASK: mask})
        return mask, states


@cache
def _tokenizer(file: Path, most_tokens: int) -> "Tokenizer":
    """Load a tokenizer, one for each length: threads may share it as long as nobody sets another length."""
    from tokenizers import Tokenizer

    tokenizer: Tokenizer = Tokenizer.from_file(str(file))
    tokenizer.enable_truncation(most_tokens)
    tokenizer.enable_padding()
    return tokenizer
