"""Prompt files: the text form, JSON and YAML, read strictly into a `Prompt`.

The text form is that of `Prompt.to_text`. Fixed lines are compared by their words, so letter case, punctuation, blank
lines and line endings do not matter; anything else that is out of place is a `PromptError` naming file and line.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, NoReturn

import yaml

from cnaps_rag.errors import PromptError
from cnaps_rag.listing import (
    ANSWER_LINE,
    CLOSED_WORLD_LINE,
    DEMAND_LINES,
    EXPLAIN_LINE,
    QUESTION_LINE,
    RECOMMENDED_HEADER,
    RELATED_HEADER,
    ROLE_LINE,
    ListedPaper,
    Prompt,
    shorten,
    web_url,
)

DATA_SUFFIXES = frozenset({".json", ".yaml", ".yml"})
PROMPT_SUFFIXES = DATA_SUFFIXES | {".txt"}
"""What tells a prompt file in a folder; a file that is named may have any suffix."""

MAX_PROMPT_BYTES = 1_000_000
"""A larger file is not a prompt."""

_OPENING_QUOTES = '"“„‟«'
_CLOSING_QUOTES = '"”“‟»'
_FIELDS = {"model": "name", "paper": "url", "github": "github", "summary": "summary"}
_KEYS = "'Model:', 'Paper:', 'GitHub:' or 'Summary:'"
_KEY_LINE = re.compile(r"(model|paper|github|summary)\s*:(.*)", re.IGNORECASE)
_ANSWER_LINE = re.compile(r"[#*\s]*answer[*\s]*:[*\s]*(.*)", re.IGNORECASE)
_STRAY_LINE = re.compile(r"#{1,6}\s.*|\w[\w -]{0,30}?\s*:\s*https?://\S+", re.IGNORECASE)
_OTHER_KEY = re.compile(r"(\w[\w -]{0,30}?)\s*:")
_WORD = re.compile(r"[^\W_]+")


def parse_prompt(text: str, *, path: Path | None = None) -> Prompt:
    """Parse a prompt in the text form.

    Args:
        text: The prompt, as in a prompt file.
        path: Where it was read from, for errors.

    Returns:
        The prompt.

    Raises:
        PromptError: It is no prompt; file, line and what was expected are said.
    """
    cursor = _Cursor(text, path)
    cursor.expect(ROLE_LINE)
    cursor.expect(QUESTION_LINE)
    question = _question(cursor)
    for line in (EXPLAIN_LINE, *DEMAND_LINES, CLOSED_WORLD_LINE, RECOMMENDED_HEADER):
        cursor.expect(line)
    recommended = _entries(cursor)
    if not recommended:
        cursor.miss("a recommended model ('Model:' and 'Paper:' lines)")
    related = []
    if _has_words(cursor.peek(), RELATED_HEADER):
        cursor.expect(RELATED_HEADER)
        related = _entries(cursor)
    _answer(cursor)
    with _placed(path):
        return Prompt(question=question, recommended=tuple(recommended), related=tuple(related))


def read_prompt(path: Path | str) -> Prompt:
    """Read a prompt file: `.json`, `.yaml` or `.yml` as such, any other name in the text form.

    Args:
        path: The file.

    Returns:
        The prompt.

    Raises:
        PromptError: The file cannot be read, or is no prompt; file, line and what was expected are said.
    """
    path = Path(path)
    text = _read_text(path)
    if path.suffix.lower() in DATA_SUFFIXES:
        return prompt_from_mapping(_load(text, path), path=path)
    return parse_prompt(text, path=path)


def read_prompts(
    paths: Iterable[Path | str], *, failed: Callable[[PromptError], object] | None = None
) -> list[tuple[Path, Prompt]]:
    """Read several prompt files, which must hold different prompts.

    Args:
        paths: The files.
        failed: Called with the error of each file that cannot be read as a prompt; None raises the first.

    Returns:
        Each file with its prompt, in the order given.

    Raises:
        PromptError: A file cannot be read as a prompt, or two hold the same prompt.
    """
    prompts = []
    for path in map(Path, paths):
        try:
            prompts.append((path, read_prompt(path)))
        except PromptError as error:
            if failed is None:
                raise
            failed(error)
    files: dict[str, Path] = {}
    for path, prompt in prompts:
        if earlier := files.get(prompt.id):
            raise PromptError(f"{earlier} and {path} hold the same prompt (id {prompt.id}): name one of them only")
        files[prompt.id] = path
    return prompts


def prompt_from_mapping(mapping: Mapping[str, Any], *, path: Path | None = None) -> Prompt:
    """Build a prompt from JSON or YAML values; the keys are the fields of `Prompt` and `ListedPaper`.

    Args:
        mapping: `{"question", "recommended": [{"name", "url", "github"?, "summary"?}], "related"?: [the same]}`.
        path: Where it was read from, for errors.

    Returns:
        The prompt.

    Raises:
        PromptError: It is no prompt; file, line and what was expected are said.
    """
    with _placed(path):
        _check_fields("the prompt", mapping, Prompt)
        return Prompt(
            question=mapping["question"],
            recommended=_papers_from(mapping, "recommended"),
            related=_papers_from(mapping, "related"),
        )


def prompt_to_mapping(prompt: Prompt) -> dict[str, Any]:
    """Write a prompt as values for JSON or YAML; `prompt_from_mapping` is the way back.

    Args:
        prompt: The prompt.

    Returns:
        Its fields; what an entry does not have is left out.
    """
    mapping: dict[str, Any] = {"question": prompt.question, "recommended": [], "related": []}
    for role, paper in prompt.listed():
        mapping[role].append({name: value for name, value in asdict(paper).items() if value is not None})
    return mapping


class _Cursor:
    """The lines of a prompt and how far they are read."""

    def __init__(self, text: str, path: Path | None) -> None:
        self.lines = [line.strip() for line in re.split(r"\r\n?|\n", text.removeprefix("\ufeff"))]
        self.path = path
        self.index = 0

    def peek(self) -> str | None:
        """Return the next line that is not blank, or None at the end."""
        while self.index < len(self.lines) and not self.lines[self.index]:
            self.index += 1
        return self.lines[self.index] if self.index < len(self.lines) else None

    def take(self) -> str:
        """Return the line at hand and move past it."""
        self.index += 1
        return self.lines[self.index - 1]

    def expect(self, wanted: str) -> None:
        """Move past a line that must have the words of `wanted`."""
        if not _has_words(self.peek(), wanted):
            self.miss(repr(wanted))
        self.index += 1

    def miss(self, wanted: str) -> NoReturn:
        """Raise an error: something was expected, and the line at hand is something else."""
        line = self.peek()
        shown = "the end of the file" if line is None else repr(shorten(line))
        self.fail(f"expected {wanted}, found {shown}")

    def fail(self, message: str, index: int | None = None) -> NoReturn:
        """Raise an error about a line, by default the one at hand."""
        with self.placed(self.index if index is None else index):
            raise PromptError(message)

    def placed(self, index: int) -> AbstractContextManager[None]:
        """Let errors raised inside name the file and a line."""
        return _placed(self.path, min(index + 1, len(self.lines)))


@contextmanager
def _placed(path: Path | None, line: int | None = None) -> Iterator[None]:
    try:
        yield
    except PromptError as error:
        where = f"line {line}: " if path is None and line is not None else ""
        raise PromptError(where + error.message, path=path, line=line) from None


def _has_words(line: str | None, wanted: str) -> bool:
    if line is None or len(line) > 2 * len(wanted):
        return False
    return _WORD.findall(line.casefold()) == _WORD.findall(wanted.casefold())


def _question(cursor: _Cursor) -> str:
    opening = cursor.peek()
    if opening is None or opening[0] not in _OPENING_QUOTES:
        cursor.miss("the question in quotes")
    start, end = cursor.index, _closing_line(cursor)
    if end is None:
        cursor.fail("the quote that opens the question is never closed: expected a line that ends with a quote")
    cursor.index = end + 1
    question = "\n".join(cursor.lines[start : end + 1])[1:-1]
    if not question.strip():
        cursor.fail("the question is empty: write it between the quotes", start)
    return question


def _closing_line(cursor: _Cursor) -> int | None:
    # The last line that ends with a quote before the form goes on: a question may quote somebody.
    closing = None
    for index, line in enumerate(cursor.lines[cursor.index :], cursor.index):
        if line and line[-1] in _CLOSING_QUOTES and (index > cursor.index or len(line) > 1):
            closing = index
        elif _has_words(line, EXPLAIN_LINE) or _has_words(line, RECOMMENDED_HEADER):
            break
    return closing


def _entries(cursor: _Cursor) -> list[ListedPaper]:
    entries = []
    while (line := cursor.peek()) is not None and not _ends_section(line):
        entries.append(_entry(cursor))
    return entries


def _entry(cursor: _Cursor) -> ListedPaper:
    first = cursor.index
    found: dict[str, str] = {}
    while (line := cursor.peek()) is not None and not _ends_section(line):
        key, field, value = _key_line(cursor, line)
        if field == "name" and found:
            break
        if field != "name" and not found:
            cursor.miss("'Model:' as the first line of an entry")
        if field in found:
            cursor.fail(f"a second {key + ':'!r} line in one entry: keep one; each entry begins with 'Model:'")
        found[field] = _field_value(cursor, field, value, found)
    if "url" not in found:
        cursor.fail(f"{shorten(found['name'])}: expected a 'Paper:' line with the paper's URL in this entry", first)
    with cursor.placed(first):
        return ListedPaper(**found)


def _key_line(cursor: _Cursor, line: str) -> tuple[str, str, str]:
    key = _KEY_LINE.fullmatch(line)
    if key is None:
        if other := _OTHER_KEY.match(line):
            cursor.fail(f"unknown key {other[1]!r}: expected {_KEYS}")
        cursor.miss(f"{_KEYS}, {RELATED_HEADER!r} or {ANSWER_LINE!r}")
    return key[1], _FIELDS[key[1].lower()], key[2].strip()


def _field_value(cursor: _Cursor, field: str, value: str, found: Mapping[str, str]) -> str:
    start = cursor.index
    cursor.take()
    while field == "summary" and (line := cursor.peek()) is not None and not _ends_summary(line):
        value += "\n" + cursor.take()
    if field == "url" or (field == "github" and value):
        with cursor.placed(start):
            label = "paper" if field == "url" else "GitHub"
            return web_url(f"{shorten(found['name'])}: the {label} URL", value)
    return value


def _ends_section(line: str) -> bool:
    return bool(_ANSWER_LINE.fullmatch(line)) or any(_has_words(line, h) for h in (RECOMMENDED_HEADER, RELATED_HEADER))


def _ends_summary(line: str) -> bool:
    # A heading or `Code: https://…` would otherwise vanish into the summary unseen.
    return bool(_KEY_LINE.fullmatch(line) or _STRAY_LINE.fullmatch(line)) or _ends_section(line)


def _answer(cursor: _Cursor) -> None:
    answer = _ANSWER_LINE.fullmatch(cursor.peek() or "")
    if answer is None:
        cursor.miss(f"{ANSWER_LINE!r} as the last line")
    if not answer[1]:
        cursor.take()
    if cursor.peek() is not None:
        cursor.miss(f"nothing behind {ANSWER_LINE!r} (take the answer out)")


def _read_text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_PROMPT_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise PromptError(f"cannot be read ({reason}): name a prompt file", path=path) from error
    if refusal := _refusal(content):
        raise PromptError(refusal, path=path)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        message = f"not UTF-8 (byte 0x{content[error.start]:02x}): save the prompt as UTF-8 text"
        raise PromptError(message, path=path, line=line) from None


def _refusal(content: bytes) -> str | None:
    if not content.strip():
        return "the file is empty: a prompt was expected"
    if b"%PDF-" in content[:1024]:
        return "is a PDF: name the prompt file that lists it"
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "is UTF-16: save the prompt as UTF-8 text"
    if len(content) > MAX_PROMPT_BYTES:
        return f"is larger than {MAX_PROMPT_BYTES:,} bytes, so it is not a prompt: name a prompt file"
    if b"\0" in content:
        return "is a binary file: name a prompt file (text, JSON or YAML)"
    return None


class _StrictLoader(yaml.SafeLoader):
    """A safe loader that refuses a key given twice, and merge keys, by which a few lines can grow without bound."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = {"<<"}
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"duplicate key {key.value!r}", key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep=deep)


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    unique: dict[str, Any] = {}
    for key, value in pairs:
        if key in unique:
            raise ValueError(f"duplicate key {key!r}")
        unique[key] = value
    return unique


