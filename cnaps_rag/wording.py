"""What the words of a line tell of it: whether it is prose, numbers, a caption, the end of a sentence."""

import re
from functools import lru_cache
from typing import Final

CAPTION = re.compile(
    r"^(?:(?:Figure|Fig\.?|Table|Tab\.|Algorithm|Listing|FIGURE|FIG\.|TABLE|Extended Data Fig(?:ure|\.))"
    r"\s*(?:[A-Z]?\.?\d{1,3}(?:\.\d{1,2})?|[A-Z]\.?[IVX]{0,4})\s*[.:|—–-]|TABLE [IVX]{1,5}$)"
)
PART_CAPTION = re.compile(r"^\([a-h]\)\s*(?=[A-Z])")
BARE_CAPTION = re.compile(r"^(?:Figure|Fig\.|Table|Algorithm)\s*[A-Z]?\d{1,3}\s+(?=[A-Z(“\"])")
POINTING = re.compile(r"(?:\b(?:in|see|of|and|from|to|with|by|the|both|or|than|as|e\.g\.|i\.e\.|cf\.)|[(,])$")
SENTENCE_END = re.compile(r"[.!?:](?!(?<=\d\.)\d)[\"”’)\]]*\d{0,2}$")
UNFINISHED = re.compile(r"\b(?:e\.g|i\.e|cf|vs|et al|Figs?|Eqs?|Secs?|Tab|w\.r\.t|Nos?)\.$")
BULLET = re.compile(r"^[•‣▪●◦]\s*(?=\w)")
WORD = re.compile(r"[A-Za-z][a-z’'-]+")
NUMBER = re.compile(r"^[\W_]*[+\-±×~<>≈↑↓]?\d[\d.,]*[%MKGx×]?(?:[±/]\d[\d.,]*)?[\W_]*(?<!,)$|^[-–—✓✗×]+$")
CITED = re.compile(r"\[\d[\d,\s–-]*\]?|(?<![\d,\s–-])[\d,\s–-]*\d\]")
# a size, a tuple or a list's number is no cell of a table
EXPRESSION = re.compile(r"(?<=\d)\s*×\s*(?=\d)|[⟨({\[]\d[\d.\s]*,[\d.,\s]*[⟩)}\]]|(?<!\S)\(\d\)")
FOOTNOTE = re.compile(r"^(?:\d{1,2}|[∗*†‡§¶⋆]+)\s?(?=[A-Z“\"h(])")
FORMULA = re.compile(r"[=≈≤≥∈∝≜∑∏∫∥→↦⊙⊗∇∂√]|\bargm|\(\d{1,3}[a-z]?\)$")
NUMBERED_FORMULA = re.compile(r"\((?:[A-Z]\.?)?\d{1,3}[a-z]?\)$")
FUNCTION_WORDS: Final = frozenset({
    *("a", "an", "and", "are", "as", "at", "be", "been", "both", "but", "by", "can", "do"),
    *("does", "each", "for", "from", "has", "have", "how", "if", "in", "into", "is", "it", "its"),
    *("may", "more", "most", "not", "of", "on", "one", "or", "our", "over", "see", "such", "than"),
    *("that", "the", "their", "them", "then", "there", "these", "they", "this", "those", "to", "under", "use"),
    *("used", "using", "was", "we", "were", "when", "where", "which", "while", "who", "will", "with", "without"),
})
"""Words that hardly a sentence is without, and hardly a label has."""
SMALL_CAPITALS = re.compile(r"(?<=\s)([B-Z]) (?=[A-Z]{2})")
REMEMBERED = 4096
"""Lines are asked for the same again and again while their neighbours are looked at."""
LEAST_WORDS = 4
LEAST_NUMBERS = 3


@lru_cache(maxsize=REMEMBERED)
def wordy(line: str) -> bool:
    """Tell whether most of a line is words, as in prose, and not symbols or numbers."""
    letters = sum(len(word) for word in WORD.findall(line))
    return letters >= 0.6 * len(CITED.sub("", line).replace(" ", ""))


@lru_cache(maxsize=REMEMBERED)
def ended(text: str) -> bool:
    """Tell whether a text ends where a sentence does."""
    return bool(SENTENCE_END.search(text)) and not UNFINISHED.search(text)


@lru_cache(maxsize=REMEMBERED)
def numeric(line: str) -> bool:
    """Tell whether a line is a row of a table: mostly numbers, at least three."""
    tokens = CITED.sub(" ", EXPRESSION.sub("x", line)).split()
    numbers = sum(bool(NUMBER.match(token)) for token in tokens)
    return numbers >= LEAST_NUMBERS and numbers >= 0.4 * len(tokens)


def many_words(line: str) -> bool:
    """Tell whether a line has as many words and citations as prose has."""
    return len(WORD.findall(line)) + len(CITED.findall(line)) >= LEAST_WORDS


@lru_cache(maxsize=REMEMBERED)
def sentence_like(line: str) -> bool:
    """Tell whether a line is words, with those among them that only sentences need."""
    return many_words(line) and wordy(line) and not FUNCTION_WORDS.isdisjoint(line.lower().split())


def some_words(line: str) -> bool:
    """Tell whether a line that is a formula for the most part has words of a sentence, too."""
    words = [word.lower() for word in WORD.findall(line)]
    return len(words) > 1 and not FUNCTION_WORDS.isdisjoint(words)


def closed_small_capitals(line: str) -> str:
    """Join a capital to the small capitals behind it, which a PDF reader may set apart for being smaller."""
    return SMALL_CAPITALS.sub(r"\1", line)
