"""Passages that say what another one says already: those of two versions of a paper, above all."""

from collections.abc import Sequence

from cnaps_rag.records import Passage

SAME_SHARE = 0.9
"""Passages of two papers repeat each other when they share so much of the words of both."""


def without_repeats(ranking: Sequence[int], passages: Sequence[Passage], words: Sequence[frozenset[str]]) -> list[int]:
    """Leave out rows that repeat a better one.

    Within a paper only the same words are a repetition: rows of a table, or captions, differ in one word and say
    different things.

    Args:
        ranking: Rows, best first.
        passages: The passage of each row.
        words: The words of each row that matter; a row without any repeats nothing.

    Returns:
        The rows that are left, in the same order.

    Source:
        Broder, "On the resemblance and containment of documents", SEQUENCES 1997,
        https://doi.org/10.1109/SEQUEN.1997.666900: resemblance, here of sets of words.
    """

    def repeats(row: int, better: int) -> bool:
        share = 1.0 if passages[row].document == passages[better].document else SAME_SHARE
        return _alike(words[row], words[better], share)

    kept: list[int] = []
    for row in ranking:
        if not any(repeats(row, better) for better in kept):
            kept.append(row)
    return kept


def _alike(first: frozenset[str], second: frozenset[str], share: float) -> bool:
    fewer, more = sorted((len(first), len(second)))
    # the cheap bound first: two sets share no more than the smaller one has
    return 0 < fewer >= share * more and len(first & second) >= share * len(first | second)
