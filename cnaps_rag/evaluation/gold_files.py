"""Gold files: one JSON object for each prompt."""

import json
from pathlib import Path
from typing import Any, TypeVar

from cnaps_rag.errors import EvaluationError
from cnaps_rag.evaluation.gold import MAIN_QUERY, Evidence, GoldCase, GoldQuery, Nugget
from cnaps_rag.evaluation.matching import bare

_T = TypeVar("_T")


def read_gold_folder(folder: Path) -> dict[str, GoldCase]:
    """Read all gold files of a folder.

    Args:
        folder: Folder with one `*.json` for each case.

    Returns:
        The cases by name.

    Raises:
        EvaluationError: There is no such folder, it holds no gold, a file is no gold file, or two have one name.
    """
    paths = sorted(folder.glob("*.json"))
    if not paths:
        raise EvaluationError("no gold files (*.json) here; name the folder that holds them", path=folder)
    cases: dict[str, GoldCase] = {}
    for path in paths:
        gold = read_gold(path)
        if gold.case in cases:
            raise EvaluationError(f"the case {gold.case!r} has a gold file already; give each its own name", path=path)
        cases[gold.case] = gold
    return cases


def read_gold(path: Path) -> GoldCase:
    """Read a gold file.

    Args:
        path: The file.

    Returns:
        The case.

    Raises:
        EvaluationError: The file cannot be read, is not JSON, or lacks something; the message says where.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise EvaluationError(f"cannot be read ({error.strerror or error})", path=path) from error
    except (ValueError, RecursionError) as error:
        raise EvaluationError(f"is not JSON ({error})", path=path) from error
    return _case(_Entry(path, "", value))


class _Entry:
    """A JSON object being read, with its place in the file for the error messages."""

    def __init__(self, path: Path, place: str, value: Any) -> None:
        self.path = path
        self.place = place
        if not isinstance(value, dict):
            raise self.fault("must be a JSON object")
        self.value: dict[str, Any] = value

    def fault(self, message: str) -> EvaluationError:
        return EvaluationError(f"{self.place or 'the gold file'}: {message}", path=self.path)

    def required(self, name: str, kind: type[_T]) -> _T:
        if name not in self.value:
            raise self.fault(f"the field {name!r} is missing")
        return self._typed(name, self.value[name], kind)

    def optional(self, name: str, kind: type[_T]) -> _T | None:
        value = self.value.get(name)
        return None if value is None else self._typed(name, value, kind)

    def texts(self, name: str) -> tuple[str, ...]:
        return tuple(self._typed(f"{name}[{i}]", text, str) for i, text in enumerate(self.required(name, list)))

    def entries(self, name: str) -> "list[_Entry]":
        prefix = f"{self.place}." if self.place else ""
        return [_Entry(self.path, f"{prefix}{name}[{i}]", value) for i, value in enumerate(self.required(name, list))]

    def _typed(self, name: str, value: Any, kind: type[_T]) -> _T:
        # bool is a kind of int in Python, but not in JSON
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise self.fault(f"the field {name!r} must be {_KINDS[kind]}, not {value!r:.40}")
        return value


_KINDS = {str: "text", int: "a whole number", bool: "true or false", list: "a list", dict: "an object"}


def _case(entry: _Entry) -> GoldCase:
    queries = tuple(_query(query) for query in entry.entries("queries"))
    ids = [MAIN_QUERY, *(query.id for query in queries)]
    if len(set(ids)) < len(ids):
        raise entry.fault(f"each query needs an id of its own, and {MAIN_QUERY!r} is the prompt's question: {ids}")
    return GoldCase(
        case=entry.required("case", str),
        question=entry.required("question", str),
        nuggets=tuple(_nugget(nugget) for nugget in entry.entries("nuggets")),
        queries=queries,
        off_topic=entry.texts("off_topic"),
        not_covered=entry.texts("not_covered"),
        unanswerable=entry.texts("unanswerable") if "unanswerable" in entry.value else (),
        task=entry.optional("task", str) or "",
        workflow=entry.optional("workflow", dict) or {},
    )


def _nugget(entry: _Entry) -> Nugget:
    return Nugget(
        id=entry.required("id", str),
        vital=entry.required("vital", bool),
        evidence=_evidence(entry),
        part=entry.optional("part", str) or "",
        text=entry.optional("text", str) or "",
    )


def _query(entry: _Entry) -> GoldQuery:
    return GoldQuery(
        id=entry.required("id", str),
        question=entry.required("question", str),
        evidence=_evidence(entry),
        answer=entry.optional("answer", str) or "",
    )


def _evidence(entry: _Entry) -> tuple[Evidence, ...]:
    return tuple(_quote(evidence) for evidence in entry.entries("evidence"))


def _quote(entry: _Entry) -> Evidence:
    quote = entry.required("quote", str)
    if not bare(quote):
        raise entry.fault("the quote has no letter or digit to compare")
    return Evidence(quote=quote, file=entry.optional("file", str), page=entry.optional("page", int))
