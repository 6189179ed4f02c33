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
    left: list[int] = []
    kept: list[tuple[str, frozenset[str]]] = []
    for row in ranking:
        own = passages[row].document, words[row]
        if not any(_repeats(own, better) for better in kept):
            left.append(row)
            kept.append(own)
    return left


def _repeats(one: tuple[str, frozenset[str]], better: tuple[str, frozenset[str]]) -> bool:
    (document, words), (other_document, other_words) = one, better
    if document == other_document:
        return bool(words) and words == other_words
    fewer, more = (words, other_words) if len(words) < len(other_words) else (other_words, words)
    # the cheap bound first: two sets share no more than the smaller one has
    near = 0 < len(fewer) >= SAME_SHARE * len(more)
    return near and len(words & other_words) >= SAME_SHARE * len(words | other_words)
