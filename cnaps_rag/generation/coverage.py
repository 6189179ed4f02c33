"""What a question asks about and the papers do not speak of, told from their words."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence

from cnaps_rag.embedding import TokenEmbedder
from cnaps_rag.index import PromptIndex
from cnaps_rag.records import IndexedPaper, Origin
from cnaps_rag.sentences import split_sentences
from cnaps_rag.stems import EMPTY, Stems

WORD = re.compile(r"[A-Za-z]+(?:-[a-z]+)*")
LEAST_LETTERS = 3
MOST_WORDS = 5
"""So many words are named at most, the most foreign ones."""
NEAR = 0.32
"""A word is spoken of when a word of the papers is as near as this to it, each read in its sentence.

Of 44 words of ten questions that the recommended papers use, all but one are nearer.
"""
TOOLS = frozenset({"app", "tool", "phone", "smartphone", "software", "program", "website"})
EVERYDAY = """
actually almost always another anybody anyone anything anywhere around ask away back bad became become behind best
better big bit came come day days different done else enough even ever everybody everyone everything exactly far feel
felt first full gave get gets give given gives goes going gone good got half hand hardly held help helped idea inside
instead job keep keeps kept kind knew know knows last later least leave left less lets like little long look looked
looks lot made make makes many matter maybe mean mind mine minute moment moments myself name near needed needs never
new next nobody none nothing often old ones onto others part past perhaps place put puts quite ran real really reason
right run said sat saw say says second see seem seemed seems seen set several show showed shown shows side small
somebody someone something sometimes somewhere soon sort still stop stood sure take taken takes tell tells thing
things think though thought time times today together told took toward tried true try turn turned turns user usual
want wanted way ways went whole won word words work worked works wrong yes yesterday yet yours
"""
UNASKED = EMPTY.union(EVERYDAY.split())
"""Words that no paper has to speak of: function words and everyday ones."""
LEADING = """
a an the my our his her its their your this that these those some any no each every of from with in on at by into for
about between
"""
BEFORE_NOUNS = frozenset(LEADING.split())
PREDICATIVE = """
i me you he him she it we us they them who to can could will would shall should may might must do does did is are was
were be been and or
"""
BEFORE_VERBS = frozenset(PREDICATIVE.split())
LOOK_BACK = 4
"""So many words before a word tell whether it names something."""
VERBAL = re.compile(r"(?:ed|ing|ly)$")
"""Endings of words that tell what was done or how, rather than with what."""


def not_covered(index: PromptIndex, question: str, subjects: Sequence[IndexedPaper]) -> Iterator[str]:
    """Say which parts of a question lie outside of what the papers say.

    Args:
        index: The prompt's index.
        question: The question.
        subjects: The papers that the answer rests on.

    Yields:
        One gap each, in plain words.
    """
    words = words_used(index)
    foreign = foreign_words(index, question, {paper.document for paper in subjects if paper.document}, words)
    asked = {word for start, end in split_sentences(question) for word in _asked(question[start:end])}
    sought = [word for word in foreign if word in asked]
    if sought:
        yield f"what the question asks about {_listed(sought)}: the papers that the answer rests on do not speak of it"
    scene = [word for word in foreign if word not in asked | TOOLS]
    if scene:
        yield (
            f"your own case: the papers that the answer rests on do not speak of {_listed(scene)}; what they report "
            "holds for the material that they were tested on"
        )
    yield from _tools(question, words)
    for paper in index.papers:
        if paper.origin is Origin.ABSTRACT:
            yield f"what “{paper.title}” says beyond its abstract: its full text is not here"


def foreign_words(
    index: PromptIndex, question: str, documents: set[str], words: Mapping[str, Collection[str]]
) -> list[str]:
    """Find the words of a question that papers neither use nor come near to.

    Args:
        index: The prompt's index.
        question: The question.
        documents: SHA-256 of the papers.
        words: The words that each document uses.

    Returns:
        The most foreign words, in the order of the question; none where the embedder gives no token vectors.
    """
    if not isinstance(index.embedder, TokenEmbedder) or not documents:
        return []
    stems = Stems()
    used = {stems.stem(word) for document in documents for word in words.get(document, ())}
    matches = list(WORD.finditer(question))
    asked = [match[0].lower() for match in matches]
    found = {word: matches[at].span() for at, word in enumerate(asked) if _telling(word) and _names(asked[:at])}
    candidates = {word: span for word, span in found.items() if stems.stem(word) not in used}
    if not candidates:
        return []
    [vectors] = index.embedder.embed_spans([question], [list(candidates.values())])
    cosines = [float(index.nearest_tokens(one.tokens, documents).max(axis=1).mean()) for one in vectors]
    ranked = sorted(zip(cosines, candidates, strict=True))
    named = {word for cosine, word in ranked[:MOST_WORDS] if cosine < NEAR}
    return [word for word in candidates if word in named]


def words_used(index: PromptIndex) -> dict[str, set[str]]:
    """Collect the words that the passages of each document use, in small letters.

    Args:
        index: The prompt's index.

    Returns:
        By document.
    """
    used: dict[str, set[str]] = {}
    for passage in index.passages:
        used.setdefault(passage.document, set()).update(WORD.findall(passage.text.lower()))
    return used


def _telling(word: str) -> bool:
    return len(word) >= LEAST_LETTERS and word not in UNASKED and not VERBAL.search(word)


def _names(before: Sequence[str]) -> bool:
    """Tell from the words before a word whether it names something, rather than telling what is done or how."""
    for word in reversed(before[-LOOK_BACK:]):
        if word in BEFORE_NOUNS | BEFORE_VERBS:
            return word in BEFORE_NOUNS
    return False


def _asked(sentence: str) -> set[str]:
    return {word.lower() for word in WORD.findall(sentence)} if sentence.rstrip().endswith("?") else set()


def _tools(question: str, words: Mapping[str, Collection[str]]) -> Iterator[str]:
    """Name the user's own tool where no paper names one."""
    used = {word for one in words.values() for word in one}
    for word in dict.fromkeys(word.lower() for word in WORD.findall(question)):
        if word in TOOLS - used:
            yield f"what the {word} in the question runs inside: the papers describe research models, and none names it"
            return


def _listed(words: Sequence[str]) -> str:
    quoted = [f"“{word}”" for word in words]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"
