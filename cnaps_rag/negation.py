"""Whether a statement says no where its source says yes, or the other way round."""

import re
from collections.abc import Callable, Sequence

VERBAL = re.compile(
    r"\b(?:(?:is|are|was|were|be|been|do|does|did|has|have|had|can|could|will|would|should|may|might|must|need)"
    r"(?:\s+\w+ly)?\s+(?:not|never)|cannot|\w+n[’']t|(?:not|never)(?=\s+(?:\w+ly\s+)?\w+s?\b))\b",
    re.IGNORECASE,
)
"""Negation of a verb; that of a noun (`no labels`, `without seams`) is seldom printed the same way in the source."""

CUE = re.compile(
    r"\b(?:not|no|never|without|neither|nor|none|nothing|cannot|hardly|barely|unable|fail(?:s|ed|ing|ure)?|lack\w*|"
    r"except|instead of|rather than|unlike|unseen|unknown|\w+n[’']t|insufficient|impossible|ill-posed)\b",
    re.IGNORECASE,
)
PLAIN = re.compile(r"\b(?:not|no|never|without|neither|none|nothing|cannot|\w+n[’']t)\b", re.IGNORECASE)
"""Negative words that must have a match; contrasts (`unlike`, `instead of`) are a matter of wording."""
_BUT = re.compile(r"[^.;:,]{1,60}\bbut\b", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]+")
_CONTRAST = re.compile(r"(?:,|;|\band\b|—|–)\s*$", re.IGNORECASE)
_NOT_ONLY = re.compile(r"\s*(?:only|just|necessarily)\b", re.IGNORECASE)
_EMPTY = frozenset({
    "a", "an", "the", "be", "been", "being", "to", "of", "in", "on", "at", "by", "for", "with", "as", "have", "has",
    "is", "only", "just", "any", "all", "very", "so", "that", "this", "it", "its", "their", "more", "much", "able",
    "need",
})  # fmt: skip
SAME_HEAD_CHARS = 60
"""How much of a sentence is looked at for what it negates; a statement must repeat it almost word by word."""

Stem = Callable[[str], str]


def disagreement(text: str, sentences: Sequence[str], stem: Stem) -> str | None:
    """Say how a statement and the sentences that it rests on differ in what they negate.

    Args:
        text: The statement.
        sentences: The sentences of the source that are closest to it, the closest first.
        stem: Reduces a word to its stem.

    Returns:
        What disagrees, in a few words, or None. A statement that negates a verb disagrees when the sentences hold fewer
        negative words than it does; one without any negative word, when the closest sentence negates the verb of words
        that it repeats.
    """
    negated = negations(text)
    if negated:
        found = sum(len(CUE.findall(sentence)) for sentence in sentences)
        return f"it says “{negated[0]}”, and what it cites does not" if found < len(PLAIN.findall(text)) else None
    if CUE.search(text) is None and sentences:
        return _left_out(text, sentences[0], stem)
    return None


def _left_out(text: str, sentence: str, stem: Stem) -> str | None:
    """Say which negation of a sentence a statement leaves out while it repeats the words around it."""
    said = {stem(word.lower()) for word in _WORD.findall(text)}
    for match in VERBAL.finditer(sentence):
        if _NOT_ONLY.match(sentence, match.end()):
            continue
        after = [word.lower() for word in _WORD.findall(sentence[match.end() : match.end() + SAME_HEAD_CHARS])]
        heads = [word for word in after if word not in _EMPTY][:2]
        if heads and all(stem(head) in said for head in heads):
            return f"what it cites says “{' '.join(match[0].split())} {heads[0]}”, and it does not"
    return None


def negations(text: str) -> list[str]:
    """List the verbal negations of a statement, without contrasts: `, not …`, `not … but …`, `not only …`."""
    found = []
    for match in VERBAL.finditer(text):
        bare = match[0].lower() in {"not", "never"}
        contrast = (bare and _CONTRAST.search(text[: match.start()])) or _BUT.match(text, match.end())
        if not contrast and not _NOT_ONLY.match(text, match.end()):
            found.append(" ".join(text[match.start() : match.end() + 20].split()))
    return found
