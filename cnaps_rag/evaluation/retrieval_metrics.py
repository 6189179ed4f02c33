"""How well a query finds its evidence."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from cnaps_rag.evaluation.gold import GoldCase, quotes_of
from cnaps_rag.evaluation.matching import bare, holds

BUDGETS_CHARS = (1500, 3000, 6000)
"""A reader, human or model, reads so many characters of what was retrieved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryResult:
    """What retrieval did for one query.

    Attributes:
        id: The query's id in the gold file.
        rank: 1-based rank of the first passage that holds a gold quote, or None where none does.
        recall: Recall at each of `BUDGETS_CHARS`, 0 or 1.
    """

    id: str
    rank: int | None
    recall: tuple[float, ...]

    def figures(self) -> dict[str, float]:
        """Return the figures by name."""
        named = {f"recall@{budget}c": found for budget, found in zip(BUDGETS_CHARS, self.recall, strict=True)}
        return named | {"mrr": _reciprocal(self.rank)}


def first_rank(passages: Sequence[str], quotes: Sequence[str]) -> int | None:
    """Find the first passage that holds one of the quotes wholly.

    Args:
        passages: Retrieved texts, best first.
        quotes: Gold quotes.

    Returns:
        Its 1-based rank, or None where no passage does.
    """
    wanted = [bare(quote) for quote in quotes]
    ranks = (rank for rank, passage in enumerate(passages, 1) if holds([bare(passage)], wanted))
    return next(ranks, None)


def reciprocal_rank(passages: Sequence[str], quotes: Sequence[str]) -> float:
    """Measure MRR for one query: 1 / rank of the first passage that holds a gold quote wholly.

    Range: 0 (not found) to 1 (first); higher is better.

    Args:
        passages: Retrieved texts, best first.
        quotes: Gold quotes.

    Returns:
        The figure.

    Source:
        The evaluation set's scorer, `mrr`; TREC-8 question answering track report (Voorhees, 1999), section 2.
    """
    return _reciprocal(first_rank(passages, quotes))


def _reciprocal(rank: int | None) -> float:
    return 1 / rank if rank else 0.0


def recall_at(passages: Sequence[str], quotes: Sequence[str], budget_chars: int) -> float:
    """Measure recall@Nc for one query: whether a gold quote lies within one passage of the first N characters.

    Range: 0 or 1; higher is better. A passage that the budget cuts counts up to the cut.

    Args:
        passages: Retrieved texts, best first.
        quotes: Gold quotes.
        budget_chars: How many characters are read.

    Returns:
        The figure.

    Source:
        The evaluation set's scorer, `recall@1500c` and so on.
    """
    read = (bare(passage) for passage in within_budget(passages, budget_chars))
    return float(holds(read, [bare(quote) for quote in quotes]))


def within_budget(passages: Sequence[str], budget_chars: int) -> Iterator[str]:
    """Yield the passages until the budget is used up, the last one cut to what is left of it."""
    room = budget_chars
    for passage in passages:
        if room <= 0:
            return
        yield passage[:room]
        room -= len(passage)


def evaluate_queries(gold: GoldCase, searched: Mapping[str, Sequence[str]]) -> tuple[QueryResult, ...]:
    """Measure all queries of a case.

    Args:
        gold: The case.
        searched: Retrieved texts, best first, by query id.

    Returns:
        One result for each query, the prompt's own question first.

    Raises:
        ValueError: A query of the gold was not searched.
    """
    wanted = quotes_of(gold)
    missing = wanted.keys() - searched.keys()
    if missing:
        raise ValueError(f"{gold.case}: not searched: {', '.join(sorted(missing))}")
    return tuple(_evaluate_query(name, searched[name], quotes) for name, quotes in wanted.items())


def _evaluate_query(name: str, passages: Sequence[str], quotes: Sequence[str]) -> QueryResult:
    recall = tuple(recall_at(passages, quotes, budget) for budget in BUDGETS_CHARS)
    return QueryResult(id=name, rank=first_rank(passages, quotes), recall=recall)
