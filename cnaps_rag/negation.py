"""Whether a statement says no where its source says yes, or the other way round."""

import re
from collections.abc import Callable, Sequence

VERBAL = re.compile(
    r"\b(?:(?:is|are|was|were|be|been|do|does|did|has|have|had|can|could|will|would|should|may|might|must|need)"
    r"(?:\s+\w+ly)?\s+(?:not|never|unable|incapable)|cannot|\w+n[’']t|(?:not|never)(?=\s+(?:\w+ly\s+)?\w+s?\b)|"
    r"fail(?:s|ed|ing)?\s+to|no\s+longer|hardly|barely|scarcely)\b",
    re.IGNORECASE,
)
"""Negation of a verb; that of a noun is seldom printed the same way in the source."""
NOMINAL = re.compile(
    r"\b(?:no|without|lacks?|lacking)\b(?!\s+(?:longer|it|them|this|that|these|those)\b)(?:\s+(?:an?|any|the)\b)?",
    re.IGNORECASE,
)
"""Negation of a noun: `no labels`, `without seams`."""

CUE = re.compile(
    r"\b(?:not|no|never|without|neither|nor|none|nothing|cannot|hardly|barely|unable|fail(?:s|ed|ing|ure)?|lack\w*|"
    r"except|instead of|rather than|unlike|unseen|unknown|\w+n[’']t|insufficient|impossible|ill-posed|inefficient\w*|"
    r"ineffective\w*|inabilit\w+|incapable|inaccura\w+|incomplete|inconsisten\w+|misalign\w*|absen\w+)\b(?!-)",
    re.IGNORECASE,
)
SOFTER = re.compile(rf"{CUE.pattern}|\b(?:little|superfluous|unnecessary|needless\w*|redundant)\b", re.IGNORECASE)
"""What also keeps a word from being said plainly."""
LIMIT = re.compile(rf"{SOFTER.pattern}|\b(?:alone|only|solely|purely|single|free|\w+-free|than)\b", re.IGNORECASE)
"""What lets a statement say that there is none of a thing."""
PLAIN = re.compile(r"\b(?:not|no|never|without|neither|none|nothing|cannot|\w+n[’']t)\b", re.IGNORECASE)
"""Negative words that must have a match; contrasts (`unlike`, `instead of`) are a matter of wording."""
DENIAL = re.compile(
    r"(?:\bnot|n[’']t|\bnever)\s+(?:true|correct|the case)\s+that\b|\b(?:false|untrue|incorrect|wrong|a myth)\s+that\b",
    re.IGNORECASE,
)
"""Denies a whole statement: so no source negates the verb."""
_BUT = re.compile(r"[^.;:,]{1,60}\bbut\b", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]+")
_CONTRAST = re.compile(r"(?:,|;|\band\b|—|–)\s*$", re.IGNORECASE)
_CLAUSE = re.compile(r"[,(—–]\s?|\)")
"""A colon or a semicolon goes on about the same."""
_NOT_ONLY = re.compile(r"\s*(?:only|just|necessarily)\b", re.IGNORECASE)
_EMPTY = frozenset({
    "a", "an", "the", "be", "been", "being", "to", "of", "in", "on", "at", "by", "for", "with", "as", "have", "has",
    "is", "only", "just", "any", "all", "very", "so", "that", "this", "it", "its", "their", "more", "much", "able",
    "need", "also",
})  # fmt: skip
SAME_HEAD_CHARS = 60
"""How much of a sentence is looked at for what it negates; a statement must repeat it almost word by word."""
PHRASE_CHARS = 20
NEAR_WORDS = 3
BEFORE_CHARS, BEHIND_WORDS = 40, 2
"""How much of a sentence around a word is looked at for what negates it."""

Stem = Callable[[str], str]


