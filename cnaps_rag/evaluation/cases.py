"""All figures of one prompt."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from cnaps_rag.answers import Answer
from cnaps_rag.evaluation import answer_metrics
from cnaps_rag.evaluation.closed_world import ClosedWorld, PageText, check_closed_world
from cnaps_rag.evaluation.gold import GoldCase
from cnaps_rag.evaluation.retrieval_metrics import BUDGETS_CHARS, QueryResult, evaluate_queries
from cnaps_rag.listing import Prompt

ANSWER_FIGURES = ("closed", "cited", "nuggets@p", "nuggets@s", "off", "words", "honest")
RETRIEVAL_FIGURES = (*(f"recall@{budget}c" for budget in BUDGETS_CHARS), "mrr")


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseResult:
    """How one prompt fared.

    Attributes:
        case: Name of the prompt file, without its suffix.
        prompt_id: Id of the prompt.
        closed_world: What the closed-world checks found.
        cited: Share of claims that carry a citation.
        words: Length of the claims.
        nuggets_in_passages: Share of vital nuggets in cited passages; None without gold, as for all that follow.
        nuggets_stated: Share of vital nuggets that the answer states.
        off: Share of citation uses that point to off-topic papers.
        honest: Whether gaps are owned to.
        queries: Retrieval by query; empty where none was measured.
    """

    case: str
    prompt_id: str
    closed_world: ClosedWorld
    cited: float
    words: int
    nuggets_in_passages: float | None = None
    nuggets_stated: float | None = None
    off: float | None = None
    honest: float | None = None
    queries: tuple[QueryResult, ...] = ()

    def figures(self) -> dict[str, float | None]:
        """Return all figures by name; those of retrieval are means over the case's queries."""
        found = {
            "closed": self.closed_world.closed,
            "cited": self.cited,
            "nuggets@p": self.nuggets_in_passages,
            "nuggets@s": self.nuggets_stated,
            "off": self.off,
            "words": float(self.words),
            "honest": self.honest,
        }
        return found | mean_figures([query.figures() for query in self.queries], RETRIEVAL_FIGURES)


def evaluate_case(
    *,
    case: str,
    prompt: Prompt,
    answer: Answer,
    gold: GoldCase | None = None,
    searched: Mapping[str, Sequence[str]] | None = None,
    page_text: PageText | None = None,
) -> CaseResult:
    """Measure an answer and the retrieval for its gold's queries.

    Args:
        case: Name of the prompt file, without its suffix.
        prompt: The prompt.
        answer: Its answer.
        gold: What is known to be right; None measures the closed world and the citations only.
        searched: Retrieved texts, best first, for each id of `queries_of(gold)`; None leaves retrieval out.
        page_text: Gives indexed page texts, to check that quotes stand where they are said to.

    Returns:
        The figures.
    """

    def against_gold(metric: Callable[[Answer, GoldCase], float]) -> float | None:
        return None if gold is None else metric(answer, gold)

    return CaseResult(
        case=case,
        prompt_id=prompt.id,
        closed_world=check_closed_world(prompt, answer, page_text),
        cited=answer_metrics.cited(answer),
        words=answer_metrics.words(answer),
        nuggets_in_passages=against_gold(answer_metrics.nuggets_in_passages),
        nuggets_stated=against_gold(answer_metrics.nuggets_stated),
        off=against_gold(answer_metrics.off),
        honest=against_gold(answer_metrics.honest),
        queries=() if gold is None or searched is None else evaluate_queries(gold, searched),
    )


def mean_figures(
    rows: Sequence[Mapping[str, float | None]] | Sequence[Mapping[str, float]], names: Sequence[str]
) -> dict[str, float | None]:
    """Average figures by name.

    Args:
        rows: Figures by name.
        names: Which to average.

    Returns:
        The mean of each over the rows that have a value; None where none has.
    """
    means: dict[str, float | None] = {}
    for name in names:
        values = [value for row in rows if (value := row.get(name)) is not None]
        means[name] = sum(values) / len(values) if values else None
    return means
