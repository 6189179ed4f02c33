"""Several scores of the same rows into one."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

ROUNDING = 1e-6
"""Scores that differ by less than this share are equal."""

Scores = npt.NDArray[np.floating[Any]]
Rows = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchWeights:
    """How much each sign of a match counts; all but the last are standardised over the rows that are searched.

    The first five are rounded from the fit of the question's reader (`scripts/fit_questions.py`), in which a passage's
    odds to answer are the exponential of its score. The last two are rounded from regressions that told passages with a
    gold quote from others. `docs/benchmarks.md` has what each sign is worth, and the figures with every prompt left out
    of its own fit.

    Attributes:
        tokens: Mean over the question's tokens, as much as each counts, of the largest cosine to a token of the passage
            (late interaction).
        passage: Cosine of the passage, read alone, to the question.
        titled: Cosine of the passage, read behind the paper's title and its heading.
        words: Logarithm of 1 + BM25.
        neighbours: As `tokens`, the passages before and behind counted in.
        paper: Mean of the five best `tokens` in the passage's paper.
        recommended: The paper is that of a recommended model.
    """

    tokens: float = 1.05
    passage: float = 1.05
    titled: float = 0.25
    words: float = 0.1
    neighbours: float = 0.7
    paper: float = 0.8
    recommended: float = 1.6


def standardised(scores: Scores) -> Scores:
    """Bring scores to mean 0 and standard deviation 1, so that scores of different kinds can be added up.

    Args:
        scores: Shape: (n_rows,).

    Returns:
        Shape: (n_rows,); zeros where all scores are equal.

    Source:
        Bruch, Gai, Ingber, "An Analysis of Fusion Functions for Hybrid Retrieval", arXiv:2210.11934
    """
    if not scores.size or np.ptp(scores) <= ROUNDING * np.abs(scores).max():
        return np.zeros(scores.shape)
    return np.asarray((scores - scores.mean()) / scores.std(), dtype=np.float64)


def combine(signs: Mapping[str, Scores], weights: MatchWeights) -> Scores:
    """Add up scores.

    Args:
        signs: For each field of `MatchWeights` the scores of the rows. Shape of each: (n_rows,).
        weights: How much each counts.

    Returns:
        Shape: (n_rows,); higher is better.
    """
    parts = [weight * np.asarray(signs[name], dtype=np.float64) for name, weight in asdict(weights).items()]
    return np.asarray(np.sum(parts, axis=0), dtype=np.float64)
