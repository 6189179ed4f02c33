"""This file ensures that word search ranks as BM25 does, and copes with texts and questions without words."""

import bm25s  # noqa: TID253
import numpy as np
import pytest
import Stemmer
from hypothesis import given, settings
from hypothesis import strategies as st

from cnaps_rag.lexical import K1, B, LexicalIndex

TEXTS = [
    "The lantern network sharpens blurry photos.",
    "Ships are counted in harbours from radar echoes.",
    "A photo of a lantern is not a lantern.",
    "Trees vote on patches of photos.",
]
words = st.sampled_from(["lantern", "lanterns", "photo", "blurry", "ship", "tree", "the", "zebra", "3D", "", "…"])
texts = st.lists(words, max_size=8).map(" ".join)


@settings(max_examples=40, deadline=None)
@given(rows=st.lists(texts, min_size=1, max_size=8), query=texts)
def test_same_as_bm25s(rows: list[str], query: str) -> None:
    """Rows and scores are those of bm25s itself over its own tokens, rows without a common word left out."""
    stemmer = Stemmer.Stemmer("english")
    tokens = bm25s.tokenize(rows, stopwords="en", stemmer=stemmer, show_progress=False, return_ids=False)
    asked = bm25s.tokenize([query], stopwords="en", stemmer=stemmer, show_progress=False, return_ids=False)[0]
    expected = np.zeros(len(rows))
    if any(tokens):
        peer = bm25s.BM25(k1=K1, b=B)
        peer.index(tokens, show_progress=False)
        for word in asked:
            if word in peer.vocab_dict:
                expected += peer.get_scores([word])
    found = LexicalIndex(rows).scores(query)
    assert found == pytest.approx(expected, abs=1e-5)
    shared = [bool(set(row_tokens) & set(asked)) for row_tokens in tokens]
    assert (found > 0).tolist() == shared


def test_word_forms_match() -> None:
    """A question in the singular finds the plural, and upper case does not matter."""
    assert np.flatnonzero(LexicalIndex(TEXTS).scores("HARBOUR ship")).tolist() == [1]


@pytest.mark.parametrize("query", ["", "the of and", "zebra", "…!?", "漢字"])
def test_question_without_a_known_word(query: str) -> None:
    """A question of which no row has a word gives every row 0."""
    assert LexicalIndex(TEXTS).scores(query).tolist() == [0.0] * 4


@pytest.mark.parametrize("rows", [[], [""], ["the of", "…"]])
def test_texts_without_words(rows: list[str]) -> None:
    """No rows, or rows without a word, are scored without complaint."""
    assert LexicalIndex(rows).scores("lantern").tolist() == [0.0] * len(rows)


def test_one_row_is_enough() -> None:
    """A single text can be found."""
    assert LexicalIndex(["A lantern."]).scores("lantern")[0] > 0
