"""Vectors of tokens, small enough to keep, and the similarity of a question's tokens to them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
import numpy.typing as npt
from threadpoolctl import ThreadpoolController

from cnaps_rag.networks import Vectors

KEPT_DIMENSIONS = 128
LARGEST_CODE = 127


@cache
def _thread_pools() -> ThreadpoolController:
    return ThreadpoolController()


@dataclass(frozen=True, kw_only=True, eq=False)
class TokenVectors:
    """The token vectors of one paper's passages, on the paper's own principal axes, in 8 bits each.

    A dot product of a question's token with a stored one is kept but for what lies outside of these axes and for
    rounding; `docs/benchmarks.md` has what that costs.

    Source: the maximum over tokens is the late interaction of Khattab and Zaharia, "ColBERT", arXiv:2004.12832; keeping
    few dimensions in few bits follows Santhanam et al., "ColBERTv2", arXiv:2112.01488.

    Attributes:
        codes: Shape: (n_tokens, n_axes), int8.
        axes: What a question's vector is multiplied with; carries the scale of the codes.
            Shape: (dim, n_axes), float32.
        offsets: Row of the first token of each passage, and the number of tokens. Shape: (n_passages + 1,), int64.
    """

    codes: npt.NDArray[np.int8]
    axes: Vectors
    offsets: npt.NDArray[np.int64]

    def __post_init__(self) -> None:
        """Check that the parts belong together.

        Raises:
            ValueError: They do not.
        """
        if not (
            self.codes.ndim == self.axes.ndim == 2  # noqa: PLR2004
            and self.offsets.ndim == 1
            and self.codes.shape[1] == self.axes.shape[1]
            and len(self.offsets) > 0
            and self.offsets[0] == 0
            and self.offsets[-1] == len(self.codes)
            and bool((np.diff(self.offsets) > 0).all())
        ):
            raise ValueError(f"token vectors of shapes {self.codes.shape}, {self.axes.shape}, {self.offsets.shape}")

    @classmethod
    def compress(cls, passages: Sequence[Vectors], dim: int) -> "TokenVectors":
        """Compress the token vectors of passages.

        Args:
            passages: For each passage its tokens, at least one. Shape of each: (n_tokens, dim), float32.
            dim: Dimension of the vectors.

        Returns:
            Them, on the axes along which they differ most.
        """
        tokens = np.concatenate(passages) if passages else np.zeros((0, dim), dtype=np.float32)
        _, vectors = np.linalg.eigh(tokens.T.astype(np.float64) @ tokens)
        axes = vectors[:, ::-1][:, :KEPT_DIMENSIONS]
        projected = tokens @ axes
        scale = (float(np.abs(projected).max()) if projected.size else 0.0) / LARGEST_CODE or 1.0
        return cls(
            codes=np.rint(projected / scale).astype(np.int8),
            axes=np.ascontiguousarray(axes * scale, dtype=np.float32),
            offsets=np.cumsum([0, *map(len, passages)], dtype=np.int64),
        )

    @cached_property
    def _rows(self) -> Vectors:
        return np.ascontiguousarray(self.codes.T, dtype=np.float32)

    def nearest(self, question: Vectors) -> Vectors:
        """Find how near each passage comes to each token of a question.

        Args:
            question: The question's tokens. Shape: (n_question_tokens, dim), float32.

        Returns:
            The largest cosine to a token of the passage, times the L2 norm of the question's.
            Shape: (n_question_tokens, n_passages), float32.
        """
        if len(self.offsets) == 1:
            return np.zeros((len(question), 0), dtype=np.float32)
        # on more threads than one, numpy's spin on the cores that the embedder needs for the next question
        with _thread_pools().limit(limits=1, user_api="blas"):
            cosines = (question @ self.axes) @ self._rows
        return np.asarray(np.maximum.reduceat(cosines, self.offsets[:-1], axis=1), dtype=np.float32)
