"""What a chat model is shown: the best passages for the question and for each part, within a budget of tokens."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from cnaps_rag.chat_calls import Request
from cnaps_rag.chat_templates import REASK_TOKENS, Block, messages, request_tokens, schema
from cnaps_rag.errors import GenerationError
from cnaps_rag.generation.aspects import ASPECTS
from cnaps_rag.index import PromptIndex
from cnaps_rag.intrusions import gives_orders
from cnaps_rag.listing import Role
from cnaps_rag.records import Hit, distinct
from cnaps_rag.retrieval import in_stretches, search_many
from cnaps_rag.sentences import split_sentences
from cnaps_rag.settings import Settings
from cnaps_rag.support import citable, sentences_of

MOST_SHOWN = 24
DEPTH = 20
"""How many passages each query hands to the ranking."""
RRF_CONSTANT = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A prompt as it is sent.

    Attributes:
        hits: The passages shown, best first; the model cites them as P1, P2, …
        left_out: How many passages of the ranking did not fit.
        withheld: How many sentences of the ranking are not shown because they give orders.
        sentences: The question's sentences.
        models: Names of the recommended models.
        tokens: What the first request takes, on the safe side.
    """

    hits: tuple[Hit, ...]
    left_out: int
    withheld: int
    sentences: tuple[str, ...]
    models: tuple[str, ...]
    tokens: int

    def request(self, again: str = "") -> Request:
        """Write a request; `again` says what was wrong with the last reply."""
        blocks = [_block(label, hit) for label, hit in self.by_label().items()]
        return Request(
            messages=messages(self.sentences, self.models, blocks, again),
            schema=schema(list(self.by_label()), len(self.sentences)),
        )

    def by_label(self) -> dict[str, Hit]:
        """Name the passages: P1 is the best."""
        return {f"P{number}": hit for number, hit in enumerate(self.hits, 1)}


def choose(index: PromptIndex, question: str, settings: Settings, budget_tokens: int) -> Shown:
    """Choose the passages to show.

    Args:
        index: The prompt's index.
        question: The question.
        settings: How neighbours are joined.
        budget_tokens: What a request may take, a second one with its complaint included.

    Returns:
        The passages; those at the bottom of the ranking are left out until the request fits.

    Raises:
        GenerationError: Not even one passage fits.
    """
    found = ranking(index, question, settings)
    ranked = [hit for hit in found if citable(hit.passage).strip()]
    withheld = sum(len(hit.passage.sentences) - len(sentences_of(hit.passage)) for hit in found)
    sentences = tuple(question[start:end] for start, end in split_sentences(question))
    models = tuple(paper.name for paper in index.prompt.recommended)

    def shown(count: int) -> Shown:
        trial = Shown(
            hits=tuple(ranked[:count]),
            left_out=len(ranked) - count,
            withheld=withheld,
            sentences=sentences,
            models=models,
            tokens=0,
        )
        request = trial.request()
        return replace(trial, tokens=request_tokens(request.messages, dict(request.schema)))

    least = min(1, len(ranked))
    for count in range(min(MOST_SHOWN, len(ranked)), least - 1, -1):
        fitting = shown(count)
        if fitting.tokens + REASK_TOKENS <= budget_tokens:
            return fitting
    raise GenerationError(
        f"a budget of {budget_tokens} tokens holds no passage: a request with one takes "
        f"{shown(least).tokens + REASK_TOKENS}; set a larger budget"
    )


def ranking(index: PromptIndex, question: str, settings: Settings) -> list[Hit]:
    """Rank passages by the question in all papers, and by the question and each part in each recommended one."""
    subjects = distinct(paper for paper in index.papers if paper.role is Role.RECOMMENDED)
    alone = replace(settings, joined_depth=1)
    rankings = search_many(index, [question], k=DEPTH, settings=alone)
    queries = [question, *(aspect.query for aspect in ASPECTS)]
    for paper in subjects:
        documents = {paper.document} if paper.document else set()
        rankings += search_many(index, queries, k=DEPTH, documents=documents, settings=alone)
    return _fused([in_stretches(index, hits) for hits in rankings])


def _fused(rankings: Sequence[Sequence[Hit]]) -> list[Hit]:
    """Fuse rankings by the sum of reciprocal ranks.

    Args:
        rankings: Hits, best first.

    Returns:
        Each hit once, best first, ties in the order found.

    Source:
        Cormack, Clarke, Buettcher, "Reciprocal rank fusion outperforms Condorcet and individual rank learning
        methods", SIGIR 2009, https://doi.org/10.1145/1571941.1572114
    """
    hits = {hit.passage.id: hit for ranked in rankings for hit in ranked}
    shares: dict[str, list[float]] = {name: [] for name in hits}
    for ranked in rankings:
        for rank, hit in enumerate(ranked, 1):
            shares[hit.passage.id].append(1 / (RRF_CONSTANT + rank))
    return sorted(hits.values(), key=lambda hit: -math.fsum(shares[hit.passage.id]))


def _block(label: str, hit: Hit) -> Block:
    passage = hit.passage
    section = passage.section
    return Block(
        label=label,
        # headings and titles are words of strangers too
        paper="" if gives_orders(hit.paper.title) else hit.paper.title,
        section=None if section is None or gives_orders(section) else section,
        text=citable(passage),
    )
