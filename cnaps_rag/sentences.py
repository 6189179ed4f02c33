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
        if _ends_sentence(text[max(cuts[-1], match.end() - MOST_SEEN_CHARS) : match.end()]):
            cuts.append(match.end())
    ends = [*cuts[1:], len(text)]
    trimmed = (_trim(text, start, end) for start, end in zip(cuts, ends, strict=True))
    return tuple((start, end) for start, end in trimmed if start < end)


def _ends_sentence(before: str) -> bool:
    """Tell whether the full stop that ends this text ends a sentence."""
    match = LAST_WORD.search(before)
    if match is None or not before.rstrip('0123456789 "”’)]').endswith("."):
        return True
    word = match[1].lower().strip(".")
    initial = len(word) == 1 and match[1][0].isupper()
    numbering = bool(LISTED.match(word)) and before.strip().rstrip(".") == match[1].rstrip(".")
    return word not in ABBREVIATIONS and not initial and not numbering


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    piece = text[start:end]
    return start + len(piece) - len(piece.lstrip()), end - (len(piece) - len(piece.rstrip()))