def _load(text: str, path: Path) -> Any:
    language, line = "JSON" if path.suffix.lower() == ".json" else "YAML", None
    try:
        if language == "JSON":
            return json.loads(text, object_pairs_hook=_unique_keys)
        return yaml.load(text, Loader=_StrictLoader)  # noqa: S506 - it is a SafeLoader
    except json.JSONDecodeError as error:
        problem, line = error.msg, error.lineno
    except yaml.MarkedYAMLError as error:
        problem = error.problem or "unreadable"
        line = None if error.problem_mark is None else error.problem_mark.line + 1
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        problem = str(error)
    raise PromptError(f"not valid {language}: {shorten(problem)}; mend it there", path=path, line=line)


def _check_fields(what: str, mapping: Any, record: type[Prompt | ListedPaper]) -> None:
    names = [field.name for field in fields(record)]
    if not isinstance(mapping, Mapping):
        raise PromptError(f"{what} must be a mapping with {', '.join(names)}, not {type(mapping).__name__}")
    for key in mapping:
        if key not in names:
            raise PromptError(f"{what}: unknown field {shorten(repr(key))}; known are {', '.join(names)}")
    for required in names[:2]:
        if mapping.get(required) is None:
            raise PromptError(f"{what}: the field {required!r} is missing")


def _papers_from(mapping: Mapping[str, Any], role: str) -> tuple[ListedPaper, ...]:
    entries = mapping.get(role)
    if entries is None:
        return ()
    if not isinstance(entries, list | tuple):
        raise PromptError(f"{role} must be a list of entries, not {type(entries).__name__}")
    return tuple(_paper_from(entry, f"{role} entry {number}") for number, entry in enumerate(entries, 1))


def _paper_from(entry: Any, what: str) -> ListedPaper:
    name = entry.get("name") if isinstance(entry, Mapping) else None
    _check_fields(f"{what} ({shorten(name)})" if isinstance(name, str) else what, entry, ListedPaper)
    try:
        return ListedPaper(**entry)
    except PromptError as error:
        raise PromptError(f"{what}: {error.message}") from None
