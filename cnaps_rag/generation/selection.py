"""Choosing the sentences of an answer: a few explainable features, added up, and no sentence said twice."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from cnaps_rag.embedding import Embedder, Vectors
from cnaps_rag.generation.aspects import Aspect
from cnaps_rag.generation.drafts import Evidence
from cnaps_rag.records import Hit, PassageKind, SectionRole

LEAST_WORDS, MOST_WORDS = 7, 48
MOST_SYMBOL_SHARE = 0.04
LONE_WORDS = frozenset("aIA&–-")
WORD = re.compile(r"[A-Za-z][A-Za-z’'-]+")
SYMBOL = re.compile(r"[^\w\s.,;:()\[\]\"'“”‘’%/×–—&!?+-]|[=<>|_∼∗†]|[^\x00-\u024f\u2010-\u2026×]")
POINTING = re.compile(
    r"\b(?:fig(?:ure|s|\.)|tab(?:le|\.)|eq(?:uation|n|\.|s)|sec(?:tion|\.)|algorithm|appendix|supplement\w*|"
    r"above|below|following)\b",
    re.IGNORECASE,
)
DANGLING = re.compile(
    r"^(?:this|these|those|it|its|they|their|such|both|here|there|he|she|then|also|another|the (?:former|latter|first|"
    r"second|third)|similarly|specifically|in this (?:case|way|section)|as a result)\b",
    re.IGNORECASE,
)
CONNECTIVE = re.compile(
    r"^(?:however|therefore|thus|hence|moreover|furthermore|in addition|additionally|besides|consequently|finally|"
    r"in particular|in contrast|on the other hand|on the contrary|instead|in summary|to this end|nevertheless|"
    r"for example|for instance|in fact|in other words|that is|i\.e\.|to address this(?: issue| problem)?|overall|"
    r"accordingly|meanwhile|as such|more specifically|specifically|concretely|intuitively|formally|importantly|"
    r"interestingly|notably|indeed|lastly|first|firstly|second|secondly|third|thirdly|next|then|also|note that|"
    r"in short|in practice|in general),?\s+(?=\S)",
    re.IGNORECASE,
)
OWN = re.compile(r"\b(?:we|our|ours)\b", re.IGNORECASE)
OTHERS = re.compile(r"\bet al\b|\b(?:previous|prior|existing|recent|conventional|traditional)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """How much each feature of a sentence counts; cosine similarity is the unit.

    Attributes:
        cue: It has a cue of the aspect.
        section: It stands in a section where the aspect is at home (times the aspect's own figure).
        own: It speaks of what the authors do.
        others: It speaks of other work.
        dangling: It begins with a word that points back to a sentence that is not quoted.
        pointing: It points to a figure, table, equation or section.
        repetition: It is like one already chosen (times their cosine).
    """

    cue: float = 0.06
    section: float = 0.10
    own: float = 0.03
    others: float = -0.08
    dangling: float = -0.10
    pointing: float = -0.12
    repetition: float = -0.35


DEFAULT_WEIGHTS = Weights()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Candidate:
    """A sentence that could be quoted.

    Attributes:
        evidence: The sentence in its passage, a leading connective left out.
        vector: Its embedding. Shape: (dim,), float32, unit L2 norm.
    """

    evidence: Evidence
    vector: Vectors


def candidates(hits: Iterable[Hit], embedder: Embedder) -> list[Candidate]:
    """Take the sentences that can stand on their own as quotes.

    Args:
        hits: Retrieved passages.
        embedder: Embeds the sentences.

    Returns:
        One candidate for each whole sentence of prose that lies on one page and reads as words, not as formulas.
    """
    found = [evidence for hit in hits if hit.passage.kind is PassageKind.PROSE for evidence in _sentences(hit)]
    if not found:
        return []
    vectors = embedder.embed([evidence.quote for evidence in found])
    return [Candidate(evidence=evidence, vector=vector) for evidence, vector in zip(found, vectors, strict=True)]


def _sentences(hit: Hit) -> Iterable[Evidence]:
    passage = hit.passage
    for start, end in passage.sentences:
        connective = CONNECTIVE.match(passage.text[start:end])
        first = start + (connective.end() if connective else 0)
        if passage.locate(first, end) is not None and _readable(passage.text[first:end]):
            yield Evidence(hit=hit, start=first, end=end)


def _readable(sentence: str) -> bool:
    words = WORD.findall(sentence)
    whole = sentence[:1].isalpha() and sentence.rstrip('"”’)]').endswith(".")
    lone = sum(len(word) == 1 and word not in LONE_WORDS for word in sentence.split())
    symbols = len(SYMBOL.findall(sentence)) + lone
    return whole and LEAST_WORDS <= len(words) <= MOST_WORDS and symbols <= MOST_SYMBOL_SHARE * len(sentence)


def choose(
    pool: Sequence[Candidate],
    aspect: Aspect,
    *,
    query: Vectors,
    question: Vectors,
    taken: Sequence[Candidate],
    count: int,
    weights: Weights = DEFAULT_WEIGHTS,
) -> list[Candidate]:
    """Choose the sentences that speak of an aspect, the best first, avoiding what was said already.

    Args:
        pool: What there is to choose from.
        aspect: What the sentences are to speak of.
        query: Embedding of the aspect's query. Shape: (dim,), float32, unit L2 norm.
        question: Embedding of the question. Shape: (dim,), float32, unit L2 norm.
        taken: Sentences of the answer so far.
        count: How many to choose at most.
        weights: How much each feature counts.

    Returns:
        The chosen sentences, in the order in which they stand in the paper.
    """
    said = {_words(candidate) for candidate in taken}
    left = [candidate for candidate in pool if _words(candidate) not in said]
    scores = [_score(candidate, aspect, query, question, weights) for candidate in left]
    chosen: list[Candidate] = []
    while left and len(chosen) < count:
        spoken = [*taken, *chosen]
        total = [score + weights.repetition * _likeness(one, spoken) for score, one in zip(scores, left, strict=True)]
        best = max(range(len(left)), key=lambda row: (total[row], -row))
        chosen.append(left.pop(best))
        scores.pop(best)
        kept = [row for row, one in enumerate(left) if _words(one) != _words(chosen[-1])]
        left, scores = [left[row] for row in kept], [scores[row] for row in kept]
    return sorted(chosen, key=_place)


def _score(candidate: Candidate, aspect: Aspect, query: Vectors, question: Vectors, weights: Weights) -> float:
    sentence = candidate.evidence.quote
    role: SectionRole = candidate.evidence.hit.passage.section_role
    meaning = (1 - aspect.question_share) * float(candidate.vector @ query)
    meaning += aspect.question_share * float(candidate.vector @ question)
    return (
        meaning
        + weights.cue * bool(aspect.cue.search(sentence))
        + weights.section * aspect.sections.get(role, 0.0)
        + weights.own * bool(OWN.search(sentence))
        + weights.others * bool(OTHERS.search(sentence))
        + weights.dangling * bool(DANGLING.match(sentence))
        + weights.pointing * bool(POINTING.search(sentence))
    )


def _likeness(candidate: Candidate, others: Sequence[Candidate]) -> float:
    return max((float(np.dot(candidate.vector, other.vector)) for other in others), default=0.0)


def _words(candidate: Candidate) -> str:
    return " ".join(WORD.findall(candidate.evidence.quote.lower()))


def _place(candidate: Candidate) -> tuple[int, int]:
    span = candidate.evidence.hit.passage.locate(candidate.evidence.start, candidate.evidence.end)
    return (0, 0) if span is None else (span.page_number or 0, span.start)
