"""What a question asks about and the papers do not speak of, told from their words."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from cnaps_rag.embedding import TokenEmbedder
from cnaps_rag.generation.numbers import listed, unstated
from cnaps_rag.index import PromptIndex
from cnaps_rag.networks import Vectors
from cnaps_rag.questions import asking
from cnaps_rag.records import IndexedPaper, Origin
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
actually almost always another anybody anyone anything anywhere around ask away back bad became become behind belong
belonged belongs best better big bit came come day days different done else enough even ever everybody everyone
everything exactly far feel felt first full gave get gets give given gives goes going gone good got half hand hardly
held help helped idea inside instead job keep keeps kept kind knew know knows last later least leave left less lets like
little long look looked looks lot made make makes many matter maybe mean mind mine minute moment moments myself name
near needed needs never new next nobody none nothing often old ones onto others part past perhaps place put puts quite
ran real really reason right run said sat saw say says second see seem seemed seems seen set several show showed shown
shows side small somebody someone something sometimes somewhere soon sort still stood stop sure take taken takes tell
tells thing things think though thought time times today together told took toward tried true try turn turned turns user
usual want wanted way ways went whole won word words work worked works wrong yes yesterday yet yours
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
were be been and or what who ai
"""
BEFORE_VERBS = frozenset(PREDICATIVE.split())
NO_NOUNS = UNASKED | BEFORE_NOUNS | BEFORE_VERBS
LOOK_BACK = 4
"""So many words before a word tell whether it names something."""
VERBAL = re.compile(r"(?:ed|ing|ly)$")
"""Endings of words that tell what was done or how, rather than with what."""


PAIRED = re.compile(r"\b([A-Za-z]+) (?:by|after|to|for) \1\b", re.IGNORECASE)
"""Step by step, year after year: how something is done, and no thing."""
MOST_BEFORE = 2
"""So many words before a noun are quoted with it."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AskedWord:
    """A word of a question that names something.

    Attributes:
        word: In small letters.
        stem: Its stem.
        start: Offset in the question.
        end: Offset behind it.
        noun: Whether an article or the like stands right before it, so that it is hardly a verb.
        tokens: Its tokens, read in the question. Shape: (n_tokens, dim), float32, unit L2 norm.
    """

    word: str
    stem: str
    start: int
    end: int
    noun: bool
    tokens: Vectors


def not_covered(index: PromptIndex, question: str, subjects: Sequence[IndexedPaper]) -> Iterator[str]:
    """Say which parts of a question lie outside of what the papers say.

    Words that only set the scene (people, places, occasions) are no gaps: a word has to stand in what is asked.

    Args:
        index: The prompt's index.
        question: The question.
        subjects: The papers that the answer rests on.

    Yields:
        One gap each, in plain words.
    """
    read = [paper for paper in subjects if paper.document and paper.origin is not Origin.ABSTRACT]
    stems, words = Stems(), words_used(index)
    used = {one: {stems.stem(word) for word in words.get(one, ())} for one in (paper.document or "" for paper in read)}
    asked = asking(question)
    if used:
        named = naming_words(index, question, stems)
        missing = foreign(index, [one for one in named if any(a <= one.start < b for a, b in asked)], used)
        if missing:
            phrases = listed(list(dict.fromkeys(phrase(question, one) for one in missing)))
            yield f"what the question asks about {phrases}: the papers that the answer rests on do not speak of it"
        yield from _of_one_model(index, read, named, used)
        yield from unstated(index, question, asked, set(used))
    yield from _tools(question, words)
    yield from _abstracts(index)


def naming_words(index: PromptIndex, question: str, stems: Stems) -> list[AskedWord]:
    """Find the words of a question that name something, each once.

    Args:
        index: The prompt's index.
        question: The question.
        stems: Finds stems.

    Returns:
        In the order of the question; none where the embedder gives no token vectors.
    """
    if not isinstance(index.embedder, TokenEmbedder):
        return []
    matches = list(WORD.finditer(question))
    words = [match[0].lower() for match in matches]
    idle = {match[1].lower() for match in PAIRED.finditer(question)}
    found = {word: at for at, word in enumerate(words) if _telling(word) and word not in idle and _names(words[:at])}
    spans = [matches[at].span() for at in found.values()]
    [vectors] = index.embedder.embed_spans([question], [spans])
    return [
        AskedWord(
            word=words[at],
            stem=stems.stem(words[at]),
            start=start,
            end=end,
            noun=at > 0 and words[at - 1] in BEFORE_NOUNS,
            tokens=vector.tokens,
        )
        for at, (start, end), vector in zip(found.values(), spans, vectors, strict=True)
    ]


def foreign(index: PromptIndex, words: Sequence[AskedWord], used: Mapping[str, Collection[str]]) -> list[AskedWord]:
    """Find the words that papers neither use nor come near to.

    Args:
        index: The prompt's index.
        words: The words.
        used: The stems of what each paper uses, by document.

    Returns:
        The most foreign words, in the order of the question.
    """
    candidates = [one for one in words if not any(one.stem in stems for stems in used.values())]
    cosines = [float(index.nearest_tokens(one.tokens, set(used)).max(axis=1).mean()) for one in candidates]
    near = dict(zip((one.word for one in candidates), cosines, strict=True))
    ranked = sorted(near, key=lambda word: (near[word], word))[:MOST_WORDS]
    return [one for one in candidates if one.word in ranked and near[one.word] < NEAR]


def _of_one_model(
    index: PromptIndex,
    read: Sequence[IndexedPaper],
    words: Sequence[AskedWord],
    used: Mapping[str, Collection[str]],
) -> Iterator[str]:
    """Name what one recommended model's paper speaks of and that of another does not."""
    names = {name.lower() for paper in read for name in WORD.findall(f"{paper.listed.name} {paper.title}")}
    words = [one for one in words if one.noun and one.word not in names]
    for paper in read:
        others = [stems for document, stems in used.items() if document != paper.document]
        shared = [one for one in words if any(one.stem in stems for stems in others)]
        apart = foreign(index, shared, {paper.document or "": used[paper.document or ""]}) if others else []
        if apart:
            terms = listed([one.word for one in apart])
            yield (
                f"whether {paper.listed.name} works on what the question calls {terms}: of the recommended models' "
                "papers, its own does not speak of it"
            )


