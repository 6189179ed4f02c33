"""Mending words that a line's end hyphenates."""

import re
from collections import Counter
from collections.abc import Iterable

HYPHENATED = re.compile(r"[^\W\d_]-$")
NAME_HYPHEN = re.compile(r"(?:[A-Z]\S*|\d)-$")
LONGEST_WORD = 40


def join_lines(lines: Iterable[str], vocabulary: Counter[str]) -> str:
    """Join lines by a space, or mend a word that a line's end hyphenates; the hyphen of "ResNet-50" stays."""
    joined = ""
    for line in lines:
        last = joined[-LONGEST_WORD:].rsplit(" ", 1)[-1]
        if HYPHENATED.search(last) and line[:1].isalpha():
            joined = mend(joined, line, vocabulary)
        elif NAME_HYPHEN.search(last) and line[:1].isalnum():
            joined += line
        else:
            joined = f"{joined} {line}" if joined else line
    return joined


def mend(before: str, after: str, vocabulary: Counter[str]) -> str:
    """Join two lines where the first ends in a hyphen.

    Args:
        before: Text that ends in a letter and a hyphen.
        after: Text that goes on with a letter.
        vocabulary: How often each word, lower-cased, stands in the document.

    Returns:
        The joined text: with the hyphen where the document writes the word with one elsewhere, or where the next
        part is capitalised; without it otherwise.
    """
    head, tail = before.rsplit(" ", 1)[-1][:-1].lower(), re.split(r"[\s.,;:)]", after, maxsplit=1)[0].lower()
    whole, hyphened = vocabulary[head + tail], vocabulary[f"{head}-{tail}"]
    if after[:1].isupper() or hyphened > whole:
        return before + after
    return before[:-1] + after
