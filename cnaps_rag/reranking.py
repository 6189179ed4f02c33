"""The best passages of a search, put into the order that a cross-encoder gives them."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Protocol

import numpy as np

from cnaps_rag.cross_encoders import CrossEncoderModel
from cnaps_rag.fusion import Rows, Scores, standardised


class Reranker(Protocol):
    """Reads a question and a passage together, which finds more than comparing their vectors and takes far longer."""

    def relevance(self, question: str, texts: Sequence[str]) -> Scores:
        """Score how well texts answer a question.

        Args:
            question: The question.
            texts: The texts, at least one.

        Returns:
            Higher is better. Shape: (n_texts,).
        """


class CrossEncoderReranker(CrossEncoderModel):
    """A cross-encoder with one output, such as `cross-encoder/ms-marco-MiniLM-L6-v2`."""

    def relevance(self, question: str, texts: Sequence[str]) -> Scores:
        """Score how well texts answer a question; see `Reranker.relevance`.

        Args:
            question: The question.
            texts: The texts, at least one.

        Returns:
            Higher is better. Shape: (n_texts,).

        Raises:
            CrossEncoderError: The model cannot be loaded, or has more outputs than one.
        """
        return self.scores([(question, text) for text in texts], 1)[:, 0]


@lru_cache(maxsize=1)
def find_reranker(name: str, *, offline: bool) -> CrossEncoderReranker:
    """Give the reranker of that name, the same one for every search of a process.

    Args:
        name: Folder, or name on the hub.
        offline: Never use the network.

    Returns:
        The reranker, its model not loaded yet.
    """
    return CrossEncoderReranker(name, offline=offline)


def reranked(scores: Scores, question: str, texts: Sequence[str], rows: Rows, reranker: Reranker) -> Scores:
    """Put some rows before all others, in the order of a reranker.

    Args:
        scores: Of all rows, higher is better. Shape: (n_rows,).
        question: The question.
        texts: The texts of the rows to put first.
        rows: These rows; they have the best of `scores`. Shape: (n_texts,).
        reranker: The reranker.

    Returns:
        New scores: those of these rows are standardised and lifted over the rest. Shape: (n_rows,).
    """
    lifted = np.array(scores, dtype=np.float64)
    judged = standardised(reranker.relevance(question, texts))
    lifted[rows] = lifted.max() + 1 + judged - judged.min()
    return lifted
