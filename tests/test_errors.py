"""This file ensures that errors keep their facts: in attributes, in words, and on the way between processes."""

import copy
import inspect
import multiprocessing.reduction
import pickle  # noqa: TID251
from pathlib import Path

import pytest

from cnaps_rag import errors
from cnaps_rag.errors import (
    CitationError,
    CnapsRagError,
    CrossEncoderError,
    DocumentError,
    EmbedderError,
    EvaluationError,
    GenerationError,
    IndexStateError,
    MissingExtraError,
    PromptError,
    SourceError,
    StorageError,
)

HERE = Path("a/b.pdf")
EXAMPLES: list[tuple[CnapsRagError, dict[str, object]]] = [
    (PromptError("no model", path=HERE, line=3), {"path": HERE, "line": 3}),
    (
        SourceError("gone", url="https://a.org/x", status="not-found", attempt=2),
        {"url": "https://a.org/x", "attempt": 2},
    ),
    (DocumentError("broken", path=HERE, page_number=7, status="no-text"), {"path": HERE, "page_number": 7}),
    (EmbedderError("none", model="m"), {"model": "m"}),
    (CrossEncoderError("none", model="m"), {"model": "m"}),
    (IndexStateError("foreign", scope="s", expected="a", found="b"), {"scope": "s", "expected": "a", "found": "b"}),
    (StorageError("full", path=HERE, reason="no space"), {"path": HERE, "reason": "no space"}),
    (GenerationError("nothing drafted"), {}),
    (CitationError("not there", reason="not-on-page"), {"reason": "not-on-page"}),
    (EvaluationError("no gold", path=HERE), {"path": HERE}),
    (MissingExtraError("HTML", extra="html"), {"extra": "html"}),
]
by_name = pytest.mark.parametrize(("error", "fields"), EXAMPLES, ids=lambda value: type(value).__name__)


def test_every_error_has_an_example() -> None:
    """No error of the module is left out of these tests, and each stands in the tree that the docstring draws."""
    kinds = {kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, CnapsRagError)}
    assert kinds - {CnapsRagError} == {type(error) for error, _ in EXAMPLES}
    assert all(f" {kind.__name__} " in f"{errors.__doc__} ".replace("\n", " ") for kind in kinds)


@by_name
def test_facts_are_attributes(error: CnapsRagError, fields: dict[str, object]) -> None:
    """Each fact is an attribute, and the message alone is what the error reads as."""
    assert {name: getattr(error, name) for name in fields} == fields
    assert str(error) == error.message
    assert "\n" not in str(error)


@by_name
def test_pickles(error: CnapsRagError, fields: dict[str, object]) -> None:
    """An error comes back from another process as the same kind, with its message and its facts."""
    sent = pickle.loads(bytes(multiprocessing.reduction.ForkingPickler.dumps(error)))  # noqa: S301
    for other in (sent, copy.copy(error)):
        assert type(other) is type(error)
        assert str(other) == str(error)
        assert {name: getattr(other, name) for name in fields} == fields


def test_builtin_bases() -> None:
    """Programs that know Python's own errors catch the ones that are like them."""
    assert issubclass(PromptError, ValueError)
    assert issubclass(StorageError, OSError)
    assert issubclass(MissingExtraError, ImportError)


@pytest.mark.parametrize(
    ("path", "line", "text"), [(None, None, "odd"), (HERE, None, "a/b.pdf: odd"), (HERE, 3, "a/b.pdf:3: odd")]
)
def test_prompt_error_names_the_place(path: Path | None, line: int | None, text: str) -> None:
    """A prompt's fault is said as `file:line: message`, as far as the place is known."""
    assert str(PromptError("odd", path=path, line=line)) == text


def test_missing_extra_says_how_to_install_it() -> None:
    """A missing extra is named with the command that installs it."""
    assert str(MissingExtraError("HTML", extra="html")) == 'HTML needs the extra [html]: pip install "cnaps-rag[html]"'
