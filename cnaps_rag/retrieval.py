"""Hybrid search within a prompt's index."""

from collections.abc import Collection, Sequence

from cnaps_rag.fusion import reciprocal_rank_fusion
from cnaps_rag.index import PromptIndex
from cnaps_rag.records import Hit, ScoreKind
from cnaps_rag.settings import Settings

DEFAULTS = Settings()


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
        settings: Depth of the pool and the fusion's constant.

    Returns:
        At most k hits, best first, ranks from 1. Ties are broken by the passages' order in the index.
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
        settings: Depth of the pool and the fusion's constant.

    Returns:
        The hits of each question.

    Raises:
        ValueError: k is not greater than 0.
    """
    k = settings.k if k is None else k
    if k <= 0:
        raise ValueError(f"k must be greater than 0, not {k}")
    if not questions or not index.passages:
        return [[] for _ in questions]
    pool = max(settings.pool, k)
    wanted = [documents is None or passage.document in documents for passage in index.passages]
    everything = len(index.passages)
    nearest = index.dense.search(index.embedder.embed(questions), everything)
    hits = []
    for question, dense in zip(questions, nearest, strict=True):
        lexical = index.lexical.search(question, everything)
        rankings = [[row for row, _ in ranked if wanted[row]][:pool] for ranked in (dense, lexical)]
        fused = reciprocal_rank_fusion(rankings, settings.rrf_constant)[:k]
        hits.append([_hit(index, rank, row, score) for rank, (row, score) in enumerate(fused, 1)])
    return hits


def _hit(index: PromptIndex, rank: int, row: int, score: float) -> Hit:
    passage = index.passages[row]
    return Hit(rank=rank, score=score, score_kind=ScoreKind.RRF, passage=passage, paper=index.paper_of(passage))
