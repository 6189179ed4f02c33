"""Whether a statement says of one name what its source says of another."""

from collections.abc import Callable, Sequence

from cnaps_rag import naming

LEAST_SHARE = 0.35
"""A name is in its place where a sentence with it says at least so much of what the closest sentence says."""
LEAST_GAIN = 0.1
"""So much closer another name brings a statement to its source that the source speaks of that name."""

Share = Callable[[str, str], float]
Closeness = Callable[[Sequence[str]], Sequence[float]]


def displaced(
    text: str, names: Sequence[str], sentences: Sequence[str], share: Share, closeness: Closeness
) -> list[tuple[str, str]]:
    """Find the names of a statement in whose place its source has another name.

    Args:
        text: The statement.
        names: Those of its names that the source has somewhere, without the cited paper's own.
        sentences: The sentences of the source.
        share: Tells what share of a statement a sentence says.
        closeness: Tells how close in meaning each of several statements comes to the source.

    Returns:
        Each such name with the one that fits best. A name is displaced when the sentences that say the rest of the
        statement do not have it, and the statement with another name of the source is clearly closer to the source.
    """
    found = []
    for name in names:
        others = _others(name, names, sentences) if _apart(text.replace(name, " "), name, sentences, share) else []
        if others:
            here, *there = closeness([text, *(text.replace(name, other) for other in others)])
            gain, best = max((value - here, other) for value, other in zip(there, others, strict=True))
            if gain >= LEAST_GAIN:
                found.append((name, best))
    return found


def _apart(rest: str, name: str, sentences: Sequence[str], share: Share) -> bool:
    """Tell whether the sentences with a name say little of the rest of the statement."""
    shares = [share(rest, sentence) for sentence in sentences]
    named = (one for one, sentence in zip(shares, sentences, strict=True) if naming.stands_in(name, sentence))
    return max(named, default=0.0) < LEAST_SHARE * max(shares, default=0.0)


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
