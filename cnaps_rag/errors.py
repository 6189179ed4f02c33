"""Every error that cnaps_rag raises on purpose.

```
CnapsRagError
├── PromptError (also ValueError)   a prompt file, or a Prompt built in code, is not one
├── SourceError                     a listed PDF could not be had
├── DocumentError                   a PDF could not be read
├── EmbedderError                   no embedding model, or one that does not fit
├── CrossEncoderError               no cross-encoder of that name, or one made for something else
├── IndexStateError                 an index is missing, foreign, corrupt or out of date
├── StorageError (also OSError)     a file could not be written: disk full, read-only folder
├── GenerationError                 an answer could not be drafted
├── CitationError                   a citation does not resolve to a retrieved passage
├── EvaluationError                 a gold file or an evaluation set cannot be used
└── MissingExtraError (also ImportError)   an optional dependency is not installed
```

Each says what is wrong, where, and what to do about it. The fields hold the same facts for programs, and every
error pickles, so that it survives the way back from a worker process.
"""

from pathlib import Path
from typing import Any


class CnapsRagError(Exception):
    """Base of all errors of this package."""

    def __init__(self, message: str, **fields: Any) -> None:
        """Keep the message and the fields.

        Args:
            message: What is wrong and what to do, for people.
            **fields: The same facts for programs; each becomes an attribute.
        """
        super().__init__(message)
        self.message = message
        self._fields = fields
        for name, value in fields.items():
            setattr(self, name, value)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle by the message and the fields."""
        return _rebuild, (type(self), self.message, self._fields)

    def __str__(self) -> str:
        """Return the message alone."""
        return self.message


def _rebuild(kind: type[CnapsRagError], message: str, fields: dict[str, Any]) -> CnapsRagError:
    error = kind.__new__(kind)
    CnapsRagError.__init__(error, message, **fields)
    return error


class PromptError(CnapsRagError, ValueError):
    """A prompt that cannot be understood.

    Attributes:
        path: The file, or None for a prompt built in code.
        line: The 1-based line at fault, or None where no single line is.
    """

    path: Path | None
    line: int | None

    def __init__(self, message: str, *, path: Path | None = None, line: int | None = None) -> None:
        """Put the place before the message: `file:line: message`."""
        place = "" if path is None else f"{path}: " if line is None else f"{path}:{line}: "
        super().__init__(place + message, path=path, line=line)


class SourceError(CnapsRagError):
    """A listed PDF that could not be had.

    Attributes:
        url: The URL as listed.
        status: A value of `records.PaperStatus` that says which way it failed.
        attempt: How many requests were made.
    """

    url: str
    status: str
    attempt: int

    def __init__(self, message: str, *, url: str, status: str = "failed", attempt: int = 0) -> None:
        """Keep the URL, the status and the number of requests."""
        super().__init__(message, url=url, status=status, attempt=attempt)


class DocumentError(CnapsRagError):
    """A PDF that could not be read.

    Attributes:
        path: The file.
        page_number: The 1-based page at fault, or None where it is the whole file.
        status: A value of `records.PaperStatus` that says which way it failed.
    """

    path: Path
    page_number: int | None
    status: str

    def __init__(self, message: str, *, path: Path, page_number: int | None = None, status: str = "failed") -> None:
        """Keep the file, the page and the status."""
        super().__init__(message, path=path, page_number=page_number, status=status)


class EmbedderError(CnapsRagError):
    """No embedding model could be had, or it cannot do its work.

    Attributes:
        model: The name or path that was asked for.
    """

    model: str

    def __init__(self, message: str, *, model: str) -> None:
        """Keep the model's name."""
        super().__init__(message, model=model)


class CrossEncoderError(CnapsRagError):
    """No cross-encoder could be had, or it was made for something else.

    Attributes:
        model: The name or path that was asked for.
    """

    model: str

    def __init__(self, message: str, *, model: str) -> None:
        """Keep the model's name."""
        super().__init__(message, model=model)


class IndexStateError(CnapsRagError):
    """An index that is missing, foreign, corrupt or out of date.

    Attributes:
        scope: Prompt id or shard that the index was opened for.
        expected: What was expected there.
        found: What was found instead.
    """

    scope: str
    expected: str
    found: str

    def __init__(self, message: str, *, scope: str, expected: str = "", found: str = "") -> None:
        """Keep the scope and the two sides of the mismatch."""
        super().__init__(message, scope=scope, expected=expected, found=found)


class StorageError(CnapsRagError, OSError):
    """A file that could not be written; what stood there before still stands.

    Attributes:
        path: The file or folder.
        reason: The operating system's words.
    """

    path: Path
    reason: str

    def __init__(self, message: str, *, path: Path, reason: str = "") -> None:
        """Keep the path and the reason."""
        super().__init__(message, path=path, reason=reason)


class GenerationError(CnapsRagError):
    """An answer that could not be drafted.

    Attributes:
        temporary: Whether the same call may succeed later: a busy or failing server, a connection that broke off.
    """

    temporary: bool

    def __init__(self, message: str, *, temporary: bool = False) -> None:
        """Keep whether it may pass."""
        super().__init__(message, temporary=temporary)


class CitationError(CnapsRagError):
    """A citation that does not resolve to a retrieved passage.

    Attributes:
        reason: Which check failed.
    """

    reason: str

    def __init__(self, message: str, *, reason: str) -> None:
        """Keep the name of the failed check."""
        super().__init__(message, reason=reason)


class EvaluationError(CnapsRagError):
    """A gold file or an evaluation set that cannot be used.

    Attributes:
        path: The file or folder at fault.
    """

    path: Path

    def __init__(self, message: str, *, path: Path) -> None:
        """Put the place before the message."""
        super().__init__(f"{path}: {message}", path=path)


class MissingExtraError(CnapsRagError, ImportError):
    """An optional dependency that is not installed.

    Attributes:
        extra: The extra that brings it, as in `pip install "cnaps-rag[extra]"`.
    """

    extra: str

    def __init__(self, what: str, *, extra: str) -> None:
        """Say what needs the extra and how to install it."""
        super().__init__(f'{what} needs the extra [{extra}]: pip install "cnaps-rag[{extra}]"', extra=extra)
