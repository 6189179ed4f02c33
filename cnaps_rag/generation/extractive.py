"""The default generator: the papers' own sentences, chosen and ordered. No model, no key, no network."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from cnaps_rag.embedding import Embedder
from cnaps_rag.encoding import EncodedQuestion, encode_questions
from cnaps_rag.fusion import Scores
from cnaps_rag.generation.aspects import AIMING, ASPECTS, BESIDE_TASK, INPUT, OUTPUT, TASK, LeadAspect
from cnaps_rag.generation.coverage import not_covered
from cnaps_rag.generation.drafts import Draft, DraftClaim, DraftNote, Evidence, without_references
from cnaps_rag.generation.names import abbreviations, expansions, relations, topic_of
from cnaps_rag.generation.quotes import POINTING, quotable
from cnaps_rag.generation.rhetoric import ROLES, RhetoricalRole, share
from cnaps_rag.generation.selection import REPORTING, Candidates, Selection
from cnaps_rag.index import PromptIndex
from cnaps_rag.listing import Role
from cnaps_rag.networks import Vectors
from cnaps_rag.records import Hit, IndexedPaper, PaperStatus, distinct
from cnaps_rag.retrieval import in_stretches, relevance, search_encoded
from cnaps_rag.sentences import split_sentences
from cnaps_rag.settings import Settings

DEPTH = 80
"""How many passages are retrieved for the question and for each aspect of each recommended paper."""
BEARING_SHARE = 0.88
"""A related paper bears on the question when it comes so close to it, as a share of how close the papers come that the
answer rests on."""
RELATED_DEPTH = 10
"""So many passages of a related paper are looked through for what it says that matters."""
BUDGET_WORDS = 425
"""How long the claims of an answer are together."""
NAMED_FIRST = ((TASK, 1.5), (INPUT, 0.5), (OUTPUT, 0.5))
"""Steps that get their best sentence before the rest is chosen, and how much a standard score of affinity counts in
that against salience: most for the task, which is the answer's first sentence. What a sentence does is told less surely
for these three than by the words that announce them."""
TOPIC_SHARE = 3.0
"""How much it counts for the task that a sentence comes close to what the paper's title says that the paper is on."""
DEFINING_SHARE = 1.5
"""How much it counts for the task, beside, that a sentence defines something."""
AIMING_SHARE = 1.0
"""How much it counts for the task that a sentence says what the authors are at, or what should be."""
BESIDE_SHARE = 4.0
"""How much it counts against a sentence as the task that it tells a limit, or only that the task matters."""
UNANNOUNCED = 100.0
"""Taken off the score of a sentence that is looked for as input or output and does not announce itself as such."""
LEAST_SALIENCE = 1.5
"""A sentence that adds less than this is left out, however many words there would be room for: of those that labellers
read, a third is worth a quote, of those above it six in seven."""
LEAST_COSINE = 0.36
"""A related paper none of whose sentences is as similar as this to the question does not bear on it."""
NEARNESS_SHARE = 2.0
"""How much it counts, in a related paper, that a sentence comes close to the question, against its salience."""
OWN = (RhetoricalRole.TASK, RhetoricalRole.METHOD, RhetoricalRole.WHY, RhetoricalRole.OUTPUT)
OWN_SHARE = 1.5
"""How much it counts there that it tells what the paper itself is on, how that works, why, or what it gives."""
LEAST_BEARING = 0.34
"""Where no passage of any paper is as similar as this to the question, or to a sentence of it, nothing is answered."""
LEAST_FITTING = 0.38
"""Recommended papers none of whose passages is as similar as this are said to be about something else, perhaps.

Of 18 questions, three are not what the recommended model is for: 0.35 to 0.37; the others have 0.40 and more.
"""

