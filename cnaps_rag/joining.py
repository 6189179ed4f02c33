"""Passages that stand side by side, and one passage made of them."""

from collections.abc import Sequence
from dataclasses import replace

from cnaps_rag.records import Passage, PassageKind


def adjoins(first: Passage, second: Passage) -> bool:
    """Tell whether a passage goes on where another one ends: running text of the same section.

    Args:
        first: A passage.
        second: The passage that comes next in its paper.

    Returns:
        Whether they can be joined.
    """
    return (
        first.kind is second.kind is PassageKind.PROSE
        and first.document == second.document
        and (first.section, first.section_role) == (second.section, second.section_role)
    )


def joined(passages: Sequence[Passage]) -> Passage:
    """Make one passage of passages that adjoin each other.

    Args:
        passages: At least one, in reading order.

    Returns:
        The passage; every character of it keeps its place on its page.
    """
    whole = passages[0]
    for passage in passages[1:]:
        shift = len(whole.text) + 1
        whole = replace(
            whole,
            text=f"{whole.text} {passage.text}",
            spans=(*whole.spans, *(replace(span, offset=span.offset + shift) for span in passage.spans)),
            sentences=(*whole.sentences, *((start + shift, end + shift) for start, end in passage.sentences)),
        )
    return whole


def stretches(passages: Sequence[Passage], chars: int) -> list[list[int]]:
    """Cut papers into larger pieces, each of some passages that adjoin each other.

    Args:
        passages: The passages, paper by paper, in reading order.
        chars: No piece of more than one passage is longer than this.

    Returns:
        The rows of each piece, in order; every row is in one.
    """
    made: list[list[int]] = []
    taken = 0
    for row, passage in enumerate(passages):
        taken += 1 + len(passage.text)
        if made and taken <= chars and adjoins(passages[row - 1], passage):
            made[-1].append(row)
        else:
            made.append([row])
            taken = len(passage.text)
    return made


def group_neighbours(
    ranking: Sequence[int], adjoining: Sequence[bool], lengths: Sequence[int], *, depth: int, most_chars: int
) -> list[list[int]]:
    """Join ranked rows with their neighbours, where both were found.

    Two sentences of evidence that stand side by side are one piece of evidence: it takes one rank and reads whole.

    Args:
        ranking: Rows, best first.
        adjoining: For each row whether the next one adjoins it.
        lengths: Characters of each row.
        depth: Only the first so many of the ranking are joined.
        most_chars: A group is no longer than this, its first row aside.

    Returns:
        The rows of the ranking in groups, each in reading order; groups ranked by their best row.
    """
    unjoined = {row: rank for rank, row in enumerate(ranking[:depth])}
    groups = [_grown(row, unjoined, adjoining, lengths, most_chars) for row in ranking[:depth] if row in unjoined]
    return groups + [[row] for row in ranking[depth:]]


def _grown(
    row: int, unjoined: dict[int, int], adjoining: Sequence[bool], lengths: Sequence[int], most_chars: int
) -> list[int]:
    """Take a row, and the better ranked of its neighbours as long as there is one, out of `unjoined`."""
    del unjoined[row]
    group, chars = [row], lengths[row]
    while True:
        before, after = group[0] - 1, group[-1] + 1
        linked = [before] * (before >= 0 and adjoining[before]) + [after] * adjoining[group[-1]]
        sides = [side for side in linked if side in unjoined and chars + 1 + lengths[side] <= most_chars]
        if not sides:
            return group
        side = min(sides, key=unjoined.__getitem__)
        del unjoined[side]
        chars += 1 + lengths[side]
        group = [side, *group] if side == before else [*group, side]
