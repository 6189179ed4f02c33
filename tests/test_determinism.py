"""The same prompt, corpus and settings give the same bytes."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cnaps_rag.pipeline import answer
from cnaps_rag.rendering import Format, render

if TYPE_CHECKING:
    from tests.conftest import Desk

ROOT = Path(__file__).resolve().parents[1]
ASK = """
import sys
from pathlib import Path
from cnaps_rag.pipeline import answer, open_index
from cnaps_rag.rendering import Format, render
from cnaps_rag.settings import Settings
from cnaps_rag.testing import HashingEmbedder

settings = Settings(corpus_dir=Path(sys.argv[2]), index_dir=Path(sys.argv[3]), offline=True, passage_chars=150)
found = answer(open_index(sys.argv[1], settings=settings, embedder=HashingEmbedder()))
sys.stdout.buffer.write("\\0".join(render(found, form) for form in Format).encode())
"""


def asked(desk: "Desk", seed: str) -> list[bytes]:
    """Answer in a process of its own, whose sets and dictionaries of texts are in an order of their own."""
    arguments = (desk.prompt_file(), desk.root / "corpus", desk.index_dir)
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    command = [sys.executable, "-c", ASK, *map(str, arguments)]
    done = subprocess.run(command, check=True, capture_output=True, cwd=ROOT, env=environment)
    return done.stdout.split(b"\0")


def test_other_processes_give_the_same_bytes(desk: "Desk") -> None:
    """Every format of an answer is the same in processes that hash texts differently."""
    found = answer(desk.index())
    here = [render(found, form).encode() for form in Format]
    assert len(here) == len(Format) == 6
    assert asked(desk, "1") == asked(desk, "2") == here


@pytest.mark.parametrize("form", list(Format))
def test_an_index_built_anew_gives_the_same_bytes(desk: "Desk", form: Format) -> None:
    """Every format of an answer is the same from an index that was built once more from the same PDFs."""
    first = render(answer(desk.index()), form)
    for folder in (desk.root / "corpus", desk.index_dir):
        shutil.rmtree(folder)
    assert render(answer(desk.index()), form) == first