Steps = dict[str, list[Evidence]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Asked:
    """What is looked for, turned into vectors once for an answer.

    Attributes:
        question: The question, to search with.
        aspects: The queries of `ASPECTS`, to search with.
        whole: The question as a whole, to compare sentences with. Shape: (dim,), float32, unit L2 norm.
        parts: Its sentences. Shape: (n_parts, dim), float32, unit L2 norm.
        leads: The queries of `NAMED_FIRST`. Shape: (n_leads, dim), float32, unit L2 norm.
    """

    question: EncodedQuestion
    aspects: Sequence[EncodedQuestion]
    whole: Vectors
    parts: Vectors
    leads: Vectors

    @classmethod
    def of(cls, question: str, embedder: Embedder) -> "Asked":
        """Embed a question and the aspects' queries."""
        parts = [question[start:end] for start, end in split_sentences(question)]
        vectors = embedder.embed([question, *parts, *(aspect.query for aspect, _ in NAMED_FIRST)])
        whole, *aspects = encode_questions([question, *(aspect.query for aspect in ASPECTS)], embedder)
        bounds = 1, len(parts) + 1
        return cls(
            question=whole,
            aspects=aspects,
            whole=vectors[0],
            parts=vectors[slice(*bounds)],
            leads=vectors[bounds[1] :],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractiveGenerator:
    """Fills the three parts with sentences of retrieved passages.

    Attributes:
        depth: How many passages to retrieve for each aspect.
        budget_words: How long the claims are together.
    """

    depth: int = DEPTH
    budget_words: int = BUDGET_WORDS

    def draft(self, index: PromptIndex, question: str, settings: Settings) -> Draft:
        """Draft an answer; see `Generator.draft`.

        Args:
            index: The prompt's index.
            question: The question.
            settings: How neighbours are joined.

        Returns:
            The draft.
        """
        asked = Asked.of(question, index.embedder)
        if closeness(index, asked) < LEAST_BEARING:
            return _abstention(index)
        subjects = _subjects(index, asked, settings)
        claims: dict[str, list[DraftClaim]] = {aspect.name: [] for aspect in ASPECTS}
        nearest = _of_related(index, asked, subjects, settings)
        shown = [hit for hits in nearest.values() for hit in hits]
        for paper in subjects:
            hits = self._retrieve(index, paper, asked, settings)
            shown += hits
            steps = _steps(index, paper, hits, asked, self.budget_words // len(subjects))
            for name, sentences in steps.items():
                claims[name] += [_claim(evidence, paper) for evidence in sentences]
        models = [paper for paper in index.papers if paper.role is Role.RECOMMENDED]
        named = {paper.listed.name: expansions(index, paper) for paper in models}
        told = [evidence for one in named.values() for evidence in one]
        explained = abbreviations(index, [claim for drafted in claims.values() for claim in drafted], told)
        shown += [evidence.hit for evidence in (*told, *(one for claim in explained for one in claim.evidence))]
        parts: dict[str, Any] = {name: tuple(drafted) for name, drafted in claims.items()}
        return Draft(
            generator="extractive",
            hits=tuple({hit.passage.id: hit for hit in shown}.values()),
            notes=_notes(index, asked, nearest, subjects, named),
            abbreviations=tuple(explained),
            relations=tuple(relations(index)),
            not_covered=(*_gaps(index, asked, claims, subjects), *not_covered(index, question, subjects)),
            **parts,
        )

    def _retrieve(self, index: PromptIndex, paper: IndexedPaper, asked: Asked, settings: Settings) -> list[Hit]:
        """Retrieve what a recommended paper says on the question and on each aspect."""
        documents = {paper.document} if paper.document else set()
        alone = replace(settings, joined_depth=1)
        queries = [asked.question, *asked.aspects]
        found = search_encoded(index, queries, k=self.depth, documents=documents, settings=alone)
        return in_stretches(index, (hit for ranked in found for hit in ranked))


def _subjects(index: PromptIndex, asked: Asked, settings: Settings) -> tuple[IndexedPaper, ...]:
    """Choose the papers that the answer rests on."""
    subjects = distinct(paper for paper in index.papers if paper.role is Role.RECOMMENDED)
    if subjects:
        return subjects
    # where no recommended paper could be had at all, the related one that comes closest is what there is
    [hits] = search_encoded(index, [asked.question], k=1, settings=settings)
    return distinct(hit.paper for hit in hits)


def closeness(index: PromptIndex, asked: Asked, documents: Collection[str | None] | None = None) -> float:
    """Measure how close the papers come to a question.

    Args:
        index: The prompt's index.
        asked: The question.
        documents: The papers' documents; None takes all of the index.

    Returns:
        The largest cosine of a passage to the question or to a sentence of it; 0 where there is no passage.
    """
    rows = index.rows_of(documents)
    cosines = index.vectors[rows] @ np.vstack([asked.whole, asked.parts]).T if len(rows) else np.zeros(1)
    return float(cosines.max())


def _abstention(index: PromptIndex) -> Draft:
    """Answer nothing, and say what was searched."""
    papers = len({passage.document for passage in index.passages})
    searched = f"{len(index.passages)} passages of {papers} paper{'' if papers == 1 else 's'} were searched"
    return Draft(
        generator="extractive",
        hits=(),
        task=(),
        input=(),
        model=(),
        output=(),
        mechanism=(),
        notes=tuple(_note(paper, (), {}, ()) for paper in index.papers),
        not_covered=(*_missing(index), f"the question itself: {searched}, and none comes close to it"),
    )


def _of_related(
    index: PromptIndex, asked: Asked, subjects: Sequence[IndexedPaper], settings: Settings
) -> dict[str, list[Hit]]:
    """Retrieve what related papers say on the question, of those that come close to it, by document."""
    close = relevance(index, asked.whole)
    answering = {paper.document for paper in subjects}
    least = BEARING_SHARE * max((close.get(document or "", 0.0) for document in answering), default=0.0)
    bearing = [document for document, score in close.items() if score >= least and document not in answering]
    alone = replace(settings, joined_depth=1)
    found: dict[str, list[Hit]] = {}
    for document in bearing:
        [hits] = search_encoded(index, [asked.question], k=RELATED_DEPTH, documents={document}, settings=alone)
        found[document] = in_stretches(index, hits)
    return found


def _steps(index: PromptIndex, paper: IndexedPaper, hits: Sequence[Hit], asked: Asked, budget_words: int) -> Steps:
    """Choose the sentences of one paper and put each under the step that it speaks of."""
    steps: Steps = {aspect.name: [] for aspect in ASPECTS}
    sentences = quotable(hits)
    if not sentences:
        return steps
    pool = Candidates.of(sentences, index)
    salience = pool.salience(asked.whole, asked.parts)
    [topic] = index.embedder.embed([topic_of(paper.title)])
    first = {
        aspect.name: salience + weight * _affinity(pool, aspect, query, topic)
        for (aspect, weight), query in zip(NAMED_FIRST, asked.leads, strict=True)
    }
    for aspect in (INPUT, OUTPUT):  # a task may be named without words that announce it
        first[aspect.name] -= UNANNOUNCED * (1.0 - _cued(pool, aspect))
    likely = {aspect.name: share(pool.roles, aspect.roles) for aspect in ASPECTS if aspect is not TASK}
    placed = _place(Selection(pool, budget_words), salience, first, likely)
    for row in sorted(placed, key=lambda row: _reading_order(pool.evidence[row])):
        steps[placed[row]].append(pool.evidence[row])
    return steps


def _affinity(pool: Candidates, aspect: LeadAspect, query: Vectors, topic: Vectors) -> Scores:
    """Score how well each sentence would lead a step; the task's has to be on the title's topic."""
    affinity = pool.affinity(aspect, query)
    if aspect is TASK:
        affinity += TOPIC_SHARE * (pool.vectors @ topic) + DEFINING_SHARE * _cued(pool, aspect)
        affinity += AIMING_SHARE * pool.having(AIMING) - BESIDE_SHARE * pool.having(BESIDE_TASK)
    return affinity


def _cued(pool: Candidates, aspect: LeadAspect) -> Scores:
    """Tell which sentences announce a step, may lead it, and speak of no other work: 1 or 0."""
    leading = np.isin(pool.roles.argmax(axis=1), [ROLES.index(role) for role in aspect.leading])
    return pool.having(aspect.cue) * leading * (1.0 - pool.elsewhere)


def _place(
    selection: Selection, salience: Scores, first: Mapping[str, Scores], likely: Mapping[str, Scores]
) -> dict[int, str]:
    """Choose sentences and name the step of each.

    Args:
        selection: Takes the sentences.
        salience: How much each belongs into the answer.
        first: For each step that gets a sentence before the rest is chosen, how well each would be that one.
        likely: For each step of the workflow how likely each sentence belongs to it.

    Returns:
        The step of each row taken.
    """
    placed: dict[int, str] = {}
    for step, scores in first.items():
        row = selection.take(scores)
        if row is not None:
            # where no sentence announces the step, the best one belongs elsewhere
            placed[row] = step if scores[row] > -UNANNOUNCED / 2 else _likeliest(likely, row)
    while (row := selection.take(salience, least=LEAST_SALIENCE)) is not None:
        placed[row] = _likeliest(likely, row)
    for step, shares in likely.items():
        counts = Counter(placed.values())
        spare = [row for row, name in placed.items() if name != TASK.name and counts[name] > 1]
        if not counts[step] and spare:
            placed[max(spare, key=shares.__getitem__)] = step
    return placed


def _likeliest(likely: Mapping[str, Scores], row: int) -> str:
    return max(likely, key=lambda step: likely[step][row])


def _reading_order(evidence: Evidence) -> tuple[int, int]:
    span = evidence.hit.passage.locate(evidence.start, evidence.end)
    return (0, 0) if span is None else (span.page_number or 0, span.start)


def _claim(evidence: Evidence, paper: IndexedPaper) -> DraftClaim:
    about = paper.listed.name if paper.role is Role.RECOMMENDED else None
    return DraftClaim(text=_statement(evidence), evidence=(evidence,), about=about)


def _statement(evidence: Evidence) -> str:
    """Write a quote as a statement: first letter large, a full stop, the paper's own reference numbers left out."""
    words = without_references(evidence.quote)
    return words[:1].upper() + words[1:] + ("" if words.endswith((".", ".”", '."', ".)")) else ".")


def _gaps(
    index: PromptIndex, asked: Asked, claims: dict[str, list[DraftClaim]], subjects: Sequence[IndexedPaper]
) -> Iterable[str]:
    """Say in plain words what no passage answers."""
    yield from _missing(index)
    recommended = any(paper.role is Role.RECOMMENDED for paper in subjects)
    if recommended and closeness(index, asked, {paper.document for paper in subjects}) < LEAST_FITTING:
        yield (
            "the question itself: no passage of the recommended models' papers comes close to it; what follows is "
            "what those papers describe, which may be something else"
        )
    for aspect in ASPECTS:
        # on models whose papers are missing altogether, the lines above say all there is to say
        if recommended and not claims[aspect.name]:
            yield aspect.unsaid


def _missing(index: PromptIndex) -> Iterable[str]:
    for paper in index.papers:
        if paper.role is Role.RECOMMENDED and paper.document is None:
            yield f"how {paper.listed.name} works: neither the PDF nor an abstract of its paper is here"


def _notes(
    index: PromptIndex,
    asked: Asked,
    nearest: Mapping[str, Sequence[Hit]],
    subjects: Sequence[IndexedPaper],
    named: Mapping[str, Sequence[Evidence]],
) -> tuple[DraftNote, ...]:
    """Say of each listed paper why it matters here, or that nothing of it bears on the question."""
    answered = {paper.document for paper in subjects}
    bearing = {document: _telling(index, asked, hits) for document, hits in nearest.items()}
    return tuple(_note(paper, answered, bearing, named.get(paper.listed.name, ())) for paper in index.papers)


def _note(
    paper: IndexedPaper,
    answered: Iterable[str | None],
    bearing: Mapping[str, Evidence | None],
    named: Sequence[Evidence],
) -> DraftNote:
    if paper.document is None:
        return DraftNote(note=f"neither its PDF nor an abstract is here ({paper.status.value})")
    source = "" if paper.status is PaperStatus.OK else " (known here by its abstract alone)"
    if paper.document in answered:
        meanings = "".join(f"; in its name: “{evidence.quote}”" for evidence in named)
        return DraftNote(note=f"the answer above rests on it{source}{meanings}", evidence=tuple(named), rests=True)
    evidence = bearing.get(paper.document)
    if evidence is None:
        return DraftNote(note=f"listed, but no passage of it bears on the question{source}")
    return DraftNote(note=f"bears on the question{source}: “{_statement(evidence)}”", evidence=(evidence,))


def _telling(index: PromptIndex, asked: Asked, hits: Sequence[Hit]) -> Evidence | None:
    """Choose the sentence of a related paper that tells best why it matters; None where none comes close."""
    sentences = quotable(hits)
    if not sentences:
        return None
    pool = Candidates.of(sentences, index)
    cosines = pool.vectors @ asked.whole
    # what was tried, what a figure shows or what others did tells nobody why a paper matters
    beside = np.maximum.reduce([pool.having(REPORTING), pool.having(POINTING), pool.elsewhere])
    if (cosines * (1.0 - beside)).max() < LEAST_COSINE:
        return None
    scores = pool.salience(asked.whole, asked.parts) + NEARNESS_SHARE * cosines + OWN_SHARE * share(pool.roles, OWN)
    return sentences[int(np.argmax(np.where(beside, -np.inf, scores)))]
