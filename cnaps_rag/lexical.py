"""Word search. The one module that knows BM25S."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

K1 = 1.5
B = 0.75


class LexicalIndex:
    """BM25 over stemmed English words.

    Source: Lù, "BM25S: Orders of magnitude faster lexical search via eager sparse scoring", arXiv:2407.03618; the
    default constants are those of Lucene's variant in that package.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        """Take the rows.

        Args:
            texts: One text a row.
        """
        self._texts = texts

    @cached_property
    def _stemmer(self) -> Any:
        import Stemmer

        return Stemmer.Stemmer("english")

    @cached_property
    def _bm25(self) -> Any:
        import bm25s

        ranker = bm25s.BM25(k1=K1, b=B)
        ranker.index(self._rows, show_progress=False)
        return ranker

    def search(self, query: str, k: int) -> list[tuple[int, float]]:
        """Rank rows by BM25.

        Args:
            query: Any text.
            k: How many rows to return.

        Returns:
            `(row, score)`, best first, ties in row order; only rows that share a word with the query.
        """
        words = [word for word in self._tokens([query])[0] if word in self._vocabulary]
        if not words:
            return []
        scores = self._bm25.get_scores(words)
        best = np.argsort(-scores, kind="stable")[:k]
        return [(int(row), float(scores[row])) for row in best if scores[row] > 0]

    @cached_property
    def _vocabulary(self) -> frozenset[str]:
        return frozenset(self._bm25.vocab_dict) if any(self._rows) else frozenset()

    @cached_property
    def _rows(self) -> list[list[str]]:
        return self._tokens(list(self._texts))

    def _tokens(self, texts: list[str]) -> list[list[str]]:
        import bm25s

        tokens: list[list[str]] = bm25s.tokenize(
            texts, stopwords="en", stemmer=self._stemmer, return_ids=False, show_progress=False
        )
        return tokens