def _abstracts(index: PromptIndex) -> Iterator[str]:
    titles = list(dict.fromkeys(paper.title for paper in index.papers if paper.origin is Origin.ABSTRACT))
    if titles:
        text = "its full text is not here" if len(titles) == 1 else "their full texts are not here"
        yield f"what {listed(titles)} {'says' if len(titles) == 1 else 'say'} beyond the abstract: {text}"


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


def phrase(question: str, one: AskedWord) -> str:
    """Quote a noun of a question with the words that stand right before it: “sampling steps”.

    Args:
        question: The question.
        one: The noun.

    Returns:
        The words.
    """
    start = one.start
    for _ in range(MOST_BEFORE):
        before = re.search(r"([A-Za-z][A-Za-z-]*) $", question[:start])
        if before is None or before[1].lower() in NO_NOUNS:
            break
        start = before.start(1)
    return question[start : one.end]


def _telling(word: str) -> bool:
    return len(word) >= LEAST_LETTERS and word not in UNASKED | TOOLS and not VERBAL.search(word)


def _names(before: Sequence[str]) -> bool:
    """Tell from the words before a word whether it names something, rather than telling what is done or how."""
    for word in reversed(before[-LOOK_BACK:]):
        if word in BEFORE_NOUNS | BEFORE_VERBS:
            return word in BEFORE_NOUNS
    return False


def _tools(question: str, words: Mapping[str, Collection[str]]) -> Iterator[str]:
    """Name the user's own tool: one that the question calls so, or one that no paper names."""
    used = {word for one in words.values() for word in one}
    for match in WORD.finditer(question):
        word = match[0].lower()
        own = re.search(r"\b(?:my|our)\s+$", question[: match.start()], re.IGNORECASE)
        if word in TOOLS and (own or word not in used):
            yield f"what the {word} in the question runs inside: the papers describe research models, not that {word}"
            return
