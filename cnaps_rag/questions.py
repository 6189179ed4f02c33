"""Which sentences of a question ask for something, and which only set the scene."""

import re

from cnaps_rag.sentences import split_sentences

REQUEST = re.compile(
    r"\?[\"”’)]*$|^(?:please|explain|describe|tell|show|what|how|why|which)\b|\b(?:want to know|wonder|curious)\b",
    re.IGNORECASE,
)
"""How a sentence that asks for something ends or begins."""


def asking(question: str) -> list[tuple[int, int]]:
    """Find the sentences of a question that ask for something; the last one where none does so plainly.

    Args:
        question: The question.

    Returns:
        `(start, end)` of each.
    """
    sentences = list(split_sentences(question))
    return [(start, end) for start, end in sentences if REQUEST.search(question[start:end])] or sentences[-1:]
