"""This file ensures that rankings are fused as the paper defines it, whatever order they come in."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnaps_rag.fusion import reciprocal_rank_fusion

rankings = st.lists(st.lists(st.integers(0, 12), unique=True, max_size=10), max_size=5)
constants = st.integers(1, 100)


@given(rankings, constants, st.randoms())
def test_order_of_retrievers_does_not_matter(ranked: list[list[int]], constant: int, random: object) -> None:
    """The same rankings in another order give the same rows, the same scores to the bit, the same ranks."""
    shuffled = list(ranked)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert reciprocal_rank_fusion(shuffled, constant) == reciprocal_rank_fusion(ranked, constant)


@given(rankings, constants)
def test_scores_are_those_of_the_definition(ranked: list[list[int]], constant: int) -> None:
    """Each row that any retriever ranked is there once, with the sum of 1 / (constant + rank)."""
    fused = dict(reciprocal_rank_fusion(ranked, constant))
    expected: dict[int, Fraction] = {}
    for ranking in ranked:
        for rank, row in enumerate(ranking, 1):
            expected[row] = expected.get(row, Fraction(0)) + Fraction(1, constant + rank)
    assert fused == pytest.approx({row: float(score) for row, score in expected.items()})


@given(rankings, constants)
def test_best_first_and_ties_by_row(ranked: list[list[int]], constant: int) -> None:
    """Scores never rise down the list, and rows of equal score stand in row order."""
    fused = reciprocal_rank_fusion(ranked, constant)
    assert fused == sorted(fused, key=lambda pair: (-pair[1], pair[0]))


def test_rows_that_change_places_tie() -> None:
    """Two rows that two retrievers rank the other way round share a score, and the lower row goes first."""
    assert reciprocal_rank_fusion([[7, 3], [3, 7]], 60) == [(3, 1 / 61 + 1 / 62), (7, 1 / 61 + 1 / 62)]


def test_one_ranking_keeps_its_order() -> None:
    """What a single retriever found comes out in its order."""
    assert [row for row, _ in reciprocal_rank_fusion([[5, 1, 9]], 60)] == [5, 1, 9]


@pytest.mark.parametrize("ranked", [[], [[]], [[], []]])
def test_nothing_found_is_nothing_fused(ranked: list[list[int]]) -> None:
    """No rankings, or empty ones, give an empty ranking."""
    assert reciprocal_rank_fusion(ranked, 60) == []
