"""Whether a statement says of one name what its source says of another."""

from collections.abc import Callable, Sequence

from cnaps_rag import naming

LEAST_SHARE = 0.35
"""A name is in its place where a sentence with it says at least so much of what the closest sentence says."""
LEAST_GAIN = 0.1
"""So much closer another name brings a statement to its source that the source speaks of that name."""
MOST_OTHERS = 12
"""So many names are tried in the place of one, those of the closest sentences first."""

Share = Callable[[str, str], float]
Closeness = Callable[[Sequence[str], Sequence[str]], Sequence[float]]


def displaced(
    text: str, names: Sequence[str], sentences: Sequence[str], share: Share, closeness: Closeness
) -> list[tuple[str, str]]:
    """Find the names of a statement in whose place its source has another name.

    Args:
        text: The statement.
        names: Those of its names that the source has somewhere, without the cited paper's own.
        sentences: The sentences of the source.
        share: Tells what share of a statement a sentence says.
        closeness: Tells how close in meaning each of several statements comes to the closest of some sentences.

    Returns:
        Each such name with the one that fits best. A name is displaced when the sentences that say the rest of the
        statement do not have it, and the statement with another name of the source is clearly closer to it.
    """
    found = []
    for name in names:
        others = _others(name, names, _apart(text.replace(name, " "), name, sentences, share))[:MOST_OTHERS]
        if others:
            here, *there = closeness([text, *(text.replace(name, other) for other in others)], sentences)
            gain, best = max((value - here, other) for value, other in zip(there, others, strict=True))
            if gain >= LEAST_GAIN:
                found.append((name, best))
    return found


def _apart(rest: str, name: str, sentences: Sequence[str], share: Share) -> list[str]:
    """List the sentences by what they say of the rest of a statement, where those with the name say little of it."""
    shares = {sentence: share(rest, sentence) for sentence in sentences}
    named = (one for sentence, one in shares.items() if naming.stands_in(name, sentence))
    if max(named, default=0.0) >= LEAST_SHARE * max(shares.values(), default=0.0):
        return []
    return sorted(shares, key=lambda sentence: -shares[sentence])


def _others(name: str, names: Sequence[str], sentences: Sequence[str]) -> list[str]:
    """List the names that may stand in the place of one: no part of it, no name of the statement."""
    bare = name.lower()
    found = dict.fromkeys(other for sentence in sentences for other in naming.told_by_form(sentence))
    return [
        other
        for other in found
        if other not in names
        and other.lower() not in bare
        and bare not in other.lower()
        and not naming.stands_in(name, other)
    ]
