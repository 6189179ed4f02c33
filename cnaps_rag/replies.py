"""Reading what a chat model replied: JSON, JSON with flaws, or lines with marks like `[P3]`. Pure functions."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

MOST_CHARS = 60_000
"""What a reply holds beyond this is not read."""
MOST_CLAIMS = 60
_FENCE = re.compile(r"```(?:json)?\s*(.*?)(?:```|\Z)", re.DOTALL | re.IGNORECASE)
_TRAILING_COMMA = re.compile(r",(?=\s*[\]}])")
_LABEL = re.compile(r"\bP\s?(\d{1,4})\b", re.IGNORECASE)
_MARKED = re.compile(r"[\[(【]\s*(P\s?\d{1,4}(?:\s*[,;&]?\s*P?\s?\d{1,4})*)\s*[\])】]", re.IGNORECASE)
_DIGITS = re.compile(r"\d{1,4}")
_HEADING = re.compile(r"^[\s#*_\d.)-]*(task|input|model|output|mechanism|workflow)\b[\s*_]*(?::|$|—|–)", re.IGNORECASE)
_BULLET = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s+")
_TEXT_KEYS = ("text", "claim", "statement", "sentence", "content")
_CITATION_KEYS = ("citations", "citation", "passages", "ids", "sources", "evidence", "cites")
PARTS = ("task", "input", "model", "output", "mechanism")


@dataclass(frozen=True, slots=True, kw_only=True)
class RepliedClaim:
    """A statement as a model replied it; nothing of it is checked.

    Attributes:
        part: The part that it is for, or None where that is not said.
        text: The statement.
        labels: What it cites, written like `P3`.
    """

    part: str | None
    text: str
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What could be read.

    Attributes:
        claims: The statements, each once.
        open_sentences: Numbers of the question's sentences that no passage answers, as the model has it.
        error: Why it is not a reply as asked for, or None; statements may have been read all the same.
    """

    claims: tuple[RepliedClaim, ...]
    open_sentences: tuple[int, ...] = ()
    error: str | None = None


def read_reply(text: str) -> Reply:
    """Read a reply, as tolerantly as can be.

    Args:
        text: What the model replied.

    Returns:
        The statements, and what is wrong where the reply is not the JSON that was asked for.
    """
    if not text.strip():
        return Reply(claims=(), error="it was empty")
    body = _body(text[:MOST_CHARS])
    value, error = _parsed(body)
    if error is None:
        claims = _unique(_claims_of(value, None))
        wrong = None if claims or _says_nothing(value) else "it holds no claims with text and citations"
        return Reply(claims=claims, open_sentences=_numbers(value), error=wrong)
    claims = complete_claims(body) or _unique(_marked(text[:MOST_CHARS]))
    return Reply(claims=claims, error=error)


def complete_claims(text: str) -> tuple[RepliedClaim, ...]:
    """Take the statements that stand complete in a reply that is cut off, or is still coming in.

    Args:
        text: The reply so far.

    Returns:
        The statements, in order.
    """
    found: list[RepliedClaim] = []
    decoder, at = json.JSONDecoder(), 0
    while len(found) < MOST_CLAIMS and (at := text.find("{", at)) >= 0:
        try:
            value, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            at += 1
            continue
        found += list(_claims_of(value, None))
    return _unique(found)


def _body(text: str) -> str:
    fenced = _FENCE.search(text)
    text = fenced[1] if fenced else text
    starts = [at for at in (text.find("{"), text.find("[")) if at >= 0]
    return text[min(starts) :] if starts else text


def _parsed(body: str) -> tuple[Any, str | None]:
    error = "it was no JSON"
    for candidate in (body, _TRAILING_COMMA.sub("", body)):
        try:
            value, _ = json.JSONDecoder().raw_decode(candidate)
        except ValueError as wrong:
            error = f"it was no valid JSON ({wrong})"
        except RecursionError:
            return None, "it was nested too deep"
        else:
            if isinstance(value, dict | list):
                return value, None
    return None, error


def _says_nothing(value: Any) -> bool:
    """Tell whether a reply has the place for claims and leaves it empty."""
    return isinstance(value, dict) and value.get("claims") == []


def _claims_of(value: Any, part: str | None) -> Iterator[RepliedClaim]:
    """Walk through lists and mappings; a key named like a part tells the part of what is below it."""
    if isinstance(value, list):
        for one in value:
            yield from _claims_of(one, part)
    elif isinstance(value, Mapping):
        text = next((value[key] for key in _TEXT_KEYS if isinstance(value.get(key), str)), None)
        if text is not None:
            said = str(value.get("part", "")).strip().lower()
            cited = next((value[key] for key in _CITATION_KEYS if key in value), None)
            labels = (*_labels(cited), *_labels_in(text))
            yield RepliedClaim(part=said if said in PARTS else part, text=text, labels=tuple(dict.fromkeys(labels)))
            return
        for key, below in value.items():
            name = str(key).strip().lower()
            yield from _claims_of(below, name if name in PARTS else part)


def _labels(value: Any) -> Iterator[str]:
    if isinstance(value, bool) or value is None:
        return
    if isinstance(value, int):
        yield f"P{value}"
    elif isinstance(value, str):
        yield from (f"P{int(digits)}" for digits in _DIGITS.findall(value))
    elif isinstance(value, Mapping):
        yield from _labels(next((value[key] for key in ("id", "label", "passage", "n") if key in value), None))
    elif isinstance(value, list):
        for one in value[:MOST_CLAIMS]:
            yield from _labels(one)


def _labels_in(text: str) -> list[str]:
    return [f"P{int(digits)}" for marked in _MARKED.findall(text) for digits in _DIGITS.findall(marked)]


def _marked(text: str) -> Iterator[RepliedClaim]:
    """Read lines of prose: headings name the part, marks the passages."""
    part: str | None = None
    for line in text.splitlines():
        heading = _HEADING.match(line)
        if heading:
            name = heading[1].lower()
            part = name if name in PARTS else part
            line = line[heading.end() :]  # noqa: PLW2901  the rest of the line may hold a statement
        labels = _labels_in(line)
        if labels and _LABEL.search(line):
            yield RepliedClaim(part=part, text=_BULLET.sub("", line).strip(), labels=tuple(dict.fromkeys(labels)))


def _unique(claims: Any) -> tuple[RepliedClaim, ...]:
    kept: dict[str, RepliedClaim] = {}
    for claim in claims:
        key = " ".join(claim.text.casefold().split())
        if key and len(kept) < MOST_CLAIMS:
            kept.setdefault(key, claim)
    return tuple(kept.values())


def _numbers(value: Any) -> tuple[int, ...]:
    listed = value.get("not_covered") if isinstance(value, dict) else None
    numbers = listed if isinstance(listed, list) else []
    return tuple(dict.fromkeys(one for one in numbers if isinstance(one, int) and not isinstance(one, bool)))
