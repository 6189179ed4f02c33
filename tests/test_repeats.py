"""This file ensures that what two papers say in the same words is found once, and that nothing else is lost."""

from hypothesis import given
from hypothesis import strategies as st

from cnaps_rag.records import Passage, PassageKind, SectionRole, Span
from cnaps_rag.repeats import without_repeats

WORDS = frozenset([
    "lantern",
    "takes",
    "blurry",
    "photo",
    "predicts",
    "sharp",
    "scene",
    "encoder",
    "decoder",
    "pyramid",
])


def passage(document: str) -> Passage:
    return Passage(
        document=document * 64,
        text="text",
        kind=PassageKind.PROSE,
        section=None,
        section_role=SectionRole.METHOD,
        spans=(Span(page_number=1, start=0, end=4),),
        sentences=((0, 4),),
    )


def test_two_versions_of_a_paper() -> None:
    """A passage that shares nine words of ten with a better one of another paper is left out; with fewer it is kept."""
    almost, less = WORDS - {"pyramid"}, WORDS - {"pyramid", "decoder"}
    assert without_repeats([1, 0, 2], [passage(one) for one in "abc"], [WORDS, almost, less]) == [1, 2]
    assert without_repeats([0, 1], [passage(one) for one in "ab"], [WORDS, less]) == [0, 1]


def test_rows_of_one_paper() -> None:
    """Within a paper a passage is a repetition only of the very same words: captions of two figures differ in one."""
    same = [passage("a")] * 3
    assert without_repeats([0, 1, 2], same, [WORDS, (WORDS - {"scene"}) | {"depth"}, WORDS]) == [0, 1]


def test_rows_without_words() -> None:
    """Rows without a word that matters repeat nothing, not even each other."""
    assert without_repeats([0, 1], [passage("a"), passage("b")], [frozenset(), frozenset()]) == [0, 1]


@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.frozensets(st.sampled_from(sorted(WORDS)))), max_size=12), st.data()
)
def test_only_repetitions_are_lost(rows: list[tuple[str, frozenset[str]]], data: st.DataObject) -> None:
    """The order stays, the best row stays, and every row that is left out has a better one with nearly its words."""
    ranking = data.draw(st.permutations(range(len(rows))))
    passages, words = [passage(document) for document, _ in rows], [found for _, found in rows]
    kept = without_repeats(ranking, passages, words)
    assert kept == [row for row in ranking if row in kept]
    assert kept[:1] == ranking[:1]
    for row in set(ranking) - set(kept):
        better = [words[other] for other in kept if ranking.index(other) < ranking.index(row)]
        assert any(len(words[row] ^ other) <= 1 for other in better)
