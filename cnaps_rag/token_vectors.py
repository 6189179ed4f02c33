"""Vectors of tokens, small enough to keep, and the similarity of a question's tokens to them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from threadpoolctl import ThreadpoolController

from cnaps_rag import onnx_graphs
from cnaps_rag.networks import Vectors, unit

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

POOLED = 2
"""A passage keeps one vector for so many of its tokens."""
KEPT_DIMENSIONS = 128
LARGEST_CODE = 127
LARGEST_QUESTION_CODE = 63
"""Half of what 8 bits hold: processors add the products of two codes in 16 bits, and must not overflow there."""
CODE_OFFSET = 128
"""Added to the codes that the graph takes, which have no sign."""
LEAST_STEP = 1e-30
QUESTION, AXES, CODES, PRODUCTS, STEPS = "question", "axes", "codes", "products", "steps"
"""Names of the inputs and outputs of the graph `onnx_graphs.LATE_INTERACTION`."""


@cache
def _thread_pools() -> ThreadpoolController:
    return ThreadpoolController()


@cache
def _graph() -> "InferenceSession":
    # on one thread: more would wait, spinning, on the cores that the embedder needs for the next question
    return onnx_graphs.load_graph(onnx_graphs.LATE_INTERACTION, threads=1)


def pooled(tokens: Vectors) -> Vectors:
    """Join the tokens of a passage that are most alike, so that half as many vectors stand for it.

    Source: Clavié, Chaffin and Adams, "Reducing the Footprint of Multi-Vector Retrieval with Minimal Performance Impact
    via Token Pooling", arXiv:2409.14683; the groups are those of hierarchical clustering by Ward's criterion.

    Args:
        tokens: The passage's tokens. Shape: (n_tokens, dim), float32, unit L2 norm.

    Returns:
        The mean direction of each group. Shape: (about n_tokens / 2, dim), float32, unit L2 norm.
    """
    if len(tokens) <= POOLED:
        return tokens
    from scipy.cluster.hierarchy import fcluster, linkage

    groups = fcluster(linkage(tokens, "ward"), -(-len(tokens) // POOLED), "maxclust")
    return unit(np.stack([tokens[groups == group].mean(axis=0) for group in np.unique(groups)]))


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
    def _unsigned(self) -> npt.NDArray[np.uint8]:
        return (self.codes.astype(np.int16) + CODE_OFFSET).astype(np.uint8)

    @cached_property
    def _columns(self) -> Vectors:
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
        products, steps = self._by_graph(question) if onnx_graphs.available() else self._by_numpy(question)
        return np.asarray(np.maximum.reduceat(products, self.offsets[:-1], axis=1) * steps, dtype=np.float32)

    def _by_graph(self, question: Vectors) -> tuple[npt.NDArray[np.int32], Vectors]:
        """Multiply as `_by_numpy` does, in whole numbers: a quarter of the memory to read, and half the time."""
        inputs = {QUESTION: np.ascontiguousarray(question), AXES: self.axes, CODES: self._unsigned}
        products, steps = _graph().run([PRODUCTS, STEPS], inputs)
        return products, steps

    def _by_numpy(self, question: Vectors) -> tuple[Vectors, Vectors]:
        """Multiply a question's tokens, rounded to whole numbers of steps, with the codes.

        Returns:
            The products, all whole, shape: (n_question_tokens, n_tokens), and the size of a step for each of the
            question's tokens, shape: (n_question_tokens, 1).
        """
        # on more threads than one, numpy's spin on the cores that the embedder needs for the next question
        with _thread_pools().limit(limits=1, user_api="blas"):
            projected = question @ self.axes
            steps = np.maximum(np.abs(projected).max(axis=1, keepdims=True), LEAST_STEP) / LARGEST_QUESTION_CODE
            return np.rint(projected / steps) @ self._columns, steps
