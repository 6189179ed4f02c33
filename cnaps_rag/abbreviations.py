"""Abbreviations and what a text says that they stand for."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

SHORT_FORM = re.compile(r"\(([A-Za-z][\w-]{1,9})\)")
WORDS_MORE = 5
MINOR_WORDS = {"a", "an", "and", "at", "by", "for", "from", "in", "into", "of", "on", "or", "the", "to", "via", "with"}
"""Words that an abbreviation may pass over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """An abbreviation behind the words that it stands for.

    Attributes:
        short: The abbreviation.
        start: Offset of the first of its words in the text.
        end: Offset behind the closing parenthesis.
    """

    short: str
    start: int
    end: int


def definitions(text: str) -> Iterator[Definition]:
    """Find abbreviations that stand in parentheses behind the words that they stand for.

    Args:
        text: Running text.

    Yields:
        The definitions, in reading order: each word of theirs but the `MINOR_WORDS` begins with a letter of the
        abbreviation, in its order, so that no sentence is taken for one that happens to have the letters in it.

    Source:
        Schwartz and Hearst, "A simple algorithm for identifying abbreviation definitions in biomedical text", Pacific
        Symposium on Biocomputing 2003, https://psb.stanford.edu/psb-online/proceedings/psb03/schwartz.pdf
    """
    for match in SHORT_FORM.finditer(text):
        short = match[1]
        if any(character.isupper() for character in short):
            before = text[: match.start()].rstrip()
            start = _long_form(before, short)
            if start is not None and not set("()[]") & set(before[start:]) and _has_initials(short, before[start:]):
                yield Definition(short=short, start=start, end=match.end())


def _long_form(before: str, short: str) -> int | None:
    """Match the letters of a short form backwards into the words before it; the first must begin a word."""
    letters = [letter for letter in short.lower() if letter.isalnum()]
    least = _words_back(before, min(len(letters) + WORDS_MORE, 2 * len(letters)))
    place = len(before)
    for number, letter in reversed(list(enumerate(letters))):
        place -= 1
        while place >= least and not _matches(before, place, letter, begins=number == 0):
            place -= 1
        if place < least:
            return None
    return place if len(before) - place > len(short) else None


def _has_initials(short: str, words: str) -> bool:
    """Tell whether the words' first letters are among those of the short form, in their order."""
    letters = iter(short.lower())
    initials = (word[0] for word in words.lower().split() if word not in MINOR_WORDS)
    return all(initial in letters for initial in initials)


def _matches(text: str, place: int, letter: str, *, begins: bool) -> bool:
    return text[place].lower() == letter and not (begins and text[place - 1 : place].isalnum())


def _words_back(text: str, count: int) -> int:
    starts = [match.start() for match in re.finditer(r"\S+", text)]
    return starts[-count] if len(starts) >= count else 0
