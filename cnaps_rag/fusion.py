"""Rankings into one ranking."""

import math
from collections import defaultdict
from collections.abc import Iterable


def reciprocal_rank_fusion(rankings: Iterable[Iterable[int]], constant: int) -> list[tuple[int, float]]:
    """Fuse rankings by the sum of reciprocal ranks.

    Args:
        rankings: Rows, best first, one ranking a retriever; their order does not matter.
        constant: Damps the lead of the first ranks.

    Returns:
        `(row, score)`, best first; ties by row. `score` is the sum of `1 / (constant + rank)`.

    Source:
        Cormack, Clarke, Buettcher, "Reciprocal rank fusion outperforms Condorcet and individual rank learning
        methods", SIGIR 2009, https://doi.org/10.1145/1571941.1572114
    """
    shares: defaultdict[int, list[float]] = defaultdict(list)
    for ranking in rankings:
        for rank, row in enumerate(ranking, 1):
            shares[row].append(1 / (constant + rank))
    scores = {row: math.fsum(parts) for row, parts in shares.items()}
    return sorted(scores.items(), key=lambda pair: (-pair[1], pair[0]))