def disagreement(text: str, sentences: Sequence[str], stem: Stem, cited: Sequence[str] = ()) -> str | None:
    """Say how a statement and the sentences that it rests on differ in what they negate.

    Args:
        text: The statement.
        sentences: The sentences of the source that are closest to it, the closest first.
        stem: Reduces a word to its stem.
        cited: All sentences of the source.

    Returns:
        What disagrees, in a few words, or None. A statement disagrees that denies as a whole what a sentence says; that
        negates a word which the closest sentences have without a negative word near, or two neighbouring ones which any
        has so; that has more negative words in clauses with a negated verb than the closest sentences hold; that says
        that there is none of a thing where these limit nothing; or that has no negative word where the closest sentence
        negates the verb of words that it repeats.
    """
    denial = DENIAL.search(text)
    if denial and not any(DENIAL.search(sentence) for sentence in sentences):
        return _unfounded(denial[0])
    plainly = _said_plainly(text, sentences, stem, cited)
    if plainly:
        return plainly
    found, none = negations(text), NOMINAL.search(text)
    if found:
        cues = sum(len(CUE.findall(sentence)) for sentence in sentences)
        return _unfounded(_phrase(text, found[0])) if cues < _needed(text) else None
    if none and not any(LIMIT.search(sentence) for sentence in sentences):
        return _unfounded(_phrase(text, none))
    return _left_out(text, sentences[0], stem) if sentences and CUE.search(text) is None else None


def _unfounded(phrase: str) -> str:
    return f"it says “{phrase}”, and what it cites does not"


def _said_plainly(text: str, sentences: Sequence[str], stem: Stem, cited: Sequence[str]) -> str | None:
    """Say which negation of a statement is of words that the source has without one."""
    for match in (*negations(text), *NOMINAL.finditer(text)):
        heads = [stem(word) for word in _heads(_CLAUSE.split(text[match.end() :])[0], 0)]
        if _plainly(heads[:1], sentences, stem) or (len(heads) > 1 and _plainly(heads, cited, stem)):
            return f"it says “{_phrase(text, match)}”, and what it cites says so without a negation"
    return None


def _needed(text: str) -> int:
    """Count the negative words in those clauses of a statement that negate a verb."""
    clauses = ((PLAIN.findall(clause), negations(clause)) for clause in _CLAUSE.split(text))
    return sum(max(len(plain), len(verbal)) for plain, verbal in clauses if verbal)


def _heads(text: str, start: int) -> list[str]:
    """Take the first words that say something from a place on: what a negation there negates."""
    after = [word.lower() for word in _WORD.findall(text[start : start + SAME_HEAD_CHARS])]
    return [word for word in after if word not in _EMPTY][:2]


def _plainly(heads: Sequence[str], sentences: Sequence[str], stem: Stem) -> bool:
    """Tell whether a sentence has a stem, the second of two close by, and no negative word around it."""
    for sentence in sentences:
        words = [(match, stem(match[0].lower())) for match in _WORD.finditer(sentence)]
        for at, (match, word) in enumerate(words):
            near = {other for _, other in words[max(0, at - NEAR_WORDS) : at + 2 * NEAR_WORDS]}
            if heads and word == heads[0] and near.issuperset(heads):
                before = sentence[max(0, match.start() - BEFORE_CHARS) : match.start()]
                behind = " ".join(sentence[match.end() :].split(maxsplit=BEHIND_WORDS)[:BEHIND_WORDS])
                if not (SOFTER.search(before) or SOFTER.search(behind)):
                    return True
    return False


def _left_out(text: str, sentence: str, stem: Stem) -> str | None:
    """Say which negation of a sentence a statement leaves out while it repeats the words around it."""
    said = {stem(word.lower()) for word in _WORD.findall(text)}
    for match in VERBAL.finditer(sentence):
        if _NOT_ONLY.match(sentence, match.end()):
            continue
        heads = _heads(sentence, match.end())
        if heads and all(stem(head) in said for head in heads):
            return f"what it cites says “{' '.join(match[0].split())} {heads[0]}”, and it does not"
    return None


def negations(text: str) -> list[re.Match[str]]:
    """Find the verbal negations of a statement, without contrasts: `, not …`, `not … but …`, `not only …`."""
    found = []
    for match in VERBAL.finditer(text):
        bare = match[0].lower() in {"not", "never"}
        contrast = (bare and _CONTRAST.search(text[: match.start()])) or _BUT.match(text, match.end())
        if not contrast and not _NOT_ONLY.match(text, match.end()):
            found.append(match)
    return found


def _phrase(text: str, match: re.Match[str]) -> str:
    return " ".join(text[match.start() : match.end() + PHRASE_CHARS].split())
