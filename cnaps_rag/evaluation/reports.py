"""An evaluation as JSON and Markdown."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cnaps_rag.evaluation.cases import ANSWER_FIGURES, RETRIEVAL_FIGURES, CaseResult, mean_figures

FIGURES = (*ANSWER_FIGURES, *RETRIEVAL_FIGURES)
NO_VALUE = "–"
JSON_DIGITS = 4
LEGEND = (
    "closed: citations, quotes and links that keep to what the prompt lists. cited: claims with a citation. "
    "nuggets@p, nuggets@s: vital facts inside cited passages, and stated. off: citations of off-topic papers "
    "(lower is better). words: length of the claims. honest: owns to gaps. recall@Nc: queries whose evidence lies in "
    "the first N characters retrieved. mrr: mean reciprocal rank of the evidence. Retrieval means are over queries. "
    f"{NO_VALUE}: no gold for it."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A prompt that could not be evaluated.

    Attributes:
        case: Name of the prompt file, without its suffix.
        reason: What went wrong.
    """

    case: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationReport:
    """How a set of prompts fared.

    Attributes:
        cases: The prompts that were evaluated.
        failures: Those that were not.
    """

    cases: tuple[CaseResult, ...]
    failures: tuple[Failure, ...] = ()

    def query_count(self) -> int:
        """Return how many queries retrieval was measured on."""
        return sum(len(case.queries) for case in self.cases)

    def means(self) -> dict[str, float | None]:
        """Return the mean of each figure: over prompts for answers, over queries for retrieval.

        Returns:
            The means by name, over those that have a value; None where none has. Failed prompts have no value.
        """
        queries = [query.figures() for case in self.cases for query in case.queries]
        answers = mean_figures([case.figures() for case in self.cases], ANSWER_FIGURES)
        return answers | mean_figures(queries, RETRIEVAL_FIGURES)


def summarise(results: Iterable[CaseResult], failures: Iterable[Failure] = ()) -> EvaluationReport:
    """Put results together.

    Args:
        results: Prompts that were evaluated.
        failures: Prompts that were not.

    Returns:
        The report, in the order given.
    """
    return EvaluationReport(cases=tuple(results), failures=tuple(failures))


def to_json(report: EvaluationReport) -> str:
    """Write a report as JSON.

    Args:
        report: The report.

    Returns:
        The text, ending in a newline.
    """
    text = json.dumps(report_record(report), ensure_ascii=False, indent=2) + "\n"
    # a lone surrogate from a broken PDF cannot be written as UTF-8; its backslash form is a JSON escape
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def report_record(report: EvaluationReport) -> dict[str, Any]:
    """Lay a report out for JSON.

    Args:
        report: The report.

    Returns:
        Counts, means, one record for each prompt, and the failures.
    """
    return {
        "prompts": len(report.cases),
        "failed": len(report.failures),
        "queries": report.query_count(),
        "faults": sum(len(case.closed_world.faults) for case in report.cases),
        "means": _rounded(report.means()),
        "cases": [_case_record(case) for case in report.cases],
        "failures": [{"case": failure.case, "reason": failure.reason} for failure in report.failures],
    }


def _case_record(case: CaseResult) -> dict[str, Any]:
    return {
        "case": case.case,
        "prompt_id": case.prompt_id,
        "figures": _rounded(case.figures()),
        "queries": [{"id": query.id, "rank": query.rank, **_rounded(query.figures())} for query in case.queries],
        "faults": list(case.closed_world.faults),
        "places_unchecked": case.closed_world.places_unchecked,
    }


def _rounded(figures: Mapping[str, float | None]) -> dict[str, float | None]:
    return {name: None if value is None else round(value, JSON_DIGITS) for name, value in figures.items()}


def to_markdown(report: EvaluationReport) -> str:
    """Write a report as Markdown.

    Args:
        report: The report.

    Returns:
        A table with a row for each prompt and one of means, then what failed and every fault; it ends in a newline.
    """
    return "\n\n".join(_blocks(report)) + "\n"


def _blocks(report: EvaluationReport) -> Iterator[str]:
    yield "# Evaluation"
    yield f"Prompts evaluated: {len(report.cases)}, failed: {len(report.failures)}, queries: {report.query_count()}."
    yield "\n".join(_table(report))
    yield LEGEND
    unchecked = sum(case.closed_world.places_unchecked for case in report.cases)
    if unchecked:
        yield f"Citations whose page text was not at hand, counted as right: {unchecked}."
    if report.failures:
        yield "## Prompts that failed"
        yield _bullets((failure.case, failure.reason) for failure in report.failures)
    faults = [(case.case, fault) for case in report.cases for fault in case.closed_world.faults]
    if faults:
        yield "## Faults"
        yield _bullets(faults)


def _table(report: EvaluationReport) -> Iterator[str]:
    yield _row("prompt", FIGURES)
    yield _row("---", ["---:"] * len(FIGURES))
    yield from (_row(_code(case.case).replace("|", r"\|"), _cells(case.figures())) for case in report.cases)
    yield _row("**mean**", [f"**{cell}**" for cell in _cells(report.means())])


def _row(head: str, cells: Iterable[str]) -> str:
    return f"| {' | '.join((head, *cells))} |"


def _cells(figures: Mapping[str, float | None]) -> list[str]:
    return [_cell(name, figures[name]) for name in FIGURES]


def _cell(name: str, value: float | None) -> str:
    if value is None:
        return NO_VALUE
    return f"{value:.0f}" if name == "words" else f"{value:.3f}"


def _bullets(lines: Iterable[tuple[str, str]]) -> str:
    return "\n".join(f"- {_code(case)}: {_code(reason)}" for case, reason in lines)


def _code(text: str) -> str:
    # as code, nothing in an error's or a claim's text can become a link or break the table
    line = " ".join(text.split()) or NO_VALUE
    longest = max((len(run) for run in re.findall("`+", line)), default=0)
    pad = " " if "`" in {line[0], line[-1]} else ""
    return f"{'`' * (longest + 1)}{pad}{line}{pad}{'`' * (longest + 1)}"
