"""Does a passage support a statement? Facts that must agree, and a score of how far the passage stands out."""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from cnaps_rag import attribution, naming, negation, quantities
from cnaps_rag.answers import Support
from cnaps_rag.index import PromptIndex
from cnaps_rag.intrusions import cleaned, foreign, gives_orders
from cnaps_rag.networks import Vectors
from cnaps_rag.records import Hit, Passage
from cnaps_rag.stems import EMPTY, Stems

Scores = npt.NDArray[np.floating[Any]]

SUPPORTED, PARTIAL = 2.0, 1.8
"""Least standing of a supported and of a partly supported statement; `docs/benchmarks.md` has the calibration."""
LEAST_COVERAGE, LEAST_COSINE = 0.02, 0.1
"""Below this a passage shares too little with a statement, however far it stands out from the rest of its paper."""
QUOTED_COVERAGE = 0.8
"""A statement is supported that says hardly a word beyond one sentence."""
FEW_PASSAGES = 8
"""A paper of fewer passages is compared with all passages of the prompt."""
ALIGNED = 2
"""How many sentences a statement is aligned with, to compare what they negate."""
SEQUENCE_CHARS = 4
_WORD = re.compile(r"[a-z0-9]+")


class Entailment(Protocol):
    """Tells how likely a premise entails and contradicts a statement."""

    def judge(self, premise: str, statement: str) -> tuple[float, float]:
        """Judge one pair.

        Args:
            premise: The cited text.
            statement: The statement.

        Returns:
            Probabilities of entailment and of contradiction.
        """


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Closeness:
    """How close each passage of an index is to a statement; every field has the shape (n_passages,).

    Attributes:
        meaning: Cosine of the embeddings.
        words: Share of the statement's words that the passage has, by rarity.
        sentence: The same share in its best sentence.
        letters: The same share of sequences of four letters.
    """

    meaning: Scores
    words: Scores
    sentence: Scores
    letters: Scores

    def all(self) -> tuple[Scores, ...]:
        """List the four."""
        return self.meaning, self.words, self.sentence, self.letters


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether a statement is supported by what it cites.

    Attributes:
        support: The verdict.
        reasons: What is wrong, in words that can be shown; empty for a supported statement.
        standing: How far the cited passages stand out from the rest of their papers, in standard deviations.
    """

    support: Support
    reasons: tuple[str, ...] = ()
    standing: float = 0.0


class Shares:
    """Tells what share of some terms, by their weight, each of many texts has."""

    def __init__(self, texts: Sequence[frozenset[str]], weights: Mapping[str, float]) -> None:
        """List for each term the texts that have it.

        Args:
            texts: The terms of each text.
            weights: What a term counts; others count nothing.
        """
        self.weights = weights
        self._count = len(texts)
        rows: dict[str, list[int]] = defaultdict(list)
        for row, terms in enumerate(texts):
            for term in terms:
                rows[term].append(row)
        self._rows = {term: np.array(found) for term, found in rows.items()}

    def of(self, terms: frozenset[str]) -> Scores:
        """Measure the shares.

        Args:
            terms: The terms.

        Returns:
            Shape: (n_texts,), float64, 0 to 1.
        """
        shares = np.zeros(self._count)
        # in one order, so that the last digits do not depend on that of a set
        for term in sorted(terms & self._rows.keys()):
            shares[self._rows[term]] += self.weights.get(term, 0.0)
        return shares / (_weighed(terms, self.weights) or 1.0)


def unsupported(*reasons: str, standing: float = 0.0) -> Verdict:
    """Make the verdict on a statement that must not be shown."""
    return Verdict(support=Support.UNSUPPORTED, reasons=reasons, standing=standing)


class SupportChecker:
    """Checks statements against the passages of one prompt's index.

    The score is relative: a passage that supports a statement is closer to it than the other passages of the same paper
    are, in words and in meaning. How close a paraphrase comes in absolute terms depends on its wording far more.
    """

    def __init__(self, index: PromptIndex, entailment: Entailment | None = None) -> None:
        """Take the index; statistics are made when first needed.

        Args:
            index: The prompt's index.
            entailment: A model that judges in addition, or None.
        """
        self.index = index
        self._entailment = entailment
        self._stems = Stems()
        self._known: dict[tuple[str, tuple[str, ...]], Verdict] = {}
        self._vectors: dict[str, Vectors] = {}
        self._asked: tuple[str, Closeness] | None = None

    @cached_property
    def _texts(self) -> list[str]:
        # a sentence that gives orders supports nothing, its own words neither
        return [citable(passage) for passage in self.index.passages]

    @cached_property
    def _words(self) -> "Shares":
        words = [self._stems.content(text) for text in self._texts]
        return Shares(words, _rarity(words))

    @cached_property
    def _sentence_rows(self) -> npt.NDArray[np.intp]:
        """Tell for each sentence in which passage it stands."""
        counts = [len(sentences_of(passage)) for passage in self.index.passages]
        return np.repeat(np.arange(len(counts)), counts)

    @cached_property
    def _sentence_words(self) -> "Shares":
        sentences = (sentence for passage in self.index.passages for sentence in sentences_of(passage))
        return Shares([self._stems.content(sentence) for sentence in sentences], self._weights)

    @cached_property
    def _letters(self) -> "Shares":
        letters = [_sequences(text) for text in self._texts]
        return Shares(letters, _rarity(letters))

    @property
    def _weights(self) -> Mapping[str, float]:
        return self._words.weights

    def check(self, text: str, hits: Sequence[Hit]) -> Verdict:
        """Check a statement against exactly the passages that it cites.

        Args:
            text: The statement, without markers.
            hits: The cited passages.

        Returns:
            The verdict; the same question is answered once.
        """
        key = text, tuple(hit.passage.id for hit in hits)
        if key not in self._known:
            self._known[key] = self._check(text, hits)
        return self._known[key]

    def _check(self, text: str, hits: Sequence[Hit]) -> Verdict:
        what = foreign(text)
        if what is not None:
            return unsupported(f"it holds {what}, which only the code may write")
        if not hits or not all(self.index.rows_in(hit.passage) for hit in hits):
            return unsupported("it cites no passage of the index")
        facts = self.facts(text, hits)
        standing = self.standing(text, *(hit.passage for hit in hits))
        if facts:
            return unsupported(*facts, standing=standing)
        return self._entailed(text, hits, self._graded(text, hits, standing))

    def facts(self, text: str, hits: Sequence[Hit]) -> list[str]:
        """List facts of a statement that the passages do not have, in words that can be shown."""
        source = " ".join(citable(hit.passage) for hit in hits)
        known = [name for hit in hits for name in (hit.paper.title, hit.paper.listed.name)]
        found = [f"the number {words} is not in what it cites" for words in quantities.missing(text, source)]
        found += [
            f"the name {name} is not in what it cites" for name in naming.missing(text, source, known, self._is_word)
        ]
        cited = [sentence for hit in hits for sentence in sentences_of(hit.passage)]
        if _repeated(text, cited):
            return found
        disagreement = negation.disagreement(text, self.aligned(text, hits), self._stems.stem, cited)
        found += [disagreement] if disagreement else []
        return found or [
            f"what it cites says this of {other}, not of {name}" for name, other in self._displaced(text, cited, known)
        ]

    def _displaced(self, text: str, cited: Sequence[str], known: Sequence[str]) -> list[tuple[str, str]]:
        own = " ".join(known)
        names = [name for name in naming.names(text, self._is_word) if not naming.stands_in(name, own)]
        return attribution.displaced(text, names, cited, self.share, self._closest)

    def _closest(self, texts: Sequence[str], sentences: Sequence[str]) -> list[float]:
        """Tell how close each statement comes in meaning to its closest sentence."""
        self.prepare([*texts, *sentences])
        source = np.stack([self._vectors[sentence] for sentence in sentences])
        return [float((source @ self._vectors[text]).max()) for text in texts]

    def _is_word(self, word: str) -> bool:
        return word in EMPTY or self._stems.stem(word) in self._weights

    def _graded(self, text: str, hits: Sequence[Hit], standing: float) -> Verdict:
        if self.quoted(text, hits) or standing >= SUPPORTED:
            return Verdict(support=Support.SUPPORTED, standing=standing)
        reason = "the passages that it cites are hardly closer to it than the rest of their papers"
        support = Support.PARTIAL if standing >= PARTIAL else Support.UNSUPPORTED
        return Verdict(support=support, reasons=(reason,), standing=standing)

    def _entailed(self, text: str, hits: Sequence[Hit], verdict: Verdict) -> Verdict:
        if self._entailment is None or verdict.support is Support.UNSUPPORTED:
            return verdict
        judged = [self._entailment.judge(citable(hit.passage), text) for hit in hits]
        entailed, contradicted = max(one for one, _ in judged), max(one for _, one in judged)
        if contradicted > max(entailed, 0.5):
            return unsupported("the entailment model finds it contradicted", standing=verdict.standing)
        if entailed > 0.5:  # noqa: PLR2004  more likely than not
            return Verdict(support=Support.SUPPORTED, standing=verdict.standing)
        return Verdict(
            support=Support.PARTIAL,
            reasons=(*verdict.reasons, "the entailment model does not find it entailed"),
            standing=verdict.standing,
        )

    def standing(self, text: str, *passages: Passage) -> float:
        """Measure how far passages stand out from the rest of their papers as support of a statement.

        Args:
            text: The statement.
            passages: Passages of the index, or stretches of it.

        Returns:
            The mean of four standard scores, one for each field of `Closeness`, each that of the passage best in it: a
            statement may join what several say. Minus infinity where none shares enough with the statement.
        """
        scores = self._compared(text)
        near = [
            self._standard(scores, row)
            for row in dict.fromkeys(row for passage in passages for row in self.index.rows_in(passage))
            if scores.words[row] >= LEAST_COVERAGE and scores.meaning[row] >= LEAST_COSINE
        ]
        return float(np.mean(np.max(near, axis=0))) if near else -math.inf

    def _standard(self, scores: "Closeness", row: int) -> list[float]:
        """Compare a passage with its paper in each field, or with the prompt where its paper is short."""
        peers = self.index.documents == self.index.documents[row]
        if peers.sum() < FEW_PASSAGES:
            peers = np.ones(len(peers), dtype=bool)
        return [_standard(one, row, peers) for one in scores.all()]

    def _compared(self, text: str) -> "Closeness":
        """Measure how close every passage of the index is to a statement."""
        if self._asked is None or self._asked[0] != text:
            content = self._stems.content(text)
            best = np.zeros(len(self._texts))
            np.maximum.at(best, self._sentence_rows, self._sentence_words.of(content))
            closeness = Closeness(
                meaning=self.index.vectors @ self._vector(text),
                words=self._words.of(content),
                sentence=best,
                letters=self._letters.of(_sequences(text)),
            )
            self._asked = text, closeness
        return self._asked[1]

    def _share(self, content: frozenset[str], words: frozenset[str]) -> float:
        return _weighed(content & words, self._weights) / (_weighed(content, self._weights) or 1.0)

    def prepare(self, texts: Sequence[str]) -> None:
        """Embed statements that will be checked, in one go."""
        new = [text for text in dict.fromkeys(texts) if text not in self._vectors]
        if new:
            self._vectors.update(zip(new, self.index.embedder.embed(new), strict=True))

    def _vector(self, text: str) -> Vectors:
        self.prepare([text])
        return self._vectors[text]

    def share(self, text: str, sentence: str) -> float:
        """Tell what share of a statement's words a sentence has, by their weight."""
        return self._share(self._stems.content(text), self._stems.content(sentence))

    def quoted(self, text: str, hits: Sequence[Hit]) -> bool:
        """Tell whether a statement says hardly a word beyond one cited sentence."""
        content = self._stems.content(text)
        sentences = (self._stems.content(sentence) for hit in hits for sentence in sentences_of(hit.passage))
        return any(len(content & words) >= QUOTED_COVERAGE * len(content) for words in sentences if content)

    def aligned(self, text: str, hits: Sequence[Hit]) -> list[str]:
        """Take the cited sentences closest to a statement by the weight of the words they share."""
        content = self._stems.content(text)
        sentences = [sentence for hit in hits for sentence in sentences_of(hit.passage)]
        ranked = sorted(sentences, key=lambda sentence: -self._share(content, self._stems.content(sentence)))
        return ranked[:ALIGNED]


