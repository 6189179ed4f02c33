"""Answers, hits and build reports as text: pure functions, no files, no terminal."""

from enum import StrEnum

from cnaps_rag.answers import Answer
from cnaps_rag.rendering.as_html import answer_html
from cnaps_rag.rendering.as_json import answer_record, build_record, hit_records, json_line, json_text
from cnaps_rag.rendering.as_markdown import answer_markdown
from cnaps_rag.rendering.as_text import build_table, hits_text
from cnaps_rag.rendering.inventories import inventory_record, inventory_text

__all__ = [
    "Format",
    "answer_html",
    "answer_markdown",
    "answer_record",
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
    JSON = "json"
    HTML = "html"


def render(answer: Answer, format: Format) -> str:  # noqa: A002 (the command line's own word for it)
    """Write an answer.

    Args:
        answer: The answer.
        format: What to write it as; the plain strings `md`, `json` and `html` do too.

    Returns:
        The text, ending in a newline.
    """
    match Format(format):
        case Format.MARKDOWN:
            return answer_markdown(answer)
        case Format.JSON:
            return json_text(answer_record(answer))
        case Format.HTML:
            return answer_html(answer)
