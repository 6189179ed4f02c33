"""How good retrieval and answers are: metrics as pure functions, gold files, reports."""

from cnaps_rag.evaluation.cases import CaseResult, evaluate_case
from cnaps_rag.evaluation.closed_world import PageText
from cnaps_rag.evaluation.gold import GoldCase, queries_of
from cnaps_rag.evaluation.gold_files import read_gold, read_gold_folder
from cnaps_rag.evaluation.reports import EvaluationReport, Failure, report_record, summarise, to_json, to_markdown

__all__ = [
    "CaseResult",
    "EvaluationReport",
    "Failure",
    "GoldCase",
    "PageText",
    "evaluate_case",
    "queries_of",
    "read_gold",
    "read_gold_folder",
    "report_record",
    "summarise",
    "to_json",
    "to_markdown",
]
