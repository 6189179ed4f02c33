"""A few of the kills of scripts/crash_test.py, with its own checks."""

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.conftest import Desk

SCRIPT = Path(__file__).resolve().parents[1] / "scripts" / "crash_test.py"


def test_a_handful_of_kills() -> None:
    """After a kill at any moment each index is the old one or the new one, and the next build finishes."""
    words = [sys.executable, str(SCRIPT), "--kills", "4", "--seed", "11"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 faults" in done.stdout


def test_left_overs_are_removed(desk: "Desk") -> None:
    """What a killed build left half-written in the index is removed by the next build; what is whole stays."""
    desk.build()
    state = desk.state()
    shards, prompts = desk.index_dir / "shards", desk.index_dir / "prompts"
    (shards / ".0123-4567.abc.part").mkdir()
    (shards / ".0123-4567.abc.part" / "pages.jsonl").write_text("half of a l")
    (shards / ".0123-4567.abc.old").mkdir()
    (prompts / ".0123.json.abc.part").write_text('{"form')
    desk.build()
    assert desk.state() == state
    assert not [path for folder in (shards, prompts) for path in folder.glob(".*")]
