"""This file ensures that settings are either right or refused; nothing is silently ignored."""

from dataclasses import FrozenInstanceError, fields
from pathlib import Path
from typing import Any

import pytest

from cnaps_rag.settings import PdfBackend, Settings

NUMBERS = [field.name for field in fields(Settings) if type(field.default) in {int, float}]


@pytest.mark.parametrize("value", [0, -1])
@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_are_positive(name: str, value: int) -> None:
    """A number that makes no sense is refused by its name."""
    with pytest.raises(ValueError, match=rf"Settings\.{name} must be greater than 0, not {value}"):
        Settings(**dict[str, Any]({name: value}))


def test_unknown_name_is_refused() -> None:
    """A misspelt setting is an error, not a setting without effect."""
    misspelt: dict[str, Any] = {"passage_char": 10}
    with pytest.raises(TypeError, match="passage_char"):
        Settings(**misspelt)


def test_strings_do_for_folders() -> None:
    """Folders may be given as strings and are paths afterwards."""
    strings: dict[str, Any] = {"corpus_dir": "a", "index_dir": "b"}
    settings = Settings(**strings)
    assert (settings.corpus_dir, settings.index_dir) == (Path("a"), Path("b"))


def test_the_backend_may_be_named() -> None:
    """The PDF backend may be given by name, and one that there is not is refused with those that there are."""
    named: dict[str, Any] = {"pdf_backend": "pdfium"}
    assert Settings(**named).pdf_backend is PdfBackend.PDFIUM
    unknown: dict[str, Any] = {"pdf_backend": "poppler"}
    with pytest.raises(ValueError, match=r"Settings\.pdf_backend must be pypdf or pdfium, not 'poppler'"):
        Settings(**unknown)


def test_frozen() -> None:
    """Settings cannot be changed behind the back of who holds them."""
    with pytest.raises(FrozenInstanceError):
        Settings().k = 3  # type: ignore[misc]
