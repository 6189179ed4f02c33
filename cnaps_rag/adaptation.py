"""A small, learned change of how a network reads questions."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import safe_open

ADAPTATION_FILE = "question_adaptation.safetensors"
BASE, WITHOUT = "base_sha256", "without"
"""Metadata of the file, as the attributes of `Adaptation`."""
DOWN, UP = ".down", ".up"
"""What the names of a parameter's two factors end with."""
EMPHASIS = "emphasis"

Factor = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Adaptation:
    """What is added to the weights of a network, as products of two thin matrices, and which tokens count most.

    Source: Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models", arXiv:2106.09685

    Attributes:
        base: SHA-256 of the file of weights that it was fitted for.
        without: SHA-256 of documents that were left out of the fit, to measure on them.
        factors: By the parameter's name: down and up. Shapes: (rank, n_in), (n_out, rank).
        emphasis: What its unit vector is multiplied with tells the logarithm of how much a token of a question counts.
            Shape: (dim,).
    """

    base: str
    without: tuple[str, ...] = ()
    factors: Mapping[str, tuple[Factor, Factor]]
    emphasis: Factor

    def changed(self, weights: Mapping[str, npt.NDArray[np.float32]]) -> dict[str, npt.NDArray[np.float32]]:
        """Add it to a network's weights.

        Args:
            weights: By the parameter's name, those that the adaptation names among them.

        Returns:
            The changed ones.
        """
        added = {name: up.astype(np.float32) @ down.astype(np.float32) for name, (down, up) in self.factors.items()}
        return {name: weights[name] + product for name, product in added.items()}

    def emphasised(self, tokens: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Scale the tokens of a question by how much each counts.

        Args:
            tokens: Shape: (n_tokens, dim), float32, unit L2 norm.

        Returns:
            Shape: (n_tokens, dim), float32; their L2 norms have the mean 1.
        """
        if not len(tokens):
            return tokens
        logarithms = tokens @ self.emphasis.astype(np.float32)
        counts = np.exp(logarithms - logarithms.max())
        return np.asarray(tokens * (counts / counts.mean())[:, None], dtype=np.float32)


def read_adaptation(path: Path) -> Adaptation:
    """Read an adaptation.

    Args:
        path: A file of safetensors.

    Returns:
        The adaptation.
    """
    with safe_open(path, framework="numpy") as stored:
        names = [name.removesuffix(DOWN) for name in stored.keys() if name.endswith(DOWN)]  # noqa: SIM118
        pairs = {name: (stored.get_tensor(name + DOWN), stored.get_tensor(name + UP)) for name in sorted(names)}
        about, emphasis = stored.metadata(), stored.get_tensor(EMPHASIS)
        return Adaptation(base=about[BASE], without=tuple(about[WITHOUT].split()), factors=pairs, emphasis=emphasis)


@cache
def load_adaptation() -> Adaptation:
    """Read the adaptation that comes with the library."""
    with as_file(files(__package__).joinpath(ADAPTATION_FILE)) as path:
        return read_adaptation(path)
