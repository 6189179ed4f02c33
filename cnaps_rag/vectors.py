"""Exact nearest-neighbour search. The one module that knows FAISS."""

from functools import cached_property
from typing import Any

import numpy as np

from cnaps_rag.embedding import Vectors


class VectorIndex:
    """A flat inner-product index over unit vectors: exact, and built in well under a millisecond for a prompt."""

    def __init__(self, vectors: Vectors) -> None:
        """Take the rows.

        Args:
            vectors: Shape: (n_rows, dim), float32, unit L2 norm.
        """
        self._vectors = vectors

    @cached_property
    def _flat(self) -> Any:
        import faiss

        flat = faiss.IndexFlatIP(self._vectors.shape[1])
        flat.add(np.ascontiguousarray(self._vectors))
        return flat

    def search(self, queries: Vectors, k: int) -> list[list[tuple[int, float]]]:
        """Rank rows by cosine similarity.

        Args:
            queries: Shape: (n_queries, dim), float32, unit L2 norm.
            k: How many rows to return for each query.

        Returns:
            For each query `(row, cosine)`, best first, ties in row order; all rows where there are fewer than k.
        """
        k = min(k, len(self._vectors))
        if k == 0:
            return [[] for _ in queries]
        scores, rows = self._flat.search(np.ascontiguousarray(queries), k)
        return [
            sorted(zip(map(int, found), map(float, cosines), strict=True), key=lambda pair: (-pair[1], pair[0]))
            for found, cosines in zip(rows, scores, strict=True)
        ]
