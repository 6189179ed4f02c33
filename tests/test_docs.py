"""The documents against the code."""

import argparse
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from cnaps_rag.cli import parser
from cnaps_rag.records import PaperStatus

ROOT = Path(__file__).resolve().parents[1]
CLI = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
OPTION = re.compile(r"(?<![\w-])--?[a-z][a-z-]*")
COMMON = {"--device", "--corpus", "--index", "--embedder", "--offline", "-h", "--help"}


def commands() -> dict[str, argparse.ArgumentParser]:
    actions = parser()._subparsers._group_actions  # type: ignore[union-attr]
    return dict(actions[0].choices)  # type: ignore[arg-type]


def section(name: str) -> str:
    return CLI.split(f"\n## {name}\n")[1].split("\n## ")[0]


def published_commands() -> Iterator[list[str]]:
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))):
        for block in re.findall(r"```bash\n(.*?)```", path.read_text(encoding="utf-8"), re.DOTALL):
            for line in block.splitlines():
                if line.startswith("cnaps-rag "):
                    yield shlex.split(line, comments=True)[1:]


@pytest.mark.parametrize("name", sorted(commands()))
def test_every_option_is_documented_and_every_documented_option_exists(name: str) -> None:
    """The command line's document names the options of each command, no more and no fewer."""
    real = {option for action in commands()[name]._actions for option in action.option_strings} - COMMON
    documented = set(OPTION.findall(section(name))) - COMMON
    assert documented == real


def test_the_common_options_are_documented() -> None:
    """The options that all commands share stand in the document's head."""
    head = CLI.split("\n## ")[0]
    assert COMMON - {"-h", "--help"} <= set(OPTION.findall(head))


def test_every_status_is_documented() -> None:
    """The table of statuses is that of the code."""
    table = section("build").split("| status | meaning |")[1]
    assert set(re.findall(r"^\| `([a-z-]+)` \|", table, re.MULTILINE)) == {str(status) for status in PaperStatus}


def test_published_commands_parse() -> None:
    """Every `cnaps-rag` command in the documents is one that the parser takes."""
    published = list(published_commands())
    assert published
    for arguments in published:
        parser().parse_args(arguments)


def test_links_between_documents_resolve() -> None:
    """Relative links of the documents name files that exist."""
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))):
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", path.read_text(encoding="utf-8")):
            assert (path.parent / target).exists(), f"{path.name}: {target}"


def test_scripts_can_be_run() -> None:
    """The scripts that the README names are executable."""
    for name in ("demo", "test", "setup_venv"):
        assert (ROOT / "scripts" / name).stat().st_mode & 0o111
