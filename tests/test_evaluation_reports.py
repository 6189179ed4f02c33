"""Evaluation reports: means, JSON and Markdown."""

import json

import pytest

from cnaps_rag.evaluation import CaseResult, Failure, summarise, to_json, to_markdown
from cnaps_rag.evaluation.closed_world import ClosedWorld
from cnaps_rag.evaluation.reports import EvaluationReport
from cnaps_rag.evaluation.retrieval_metrics import QueryResult


def query(name: str, rank: int | None) -> QueryResult:
    return QueryResult(id=name, rank=rank, recall=(0.0, 1.0, 1.0))


def sample_report() -> EvaluationReport:
    sound = ClosedWorld(checks=10, faults=(), places_unchecked=0)
    broken = ClosedWorld(checks=4, faults=("link https://evil.example|x is not listed",), places_unchecked=2)
    with_gold = CaseResult(
        case="dev-01",
        prompt_id="p1",
        closed_world=sound,
        cited=1.0,
        words=100,
        nuggets_in_passages=0.5,
        nuggets_stated=0.25,
        off=0.1,
        honest=1.0,
        queries=(query("main", 1), query("q1", 2), query("q2", None)),
    )
    another = CaseResult(
        case="dev-02", prompt_id="p2", closed_world=sound, cited=1.0, words=50, queries=(query("main", 4),)
    )
    without = CaseResult(case="mine", prompt_id="p3", closed_world=broken, cited=0.5, words=51)
    return summarise([with_gold, another, without], [Failure(case="torn", reason="torn.txt:3: a `model`\nis missing")])


def test_means_leave_out_what_has_no_value() -> None:
    """Answer figures are averaged over prompts that have them, retrieval figures over queries."""
    means = sample_report().means()
    assert means["closed"] == pytest.approx((1 + 1 + 0.75) / 3)
    assert means["words"] == pytest.approx(67)
    assert means["nuggets@p"] == 0.5
    assert means["mrr"] == pytest.approx((1 + 0.5 + 0 + 0.25) / 4)
    assert set(summarise([]).means().values()) == {None}


def test_json_holds_cases_means_failures_and_faults() -> None:
    """The JSON has counts, means, one record for each prompt with its queries and faults, and the failures."""
    record = json.loads(to_json(sample_report()))
    assert {name: record[name] for name in ("prompts", "failed", "queries", "faults")} == {
        "prompts": 3,
        "failed": 1,
        "queries": 4,
        "faults": 1,
    }
    assert record["means"]["recall@1500c"] == 0.0
    assert record["cases"][0]["queries"][2]["rank"] is None
    assert record["cases"][2]["figures"]["mrr"] is None
    assert record["cases"][2]["faults"] == ["link https://evil.example|x is not listed"]
    assert record["failures"] == [{"case": "torn", "reason": "torn.txt:3: a `model`\nis missing"}]


def test_json_can_be_written_whatever_a_paper_holds() -> None:
    """A lone surrogate in a fault or a reason does not make the report unwritable."""
    text = to_json(summarise([], [Failure(case="x", reason="\udc80é")]))
    assert json.loads(text.encode("utf-8"))["failures"][0]["reason"] == "\udc80é"


def test_markdown_has_a_row_for_each_prompt_and_the_means() -> None:
    """The table has a row for each prompt, dashes where there is no gold, and the means at its end."""
    rows = [line for line in to_markdown(sample_report()).splitlines() if line.startswith("|")]
    assert len(rows) == 6
    assert {row.count(" | ") for row in rows} == {11}
    assert rows[2].startswith("| `dev-01` | 1.000 | 1.000 | 0.500 | 0.250 | 0.100 | 100 | 1.000 | 0.000 | 1.000 |")
    assert rows[4] == "| `mine` | 0.750 | 0.500 | – | – | – | 51 | – | – | – | – | – |"
    assert rows[5].startswith("| **mean** | **0.917** |")


def test_markdown_names_failures_and_faults() -> None:
    """What failed and what is wrong is listed on one line each, as code, so that no text of it becomes a link."""
    shown = to_markdown(sample_report())
    assert "- `torn`: ``torn.txt:3: a `model` is missing``" in shown
    assert "- `mine`: `link https://evil.example|x is not listed`" in shown
    assert "counted as right: 2" in shown


def test_markdown_of_a_clean_run_has_no_empty_lists() -> None:
    """Without failures and faults there are no headings for them."""
    assert "##" not in to_markdown(summarise([]))
