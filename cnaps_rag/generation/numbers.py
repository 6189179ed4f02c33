"""Which numbers of a question the papers do not give, and whether they tell the time that it asks for."""

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal

from cnaps_rag.index import PromptIndex
from cnaps_rag.quantities import EASY, TIMES, Quantity, quantities
from cnaps_rag.sentences import split_sentences
from cnaps_rag.stems import EMPTY, Stems

COUNTED = re.compile(r"[\s-]*((?:[A-Za-z][A-Za-z-]*\s*){1,3})")
COMMON_BELOW = Decimal(10)
"""Smaller numbers stand in any paper for something else: they count where the same is counted."""
COLLECTED_BELOW = Decimal(1000)
"""Smaller numbers of pictures count where pictures are counted: any paper has a 200 of something."""
YEARS = range(1800, 2200)
AGE = re.compile(r"[a-z\d]+[\s-](?:years?|months?|weeks?)\b", re.IGNORECASE)
"""How old something of the user's is, or how long ago something was."""
PICTURES = frozenset({"photo", "photograph", "picture", "imag", "snapshot", "shot", "frame"})
"""Stems of words for what papers call an image."""
DURATION = re.compile(
    r"\bhow (?:(?:much )?long(?:er)?\b(?=[^?.;]*\b(?:takes?|took|needs?|waits?|lasts?|runs?)\b)|"
    r"(?:much )?(?:fast(?:er)?|quick(?:er|ly)?|slow(?:er|ly)?)\b|many (?:seconds|minutes|hours)\b)",
    re.IGNORECASE,
)
"""Asks how long something takes."""
TIME_UNITS = frozenset({"ms", "s", "min", "h", "d", "fps"})
SPEED = re.compile(
    r"\b(?:real[- ]time|(?:times|×) (?:faster|slower|speed-?ups?)|(?:faster|slower) by)\b", re.IGNORECASE
)
FACTORS = frozenset({"factor", "scale", "ratio", "magnif", "upscal", "upsampl", "enlarg", "zoom", "resolut"})
"""Stems of words beside which a bare number is a factor."""


def unstated(index: PromptIndex, question: str, asked: Sequence[tuple[int, int]], documents: set[str]) -> Iterator[str]:
    """Name what a question says in numbers, or asks for in time, and papers do not give in whatever form.

    Args:
        index: The prompt's index.
        question: The question.
        asked: `(start, end)` of the sentences that ask for something.
        documents: SHA-256 of the papers.

    Yields:
        One gap for each factor or count, and one where papers give no time or speed at all.
    """
    texts = [index.passages[row].text for row in index.rows_of(documents)]
    sentences = [question[start:end] for start, end in asked]
    yield from _numbers(question, sentences, texts)
    yield from _times(sentences, texts)


def _numbers(question: str, asked: Sequence[str], texts: Sequence[str]) -> Iterator[str]:
    wanted = {
        one.value: one for one in quantities(AGE.sub(" ", question)) if one.value not in EASY and one.value not in YEARS
    }
    if not wanted:
        return
    stems = Stems()
    topics = frozenset().union(*(stems.content(text) for text in [*texts, *asked]))
    for one in wanted.values():
        words, noun = _counted(question, one)
        known = one.unit == TIMES or (one.unit is None and noun is not None and stems.stem(noun) in topics)
        if known and not any(_gives(text, one, noun, stems) for text in texts):
            yield f"the number in {listed([words])}: no passage of the papers that the answer rests on gives it"


def _times(asked: Sequence[str], texts: Sequence[str]) -> Iterator[str]:
    wanted = next(filter(None, map(DURATION.search, asked)), None)
    if wanted is None:
        return
    if not any(SPEED.search(text) or any(one.unit in TIME_UNITS for one in quantities(text)) for text in texts):
        words = listed([wanted[0].lower()])
        yield f"{words}: no passage of the papers that the answer rests on gives a time or a speed"


def listed(words: Sequence[str]) -> str:
    """Quote words and join them: `“a”, “b” and “c”`."""
    quoted = [f"“{word}”" for word in words]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"


def _counted(question: str, one: Quantity) -> tuple[str, str | None]:
    """Find what a number of a question counts: the words with it, and the last of them."""
    place = re.search(rf"(?<!\w){re.escape(one.words)}", question, re.IGNORECASE)
    if place is None or one.unit is not None:
        return one.words if place is None else place[0], None
    following = COUNTED.match(question, place.end())
    nouns: list[str] = []
    for word in following[1].split() if following else ():
        if word.lower() in EMPTY:
            break
        nouns.append(word)
    return " ".join([place[0], *nouns]), nouns[-1].lower() if nouns else None


def _gives(text: str, one: Quantity, noun: str | None, stems: Stems) -> bool:
    """Tell whether a text gives a number of the same kind."""
    sentences = (text[start:end] for start, end in split_sentences(text))
    return any(
        _same(one, found, stems.content(sentence), None if noun is None else stems.stem(noun))
        for sentence in sentences
        for found in quantities(sentence)
        if found.value == one.value
    )


def _same(one: Quantity, found: Quantity, words: frozenset[str], noun: str | None) -> bool:
    if one.unit == TIMES:
        return found.unit == TIMES or bool(words & FACTORS)
    if noun in PICTURES and one.value < COLLECTED_BELOW:
        return bool(words & PICTURES)
    return one.value >= COMMON_BELOW or noun in words
