"""Cutting text into sentences, with the abbreviations and initials of research papers in mind."""

import re

_ABBREVIATED = (
    "e.g i.e cf etc al vs fig figs eq eqs eqn sec secs tab ref refs no nos vol pp ch approx resp dr prof mr mrs ms st "
    "jr inc ltd dept univ viz ca w.r.t i.i.d a.k.a incl def thm prop lem alg app suppl supp"
)
ABBREVIATIONS = frozenset(_ABBREVIATED.split())
# a number behind the full stop is a footnote's, and no decimal place
BOUNDARY = re.compile(
    r"[.!?](?!(?<=\d\.)\d)[\"”’)\]]*(?:\s*\[\d[\d,\s–-]*\])?\d{0,2}\s+"
    r"(?=[\"“‘(\[]?[A-ZÀ-ÖØ-ÞΑ-Ω0-9]|[•‣▪●◦])"
)
LAST_WORD = re.compile(r"([\w.]+)[.!?][\"”’)\]]*(?:\s*\[[\d,\s–-]*\])?\d{0,2}\s*$")
FIRST_WORD = re.compile(r"[\"“‘(\[]?([A-Za-z]+)\b")
_OPENING = (
    "According Accordingly Additionally After Afterwards All Also Although Among An And Another As At Based "
    "Because Before Besides Both But By Consequently Conversely Despite Different Due During Each Finally First "
    "Following For Formally From Further Furthermore Given Hence Here How However If In Inspired Instead "
    "Intuitively It Its Last Lastly Later Let Like Many Meanwhile More Moreover Most Motivated Namely "
    "Nevertheless Next Note Notably Now Of On Once One Only Or Other Our Over Overall Recall Recently Second "
    "Secondly See Several Similar Similarly Since So Some Specifically Such Suppose Taking That The Their Then "
    "There Therefore These They Third This Those Though Through Thus To Together Two Typically Under Unlike Until "
    "Using Various Via We What When Where Whereas Whether Which While Why With Within Without Yet You"
)
OPENERS = frozenset(_OPENING.split())
"""Words that begin sentences, and are nobody's name."""
MOST_SEEN_CHARS = 100
LISTED = re.compile(r"^\(?(?:[ivx]{1,4}|[a-h]|\d)\)?$")


def split_sentences(text: str) -> tuple[tuple[int, int], ...]:
    """Cut a text into sentences.

    Args:
        text: Running text, white space folded.

    Returns:
        `(start, end)` offsets of each sentence, without the space around it; together they cover all that is not
        space.
    """
    cuts = [0]
    for match in BOUNDARY.finditer(text):
        following = FIRST_WORD.match(text, match.end())
        before = text[max(cuts[-1], match.end() - MOST_SEEN_CHARS) : match.end()]
        if _ends_sentence(before, following[1] if following else ""):
            cuts.append(match.end())
    ends = [*cuts[1:], len(text)]
    trimmed = (_trim(text, start, end) for start, end in zip(cuts, ends, strict=True))
    return tuple((start, end) for start, end in trimmed if start < end)


def _ends_sentence(before: str, following: str) -> bool:
    """Tell whether the full stop that ends a text ends a sentence, by that text and the word behind it."""
    match = LAST_WORD.search(before)
    if match is None or not before.rstrip('0123456789 "”’)]').endswith("."):
        return True
    word = match[1].lower().strip(".")
    # a capital may be a person's initial or a variable: a name follows the one, a sentence the other
    initial = len(word) == 1 and match[1][0].isupper() and following not in OPENERS
    numbering = bool(LISTED.match(word)) and before.strip().rstrip(".") == match[1].rstrip(".")
    return word not in ABBREVIATIONS and not initial and not numbering


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    piece = text[start:end]
    return start + len(piece) - len(piece.lstrip()), end - (len(piece) - len(piece.rstrip()))
