"""What a question asks about and the papers do not speak of, told from their words."""

import re
from collections.abc import Iterator, Sequence

from cnaps_rag.embedding import TokenEmbedder
from cnaps_rag.index import PromptIndex
from cnaps_rag.records import IndexedPaper, Origin
from cnaps_rag.sentences import split_sentences

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
about above actually after again all almost also although always and another any anybody anyone anything anywhere are
around ask away back bad became because become been before behind being below best better between big bit both but
came can cannot come could day days did didn different does doesn doing don done down during each either else enough
even ever every everybody everyone everything exactly far feel felt few first for from full gave get gets give given
gives goes going gone good got had half hand hardly has have having held help helped her here hers him his how however
idea inside instead into isn its itself job just keep keeps kept kind knew know knows last later least leave left less
let lets like little long look looked looks lot made make makes many matter may maybe mean might mind mine minute
moment moments more most much must myself name near need needed needs neither never new next nobody none nor not
nothing now off often old once one ones only onto other others our out over own part past perhaps place put puts quite
ran rather real really reason right run said same sat saw say says second see seem seemed seems seen set several shall
she should show showed shown shows side since small some somebody someone something sometimes somewhere soon sort
still stop stood such sure take taken takes tell tells than that the their them then there these they thing things
think this those though thought through time times today together told too took toward tried true try turn turned
turns two under until upon use used user uses using usual very want wanted was wasn way ways went were what when where
whether which while who whole whom whose why will with within without won word words work worked works would wrong yes
yesterday yet you your yours
"""
UNASKED = frozenset(EVERYDAY.split())
"""Words that no paper has to speak of: function words and everyday verbs."""
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
    foreign = foreign_words(index, question, {paper.document for paper in subjects if paper.document})
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
    yield from _tools(index, question)
    for paper in index.papers:
        if paper.origin is Origin.ABSTRACT:
            yield f"what “{paper.title}” says beyond its abstract: its full text is not here"


def foreign_words(index: PromptIndex, question: str, documents: set[str]) -> list[str]:
    """Find the words of a question that papers neither use nor come near to.

    Args:
        index: The prompt's index.
        question: The question.
        documents: SHA-256 of the papers.

    Returns:
        The most foreign words, in the order of the question; none where the embedder gives no token vectors.
    """
    if not isinstance(index.embedder, TokenEmbedder) or not documents:
        return []
    used = {index.lexical.stem(word) for document in documents for word in _words_of(index, document)}
    matches = list(WORD.finditer(question))
    words = [match[0].lower() for match in matches]
    found = {word: matches[at].span() for at, word in enumerate(words) if _telling(word) and _names(words[:at])}
    candidates = {word: span for word, span in found.items() if index.lexical.stem(word) not in used}
    if not candidates:
        return []
    [vectors] = index.embedder.embed_spans([question], [list(candidates.values())])
    cosines = [float(index.nearest_tokens(one.tokens, documents).max(axis=1).mean()) for one in vectors]
    ranked = sorted(zip(cosines, candidates, strict=True))
    named = {word for cosine, word in ranked[:MOST_WORDS] if cosine < NEAR}
    return [word for word in candidates if word in named]


def _words_of(index: PromptIndex, document: str) -> set[str]:
    texts = (passage.text for passage in index.passages if passage.document == document)
    return {word for text in texts for word in WORD.findall(text.lower())}


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


def _tools(index: PromptIndex, question: str) -> Iterator[str]:
    """Name the user's own tool where no paper names one."""
    used = {word for paper in index.papers if paper.document for word in _words_of(index, paper.document)}
    for word in dict.fromkeys(word.lower() for word in WORD.findall(question)):
        if word in TOOLS - used:
            yield f"what the {word} in the question runs inside: the papers describe research models, and none names it"
            return


def _listed(words: Sequence[str]) -> str:
    quoted = [f"“{word}”" for word in words]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"
