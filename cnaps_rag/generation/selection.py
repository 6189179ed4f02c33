"""Choosing the sentences of an answer: a few explainable features, added up, and nothing said twice."""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property

import numpy as np

from cnaps_rag.fusion import Scores
from cnaps_rag.generation.aspects import LeadAspect
from cnaps_rag.generation.drafts import Evidence
from cnaps_rag.generation.quotes import POINTING
from cnaps_rag.generation.rhetoric import LONG_ENOUGH_WORDS, PlacedSentence, RhetoricalRole, load_model, share
from cnaps_rag.index import PromptIndex
from cnaps_rag.networks import Vectors
from cnaps_rag.records import SectionRole

MOST_LOSS = 0.4
"""A sentence that fits is taken as long as it scores no more than this below the best that is left."""
RESTATED = 0.6
"""Sentences of a paper whose cosine is larger say much the same."""
NUMBER = re.compile(r"\d")
OTHERS = re.compile(
    r"\bet al\b|\b(?:previous|prior|existing|recent|conventional|traditional|typical|early|earlier)\b|"
    r"\b(?:most|some|many|several|other|these|current|those) (?:[\w-]+ ){0,4}(?:methods|approaches|works|models)\b|"
    r"\b(?:methods|approaches|works|models)(?: \[[^]]*\])? (?:are|were|have been) (?:proposed|introduced|developed)\b|"
    r"\bare known to\b|"
    r"\b(?:suffer(?:s|ed)? from|limited (?:efficiency|performance|to)|drawbacks?|fails? to|ignores?)\b",
    re.IGNORECASE,
)
CITED_NAME = re.compile(r"\b([A-Z][\w-]*[A-Z][\w-]*)\s*\[\d")
"""A name with a reference behind it is another's work: `BP-AIDE [6]`."""
DANGLING = re.compile(r"\b(?:this|these|those|such) (?!an?\b|as\b|that\b|paper\b|work\b|study\b)[a-z]", re.IGNORECASE)
NAME = re.compile(r"[A-Z][\w-]*")
OWN = re.compile(r"\b(?:we|our|ours)\b", re.IGNORECASE)
REPORTING = re.compile(
    r"\b(?:experiment\w*|benchmarks?|state[- ]of[- ]the[- ]arts?|sota|baselines?|show results|datasets?|we hope|"
    r"future works?|outperform\w*|superior\w*|contributions|protocols?|(?:is|are) evaluated|accuracy of \d[\d.]*|"
    r"we omit)\b",
    re.IGNORECASE,
)
OFFERING = re.compile(
    r"\b(?:we (?:propose|introduce|present|design|develop|show|find|observe|demonstrate)|"
    r"our (?:goal|method|model|approach|network|framework|key|main)|is (?:to|designed)|consists? of|"
    r"the (?:goal|task|aim|key|main))\b",
    re.IGNORECASE,
)
EXPLAINING = re.compile(
    r"\b(?:allows?|enables?|so that|because|since|therefore|thus|hence|in order to|by doing so|leads? to|helps?|"
    r"instead of|without|key|intuiti\w+|makes? it)\b",
    re.IGNORECASE,
)
VAGUE = re.compile(
    r"\b(?:drawn|attracted|received|gained) (?:[\w-]+ ){0,5}(?:attention|interest)|\bone of the (?:most|key)\b|"
    r"\b(?:important|fundamental|classical|long-standing|active) (?:[\w-]+ ){0,2}(?:task|problem|topic|role)|"
    r"\b(?:various|many) (?:[\w-]+ ){0,3}applications\b|\bto the best of our knowledge\b|\bfirst attempt\b|"
    r"\bwe (?:also |further )?(?:conduct|perform|carry out) (?:[\w-]+ ){0,4}"
    r"(?:experiments?|stud(?:y|ies)|analys[ei]s)\b|\bwe (?:also |mainly )?evaluate our\b|"
    r"^to (?:further )?(?:demonstrate|verify|validate|evaluate|examine|investigate|study) [^,]{1,80}, we\b",
    re.IGNORECASE,
)
BESIDE = (RhetoricalRole.RELATED, RhetoricalRole.FILLER)
SECTION_WEIGHTS = {
    SectionRole.METHOD: 0.5,
    SectionRole.INTRODUCTION: 0.4,
    SectionRole.CONCLUSION: 0.2,
    SectionRole.EXPERIMENTS: -0.4,
    SectionRole.RELATED_WORK: -0.5,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """How much each feature of a sentence counts.

    The weights are rounded from a logistic regression that told sentences with a key fact from others, on ten prompts;
    `docs/benchmarks.md` gives the figures with each prompt left out in turn. Those of `dangling` and `pointing` are
    larger than fitted: such sentences read badly alone.

    Attributes:
        length: Its length against 40 words, at most 1.
        position: How far into the paper it stands, 0 to 1.
        centrality: Its mean cosine to the other candidates of the paper.
        abstract: Its cosine to the paper's abstract.
        question: Its cosine to the question.
        part: Its largest cosine to a sentence of the question.
        offering: It says what the authors offer.
        explaining: It says why or how.
        number: It has a digit in it.
        others: It speaks of other work, of a weakness, or of a method that the paper cites.
        reporting: It reports that something was tried, and how it compares.
        dangling: It speaks of "this problem" or "these layers", which a sentence that is not quoted may have named.
        vague: It says of its subject no more than that it matters, or was tried.
        pointing: It points to a figure, table, equation or section.
        beside: How likely it speaks of other people's work as such, or says nothing.
        why: How likely it gives a reason, which is what most questions ask for.
        training: How likely it tells how the model is trained: its losses, its data, its schedule.
        repetition: Its largest cosine to a sentence already chosen.
        restating: By how much that cosine exceeds 0.6: then it says the same in other words.
    """

    length: float = 1.5
    position: float = -0.6
    centrality: float = 3.0
    abstract: float = 0.5
    question: float = 1.1
    part: float = 0.9
    offering: float = 0.2
    explaining: float = 0.3
    number: float = -0.45
    others: float = -0.8
    reporting: float = -0.4
    dangling: float = -1.0
    vague: float = -1.0
    pointing: float = -0.8
    beside: float = -1.0
    why: float = 0.7
    training: float = -0.5
    repetition: float = -1.0
    restating: float = -4.0

    def by_feature(self) -> dict[str, float]:
        """Name the weight of each feature, those of the sections' roles among them."""
        return {**asdict(self), **{str(role): weight for role, weight in SECTION_WEIGHTS.items()}}


DEFAULT_WEIGHTS = Weights()


class Candidates:
    """The quotable sentences of one paper, and their features as arrays.

    Attributes:
        evidence: The sentences.
        vectors: Their embeddings. Shape: (n_sentences, dim), float32, unit L2 norm.
    """

    def __init__(self, evidence: Sequence[Evidence], vectors: Vectors, positions: Scores) -> None:
        """Take the sentences.

        Args:
            evidence: The sentences.
            vectors: Their embeddings. Shape: (n_sentences, dim), float32, unit L2 norm.
            positions: How far into its paper each stands, 0 to 1. Shape: (n_sentences,).
        """
        self.evidence = tuple(evidence)
        self.vectors = vectors
        self._position = positions

    @classmethod
    def of(cls, evidence: Sequence[Evidence], index: PromptIndex) -> "Candidates":
        """Embed sentences, each read on its own, and find where they stand in the index they were retrieved from."""
        vectors = index.embedder.embed([one.quote for one in evidence])
        return cls(evidence, vectors, np.array([index.position(one.hit.passage) for one in evidence]))

    @property
    def word_counts(self) -> Scores:
        """Length of each sentence in words. Shape: (n_sentences,)."""
        return np.array([len(one.quote.split()) for one in self.evidence], dtype=np.float64)

    @cached_property
    def roles(self) -> Scores:
        """How likely each sentence does what; columns as `rhetoric.ROLES`. Shape: (n_sentences, n_roles)."""
        passages = [one.hit.passage for one in self.evidence]
        return load_model().probabilities([
            PlacedSentence(
                text=one.quote, section=passage.section, section_role=passage.section_role, position=position
            )
            for one, passage, position in zip(self.evidence, passages, self._position, strict=True)
        ])

    @cached_property
    def elsewhere(self) -> Scores:
        """Which sentences speak of other work, or stand where a paper does: 1 or 0. Shape: (n_sentences,)."""
        related = [one.hit.passage.section_role is SectionRole.RELATED_WORK for one in self.evidence]
        return np.maximum(self._others, np.array(related, dtype=np.float64))

    @cached_property
    def _others(self) -> Scores:
        """Which sentences speak of other work: 1 or 0. Shape: (n_sentences,)."""
        return np.maximum(self.having(OTHERS), self._of_other_names())

    @cached_property
    def _abstract(self) -> Vectors:
        """Mean direction of the abstract, or of all sentences where it was not retrieved. Shape: (dim,)."""
        rows = [one.hit.passage.section_role is SectionRole.ABSTRACT for one in self.evidence]
        mean = self.vectors[rows].mean(axis=0) if any(rows) else self.vectors.mean(axis=0)
        return np.asarray(mean / (np.linalg.norm(mean) or 1.0), dtype=np.float32)

    def features(self, question: Vectors, parts: Vectors) -> dict[str, Scores]:
        """Describe each sentence by the features that `Weights` names, and by the role of its section.

        Args:
            question: Embedding of the question. Shape: (dim,), float32, unit L2 norm.
            parts: Embeddings of its sentences. Shape: (n_parts, dim), float32, unit L2 norm.

        Returns:
            By name; shape of each: (n_sentences,).
        """
        roles = [one.hit.passage.section_role for one in self.evidence]
        described: dict[str, Scores] = {
            "length": np.minimum(self.word_counts / LONG_ENOUGH_WORDS, 1.0),
            "position": self._position,
            "centrality": (self.vectors @ self.vectors.T).mean(axis=1),
            "abstract": self.vectors @ self._abstract,
            "question": self.vectors @ question,
            "part": (self.vectors @ parts.T).max(axis=1),
            "offering": self.having(OFFERING),
            "explaining": self.having(EXPLAINING),
            "number": self.having(NUMBER),
            "others": self._others,
            "reporting": self.having(REPORTING),
            "dangling": self.having(DANGLING),
            "vague": self.having(VAGUE),
            "pointing": self.having(POINTING),
            "beside": share(self.roles, BESIDE),
            "why": share(self.roles, [RhetoricalRole.WHY]),
            "training": share(self.roles, [RhetoricalRole.TRAINING]),
        }
        sections = {
            str(role): np.array([found is role for found in roles], dtype=np.float64) for role in SECTION_WEIGHTS
        }
        return described | sections

    def salience(self, question: Vectors, parts: Vectors, weights: Weights = DEFAULT_WEIGHTS) -> Scores:
        """Score how much each sentence belongs into an answer.

        Args:
            question: Embedding of the question. Shape: (dim,), float32, unit L2 norm.
            parts: Embeddings of its sentences. Shape: (n_parts, dim), float32, unit L2 norm.
            weights: How much each feature counts.

        Returns:
            The weighted sum of the features; higher is better. Shape: (n_sentences,).
        """
        named = weights.by_feature()
        total = np.zeros(len(self.evidence))
        for name, feature in self.features(question, parts).items():
            total += named[name] * feature
        return total

    def affinity(self, aspect: LeadAspect, query: Vectors) -> Scores:
        """Score how much each sentence speaks of an aspect, against the other sentences.

        Args:
            aspect: The aspect.
            query: Embedding of its query. Shape: (dim,), float32, unit L2 norm.

        Returns:
            Standard scores. Shape: (n_sentences,).
        """
        roles = [aspect.sections.get(one.hit.passage.section_role, 0.0) for one in self.evidence]
        raw = self.vectors @ query + aspect.cue_share * self.having(aspect.cue)
        raw = raw + aspect.section_share * np.array(roles) - aspect.early_share * self._position
        return np.asarray((raw - raw.mean()) / (raw.std() or 1.0), dtype=np.float64)

    def _of_other_names(self) -> Scores:
        """Tell which sentences speak of a method that the paper cites, and not of its own. Shape: (n_sentences,)."""
        passages = {one.hit.passage.id: one.hit.passage.text for one in self.evidence}
        cited = {name for text in passages.values() for name in CITED_NAME.findall(text)}
        titles = " ".join({f"{one.hit.paper.title} {one.hit.paper.listed.name}".casefold() for one in self.evidence})
        others = {name for name in cited if name.casefold() not in titles}
        named = [not others.isdisjoint(NAME.findall(one.quote)) for one in self.evidence]
        return np.array(named, dtype=np.float64) * (1.0 - self.having(OWN))

    def having(self, pattern: re.Pattern[str]) -> Scores:
        """Tell which sentences a pattern is found in: 1 or 0. Shape: (n_sentences,)."""
        return np.array([bool(pattern.search(one.quote)) for one in self.evidence], dtype=np.float64)


class Selection:
    """Takes one sentence after the other, the best that is left and not said yet, within a number of words."""

    def __init__(self, pool: Candidates, budget_words: int, weights: Weights = DEFAULT_WEIGHTS) -> None:
        """Begin with nothing taken.

        Args:
            pool: What there is to choose from.
            budget_words: How long the chosen sentences may be together.
            weights: How much repetition counts.
        """
        self._pool = pool
        self._left_words = float(budget_words)
        self._weights = weights
        self._likeness = np.zeros(len(pool.evidence))
        self._free = np.ones(len(pool.evidence), dtype=bool)

    def take(self, scores: Scores, *, least: float = -np.inf) -> int | None:
        """Take the best sentence that is left and fits.

        Args:
            scores: Shape: (n_sentences,); higher is better.
            least: What it must score, after what it repeats is taken off.

        Returns:
            Its row, or None where none fits and scores enough, or none that comes close to the best that does not fit.
        """
        fits = self._free & (self._pool.word_counts <= self._left_words)
        if not fits.any():
            return None
        restated = np.maximum(0.0, self._likeness - RESTATED)
        said = self._weights.repetition * self._likeness + self._weights.restating * restated
        wanted = np.where(self._free, scores + said, -np.inf)
        total = np.where(fits, wanted, -np.inf)
        row = int(np.argmax(total))
        if total[row] < max(least, wanted.max() - MOST_LOSS):
            return None
        self._free[row] = False
        self._left_words -= self._pool.word_counts[row]
        self._likeness = np.maximum(self._likeness, self._pool.vectors @ self._pool.vectors[row])
        return row
