"""What a network that embeds texts does, whatever runs it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from cnaps_rag.adaptation import Adaptation

Vectors = npt.NDArray[np.float32]

BATCH_SIZE = 32


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TokenStates:
    """The vectors of the tokens of some texts.

    Attributes:
        states: Shape: (n_texts, n_tokens, dim), float32; rows behind a text's own tokens mean nothing.
        offsets: Where each token stands in its text; nowhere for those that the model adds.
            Shape: (n_texts, n_tokens, 2), characters.
    """

    states: Vectors
    offsets: npt.NDArray[np.int64]


class Network(Protocol):
    """A network with its tokens."""

    def vectors(self, texts: Sequence[str], *, progress: bool = False) -> Vectors:
        """Embed texts.

        Args:
            texts: The texts; what exceeds the model's window is cut off.
            progress: Whether to show a progress bar on stderr.

        Returns:
            One vector a text. Shape: (n_texts, dim), float32, unit L2 norm.
        """

    def states(self, texts: Sequence[str]) -> TokenStates:
        """Read texts, all in one batch.

        Args:
            texts: At least one; what exceeds the model's positions is cut off.

        Returns:
            The vectors of their tokens.
        """

    def changed(self, adaptation: Adaptation) -> "Network":
        """Change the weights.

        Args:
            adaptation: What is added to them.

        Returns:
            A network with the changed weights; this one stays, and shares the others with it as far as it can.
        """


def batches(texts: Sequence[str], *, progress: bool) -> Iterator[list[int]]:
    """Put texts of about one length together.

    Args:
        texts: The texts.
        progress: Whether to show a progress bar on stderr.

    Yields:
        The rows of some texts; each row once.
    """
    from tqdm import tqdm

    order = sorted(range(len(texts)), key=lambda row: len(texts[row]))
    made = [order[first : first + BATCH_SIZE] for first in range(0, len(order), BATCH_SIZE)]
    yield from tqdm(made, desc="embedding", unit="batch", disable=not progress, leave=False)


def unit(vectors: npt.NDArray[np.floating[Any]]) -> Vectors:
    """Scale vectors to unit length; those of length 0 stay.

    Args:
        vectors: Shape: (..., dim).

    Returns:
        Shape: (..., dim), float32, unit L2 norm.
    """
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.where(lengths > 0, lengths, 1.0), dtype=np.float32)
