"""Hybrid search within a prompt's index."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from cnaps_rag.chunking import embedding_text
from cnaps_rag.encoding import EncodedQuestion, encode_questions
from cnaps_rag.fusion import MatchWeights, Rows, Scores, combine, standardised
from cnaps_rag.index import PromptIndex
from cnaps_rag.joining import group_neighbours, joined
from cnaps_rag.networks import Vectors
from cnaps_rag.records import Hit, ScoreKind
from cnaps_rag.repeats import without_repeats
from cnaps_rag.reranking import Reranker, find_reranker, reranked
from cnaps_rag.settings import Settings

DEFAULTS = Settings()
WEIGHTS = MatchWeights()
BEST_OF_PAPER = 5
"""So many passages stand for a paper."""


def search(
    index: PromptIndex,
    question: str,
    *,
    k: int | None = None,
    documents: Collection[str] | None = None,
    settings: Settings = DEFAULTS,
) -> list[Hit]:
    """Find the passages that match a question.

    Args:
        index: The prompt's index.
        question: Any text.
        k: How many passages to return; None takes `settings.k`.
        documents: SHA-256 of the documents to look into; None looks into all of the index.
        settings: How neighbours are joined, and what reorders the best passages.

    Returns:
        At most k hits, best first, ranks from 1. Passages that stand side by side and were both found are joined to
        one hit. Ties are broken by the passages' order in the index.
    """
    return search_many(index, [question], k=k, documents=documents, settings=settings)[0]


def search_many(
    index: PromptIndex,
    questions: Sequence[str],
    *,
    k: int | None = None,
    documents: Collection[str] | None = None,
    settings: Settings = DEFAULTS,
) -> list[list[Hit]]:
    """Answer several questions at once, which embeds them in one batch; see `search`.

    Args:
        index: The prompt's index.
        questions: Any texts.
        k: How many passages to return for each.
        documents: SHA-256 of the documents to look into.
        settings: How neighbours are joined, and what reorders the best passages.

    Returns:
        The hits of each question.

    Raises:
        ValueError: k is not greater than 0.
        CrossEncoderError: The reranker that the settings name cannot be used.
    """
    k = settings.k if k is None else k
    if k <= 0:
        raise ValueError(f"k must be greater than 0, not {k}")
    encoded = encode_questions(questions, index.embedder)
    reranker = find_reranker(settings.reranker, offline=settings.offline) if settings.reranker else None
    return search_encoded(index, encoded, k=k, documents=documents, settings=settings, reranker=reranker)


def search_encoded(
    index: PromptIndex,
    questions: Sequence[EncodedQuestion],
    *,
    k: int,
    documents: Collection[str] | None = None,
    settings: Settings = DEFAULTS,
    reranker: Reranker | None = None,
) -> list[list[Hit]]:
    """Answer questions whose vectors are at hand; see `search`.

    Args:
        index: The prompt's index.
        questions: The questions.
        k: How many passages to return for each, at least 1.
        documents: SHA-256 of the documents to look into.
        settings: How neighbours are joined.
        reranker: Reorders the best passages; None leaves them in the order of their match.

    Returns:
        The hits of each question.
    """
    rows = index.rows_of(documents)
    if not len(rows):
        return [[] for _ in questions]
    scored = (_scores(index, rows, question, settings.reranked_depth, reranker) for question in questions)
    return [ranked(index, rows, scores, k, settings) for scores in scored]


def _scores(index: PromptIndex, rows: Rows, question: EncodedQuestion, depth: int, reranker: Reranker | None) -> Scores:
    scores = match(index, rows, question)
    if reranker is None:
        return scores
    best = np.argsort(-scores, kind="stable")[:depth]
    passages = [index.passages[row] for row in rows[best]]
    texts = [embedding_text(index.paper_of(passage).title, passage) for passage in passages]
    return reranked(scores, question.text, texts, best, reranker)


def match(index: PromptIndex, rows: Rows, question: EncodedQuestion, weights: MatchWeights = WEIGHTS) -> Scores:
    """Score how well passages match a question.

    Args:
        index: The prompt's index.
        rows: The passages to score, by their place in the index.
        question: The question.
        weights: How much each sign of a match counts.

    Returns:
        Higher is better. Shape: (n_rows,).
    """
    return combine(signs(index, rows, question), weights)


def signs(index: PromptIndex, rows: Rows, question: EncodedQuestion) -> dict[str, Scores]:
    """Collect the signs of a match that `MatchWeights` names.

    Args:
        index: The prompt's index.
        rows: The passages to score, by their place in the index.
        question: The question.

    Returns:
        By name. Shape of each: (n_rows,).
    """
    searched = index.documents[rows]
    nearest = index.nearest_tokens(question.tokens, set(searched.tolist()))
    linked = np.flatnonzero(index.adjoining)
    around = nearest.copy()
    around[:, linked] = np.maximum(around[:, linked], nearest[:, linked + 1])
    around[:, linked + 1] = np.maximum(around[:, linked + 1], nearest[:, linked])
    tokens = nearest.mean(axis=0)[rows]
    return {
        "tokens": standardised(tokens),
        "passage": standardised(index.dense.scores(question.vector)[rows]),
        "titled": standardised(index.titled.scores(question.vector)[rows]),
        "words": standardised(np.log1p(index.lexical.scores(question.text)[rows])),
        "neighbours": standardised(around.mean(axis=0)[rows]),
        "paper": standardised(_of_papers(tokens, searched)),
        "recommended": index.recommended[rows],
    }


def _of_papers(scores: Scores, documents: npt.NDArray[np.str_]) -> Scores:
    """Give each row the mean of the best scores in its paper; rows of a paper stand together."""
    bounds = [0, *np.flatnonzero(documents[1:] != documents[:-1]) + 1, len(documents)]
    means = [np.sort(scores[first:last])[-BEST_OF_PAPER:].mean() for first, last in pairwise(bounds)]
    return np.repeat(means, np.diff(bounds))


def relevance(index: PromptIndex, question: Vectors) -> dict[str, float]:
    """Score how close each paper comes to a question.

    Args:
        index: The prompt's index.
        question: The question, read as passages are. Shape: (dim,), float32, unit L2 norm.

    Returns:
        By document: the mean over its best passages of their cosine to the question, read behind the paper's title and
        their heading; higher is better.
    """
    documents = index.documents
    if not len(documents):
        return {}
    cosines = index.titled.scores(question)
    return dict(zip(documents.tolist(), map(float, _of_papers(cosines, documents)), strict=True))


def ranked(index: PromptIndex, rows: Rows, scores: Scores, k: int, settings: Settings = DEFAULTS) -> list[Hit]:
    """Rank passages by their scores, leave out what repeats a better one, and join neighbours.

    Args:
        index: The prompt's index.
        rows: The passages, by their place in the index.
        scores: Higher is better. Shape: (n_rows,).
        k: How many hits to return.
        settings: How neighbours are joined.

    Returns:
        At most k hits, best first; ties in the order of the index. Passages that are joined add up: their score is the
        logarithm of the sum of the exponentials of theirs.
    """
    places = np.argsort(-scores, kind="stable")[: k + settings.joined_depth]
    best = {int(rows[place]): float(scores[place]) for place in places}
    ranking = without_repeats(list(best), index.passages, index.lexical.words)
    groups = group_neighbours(
        ranking, index.adjoining, index.lengths, depth=settings.joined_depth, most_chars=settings.joined_chars
    )
    together = [float(np.logaddexp.reduce([best[row] for row in group])) for group in groups]
    order = sorted(range(len(groups)), key=together.__getitem__, reverse=True)[:k]
    return [_hit(index, rank, groups[place], together[place]) for rank, place in enumerate(order, 1)]


def in_stretches(index: PromptIndex, hits: Iterable[Hit]) -> list[Hit]:
    """Show what was found in its surroundings.

    Args:
        index: The prompt's index.
        hits: Hits of single passages, best first.

    Returns:
        The stretches that hold them, each once, in the order of its first hit.
    """
    found: dict[int, Hit] = {}
    for hit in hits:
        row = index.stretch_row(hit.passage)
        if row is not None:
            found.setdefault(row, replace(hit, passage=index.stretches[row]))
    return list(found.values())


def _hit(index: PromptIndex, rank: int, group: Sequence[int], score: float) -> Hit:
    passage = joined([index.passages[row] for row in group])
    return Hit(rank=rank, score=score, score_kind=ScoreKind.LINEAR, passage=passage, paper=index.paper_of(passage))
