"""This file ensures that neighbours become one passage, each character of which keeps its place."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnaps_rag.joining import adjoins, group_neighbours, joined
from cnaps_rag.records import Passage, PassageKind, SectionRole, Span

PAGE = "A lantern lights the way. Ships are counted. The network has two branches."


def passage(start: int, end: int) -> Passage:
    span = Span(page_number=2, start=start, end=end)
    sentences = ((0, end - start),)
    return Passage(
        document="d" * 64,
        text=PAGE[start:end],
        kind=PassageKind.PROSE,
        section="3. Method",
        section_role=SectionRole.METHOD,
        spans=(span,),
        sentences=sentences,
    )


FIRST, SECOND, THIRD = passage(0, 25), passage(26, 44), passage(45, len(PAGE))


def test_every_sentence_keeps_its_place() -> None:
    """A joined passage holds the sentences of its parts, and each is found where it stands on the page."""
    whole = joined([FIRST, SECOND, THIRD])
    assert whole.text == PAGE
    assert [whole.text[start:end] for start, end in whole.sentences] == [FIRST.text, SECOND.text, THIRD.text]
    for start, end in whole.sentences:
        span = whole.locate(start, end)
        assert span is not None
        assert PAGE[span.start : span.end] == whole.text[start:end]


def test_one_passage_is_itself() -> None:
    """A passage without neighbours stays what it is."""
    assert joined([SECOND]) == SECOND


@pytest.mark.parametrize(
    "other",
    [
        replace(SECOND, section="4. Experiments"),
        replace(SECOND, section_role=SectionRole.EXPERIMENTS),
        replace(SECOND, kind=PassageKind.CAPTION),
        replace(SECOND, document="e" * 64),
    ],
)
def test_what_does_not_adjoin(other: Passage) -> None:
    """Another section, kind or paper is no neighbour; running text of the same section is."""
    assert not adjoins(FIRST, other)
    assert adjoins(FIRST, SECOND)


def test_only_what_was_found_is_joined() -> None:
    """A row takes in its neighbours that were found too, the better ranked first, and ranks by its best row."""
    groups = group_neighbours([4, 1, 2, 9], [True] * 10, [10] * 10, depth=4, most_chars=100)
    assert groups == [[4], [1, 2], [9]]
    assert group_neighbours([2, 1, 3], [True] * 10, [10] * 10, depth=3, most_chars=21) == [[1, 2], [3]]
    assert group_neighbours([2, 1, 3], [False] * 10, [10] * 10, depth=3, most_chars=100) == [[2], [1], [3]]
    assert group_neighbours([0, 2, 1], [True] * 3, [10] * 3, depth=2, most_chars=100) == [[0], [2], [1]]


@given(
    ranking=st.permutations(range(12)),
    adjoining=st.lists(st.booleans(), min_size=12, max_size=12),
    lengths=st.lists(st.integers(1, 50), min_size=12, max_size=12),
    depth=st.integers(1, 15),
    most=st.integers(1, 120),
)
def test_nothing_is_lost_or_twice(
    ranking: list[int], adjoining: list[bool], lengths: list[int], depth: int, most: int
) -> None:
    """Every row is in one group; groups run without a gap over rows that adjoin, within the length."""
    groups = group_neighbours(ranking, adjoining, lengths, depth=depth, most_chars=most)
    assert sorted(row for group in groups for row in group) == sorted(ranking)
    for group in groups:
        assert group == list(range(group[0], group[-1] + 1))
        assert all(adjoining[row] for row in group[:-1])
        assert len(group) == 1 or sum(lengths[row] for row in group) + len(group) - 1 <= most
    best = [min(map(ranking.index, group)) for group in groups]
    assert best == sorted(best)
