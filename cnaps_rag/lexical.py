"""Word search. The one module that knows BM25S."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

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

    def scores(self, query: str) -> npt.NDArray[np.float32]:
        """Score every row by BM25.

        Args:
            query: Any text.

        Returns:
            0 where a row shares no word with the query. Shape: (n_rows,), float32.
        """
        words = [word for word in self._tokens([query])[0] if word in self._vocabulary]
        if not words:
            return np.zeros(len(self._texts), dtype=np.float32)
        return np.asarray(self._bm25.get_scores(words), dtype=np.float32)

    @cached_property
    def _vocabulary(self) -> frozenset[str]:
        return frozenset(self._bm25.vocab_dict) if any(self._rows) else frozenset()

    @cached_property
    def words(self) -> list[frozenset[str]]:
        """The stemmed words of each row, without stop words."""
        return [frozenset(row) for row in self._rows]

    @cached_property
    def _rows(self) -> list[list[str]]:
        return self._tokens(list(self._texts))

    def _tokens(self, texts: list[str]) -> list[list[str]]:
        import bm25s

        tokens: list[list[str]] = bm25s.tokenize(
            texts, stopwords="en", stemmer=self._stemmer, return_ids=False, show_progress=False
        )
        return tokens
