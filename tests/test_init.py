"""This file ensures that the package exports what it says, and costs little to import."""

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import cnaps_rag
from cnaps_rag.version import VERSION

ROOT = Path(__file__).resolve().parents[1]
HEAVY = ("torch", "faiss", "sentence_transformers", "transformers", "langchain_core", "bm25s", "huggingface_hub")


def test_exported_names() -> None:
    """Every name of `__all__` can be had, `dir` lists it, and the type checker is told of the same names."""
    for name in cnaps_rag.__all__:
        assert getattr(cnaps_rag, name).__name__ == name
    assert sorted([*cnaps_rag.__all__, "__version__"]) == dir(cnaps_rag)
    assert sorted(cnaps_rag.__all__) == cnaps_rag.__all__
    tree = ast.parse((ROOT / "cnaps_rag" / "__init__.py").read_text(encoding="utf-8"))
    aliases = [alias for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names]
    assert {alias.asname for alias in aliases if alias.asname} - {"__version__"} == set(cnaps_rag.__all__)


def test_names_are_those_of_their_modules() -> None:
    """A public name is the very thing that its module defines."""
    for name, home in cnaps_rag._HOMES.items():
        assert getattr(cnaps_rag, name) is getattr(importlib.import_module(f"cnaps_rag.{home}"), name)


def test_unknown_name() -> None:
    """A name that is not public is an attribute error that says so."""
    with pytest.raises(AttributeError, match="module 'cnaps_rag' has no attribute 'nonsense'"):
        _ = cnaps_rag.nonsense


@pytest.mark.parametrize("module", ["cnaps_rag", "cnaps_rag.pipeline", "cnaps_rag.cli"])
def test_import_is_light(module: str) -> None:
    """Importing the package, and even the whole pipeline, loads no heavy library."""
    code = f"import sys, {module}; print(*(set({HEAVY!r}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.strip() == ""


def test_runs_as_a_module() -> None:
    """`python -m cnaps_rag` is the command line."""
    command = [sys.executable, "-m", "cnaps_rag", "--version"]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
    assert done.stdout == f"cnaps-rag {VERSION}\n"