def _rarity(rows: Sequence[frozenset[str]]) -> dict[str, float]:
    """Weigh each term of the scope by Lucene's inverse document frequency."""
    total = len(rows)
    frequency = Counter(term for terms in rows for term in terms)
    return {term: math.log(1 + (total - n + 0.5) / (n + 0.5)) for term, n in frequency.items()}


def _weighed(terms: frozenset[str], weights: Mapping[str, float]) -> float:
    # summed exactly, so that the order of a set does not matter
    return math.fsum(weights.get(term, 0.0) for term in terms)


def _sequences(text: str) -> frozenset[str]:
    """Take the sequences of four letters, which `denoising` and `denoiser` share and their stems do not."""
    line = " ".join(_WORD.findall(text.lower()))
    return frozenset(line[at : at + SEQUENCE_CHARS] for at in range(len(line) - SEQUENCE_CHARS + 1))


def _standard(scores: Scores, row: int, peers: npt.NDArray[np.bool_]) -> float:
    spread = float(scores[peers].std())
    return float(scores[row] - scores[peers].mean()) / spread if spread else 0.0


def sentences_of(passage: Passage) -> list[str]:
    """Take the sentences of a passage that may support anything: those that give no orders."""
    sentences = [passage.text[start:end] for start, end in passage.sentences]
    return [sentence for sentence in sentences if not gives_orders(sentence)]


def _repeated(text: str, sentences: Iterable[str]) -> bool:
    """Tell whether a statement is one of some sentences, their references left out."""
    words = _WORD.findall(text.lower())
    return any(_WORD.findall(cleaned(sentence).lower()) == words for sentence in sentences)


def citable(passage: Passage) -> str:
    """Write a passage without sentences that give orders."""
    return " ".join(sentences_of(passage))
