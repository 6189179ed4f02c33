"""What a chat model is shown: the best passages for the question and for each part, within a budget of tokens."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from cnaps_rag.chat_calls import Request
from cnaps_rag.chat_templates import REASK_TOKENS, Block, messages, request_tokens, schema
from cnaps_rag.errors import GenerationError
from cnaps_rag.fusion import reciprocal_rank_fusion
from cnaps_rag.generation.aspects import ASPECTS
from cnaps_rag.index import PromptIndex
from cnaps_rag.intrusions import gives_orders
from cnaps_rag.listing import Role
from cnaps_rag.records import Hit, distinct
from cnaps_rag.retrieval import search_many
from cnaps_rag.sentences import split_sentences
from cnaps_rag.settings import Settings
from cnaps_rag.support import citable, sentences_of

MOST_SHOWN = 24
DEPTH = 12
"""How many passages each query hands to the ranking."""


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
        settings: Depth of the searches.
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
    rankings = search_many(index, [question], k=DEPTH, settings=settings)
    queries = [question, *(aspect.query for aspect in ASPECTS)]
    for paper in subjects:
        documents = {paper.document} if paper.document else set()
        rankings += search_many(index, queries, k=DEPTH, documents=documents, settings=settings)
    return _fused(rankings, settings.rrf_constant)


def _fused(rankings: Sequence[Sequence[Hit]], constant: int) -> list[Hit]:
    hits = {hit.passage.id: hit for ranked in rankings for hit in ranked}
    rows = {name: row for row, name in enumerate(hits)}
    fused = reciprocal_rank_fusion([[rows[hit.passage.id] for hit in ranked] for ranked in rankings], constant)
    ordered = list(hits.values())
    return [ordered[row] for row, _ in fused]


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
