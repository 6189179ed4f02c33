"""Answers, hits and build reports as text: pure functions, no files, no terminal."""

from enum import StrEnum

from cnaps_rag.answers import Answer
from cnaps_rag.rendering.as_bibtex import answer_bibtex
from cnaps_rag.rendering.as_html import answer_html
from cnaps_rag.rendering.as_json import answer_record, build_record, hit_records, json_line, json_text
from cnaps_rag.rendering.as_markdown import answer_markdown
from cnaps_rag.rendering.as_mermaid import answer_mermaid
from cnaps_rag.rendering.as_text import answer_text
from cnaps_rag.rendering.inventories import inventory_record, inventory_text
from cnaps_rag.rendering.tables import build_table, hits_text

__all__ = [
    "Format",
    "answer_bibtex",
    "answer_html",
    "answer_markdown",
    "answer_mermaid",
    "answer_record",
    "answer_text",
    "build_record",
    "build_table",
    "hit_records",
    "hits_text",
    "inventory_record",
    "inventory_text",
    "json_line",
    "json_text",
    "render",
]


class Format(StrEnum):
    """What an answer can be written as."""

    MARKDOWN = "md"
    TEXT = "text"
    HTML = "html"
    JSON = "json"
    BIBTEX = "bibtex"
    MERMAID = "mermaid"


def render(answer: Answer, format: Format) -> str:  # noqa: A002 (the command line's own word for it)
    """Write an answer.

    Args:
        answer: The answer.
        format: What to write it as; the plain strings `md`, `text`, `html`, `json`, `bibtex` and `mermaid` do too.
            BibTeX has the papers that the answer cites, Mermaid the graph of its workflow, the others all of it.

    Returns:
        The text, ending in a newline, the same for the same answer.
    """
    match Format(format):
        case Format.MARKDOWN:
            return answer_markdown(answer)
        case Format.TEXT:
            return answer_text(answer)
        case Format.HTML:
            return answer_html(answer)
        case Format.JSON:
            return json_text(answer_record(answer))
        case Format.BIBTEX:
            return answer_bibtex(answer)
        case Format.MERMAID:
            return answer_mermaid(answer)
