"""The pure parts of scripts/bench_peers.py, and what it does where the peers are not installed."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cnaps_rag.evaluation.gold import Evidence, GoldCase, GoldQuery, Nugget
from scripts import bench_peers
from scripts.bench_peers import (
    FIGURES,
    ON_REQUEST,
    OURS,
    PEERS,
    PIECE_CHARS,
    Measured,
    interval,
    measured_of,
    pieces,
    report,
)
from scripts.peer_systems import MISSING, SYSTEMS, versions_of

ROOT = Path(__file__).resolve().parents[1]
QUOTE = "the separating background labels obtain a large weight"
EVIDENCE = (Evidence(quote=QUOTE),)
GOLD = GoldCase(
    case="one",
    question="Why?",
    nuggets=(Nugget(id="n", vital=True, evidence=EVIDENCE),),
    queries=(GoldQuery(id="q", question="How?", evidence=EVIDENCE),),
)
JOB = {"k": 60, "cases": [{"case": "one", "pdfs": ["a.pdf"], "questions": [["main", "Why?"], ["q", "How?"]]}]}


def result(**found: list[str]) -> dict[str, Any]:
    known = {"title": "A peer", "recipe": "its defaults", "versions": {"peer": "1.2"}, "missing": []}
    costs = {"passages": 9, "median_chars": 512.0, "build_s": 3.0, "search_ms": [10.0, 20.0], "peak_mib": 700.0}
    return known | costs | {"found": {"one": found}}


def measured(**found: list[str]) -> Measured:
    return measured_of(result(**found), {"one": GOLD})


def test_long_passages_are_ranked_in_pieces() -> None:
    """A passage over the limit counts as the pieces of at most that length that it consists of, in its place."""
    long = "a" * PIECE_CHARS + "b"
    assert list(pieces(["first", long, ""])) == ["first", "a" * PIECE_CHARS, "b", ""]


def test_scores_are_those_of_the_library() -> None:
    """Each query has the library's recalls and reciprocal rank, then the rank among pieces."""
    scores = measured(main=["nothing", QUOTE], q=["x" * PIECE_CHARS + f" {QUOTE}"]).scores
    assert scores.shape == (2, len(FIGURES))
    assert scores[0].tolist() == [1, 1, 1, 0.5, 0.5]
    assert scores[1].tolist() == [0, 1, 1, 1, 0.5]


def test_a_query_that_was_not_searched_is_an_error() -> None:
    """A system that leaves a query out does not get a mean over the others."""
    with pytest.raises(ValueError, match="not searched: q"):
        measured(main=[QUOTE])


def test_intervals_hold_the_mean() -> None:
    """The bootstrap interval holds the mean, is the same each time, and shrinks to it where all values agree."""
    values = np.array([0.0, 1.0] * 30)
    low, high = interval(values)
    assert low < 0.5 < high
    assert interval(values) == (low, high)
    assert interval(np.ones(60)) == (1.0, 1.0)


def test_the_report_names_every_system_in_every_table() -> None:
    """Each table has a row for each system, with as many cells as its head."""
    ours, peer = measured(main=[QUOTE], q=[QUOTE]), measured(main=["no"], q=[QUOTE])
    lines = list(report([ours, peer], JOB))
    assert lines[0].startswith("1 prompts, 1 PDFs listed 1 times, 2 queries, 60 passages a search")
    tables = [table.splitlines() for table in "\n".join(lines[1:]).strip().split("\n\n")]
    assert [len(table) - 2 for table in tables] == [2, 1, 2, 2]
    for table in tables:
        assert len({line.count("|") for line in table}) == 1
    assert "| A peer | 0.500 (0.00 to 1.00) |" in tables[0][3]
    assert tables[1][2].startswith("| A peer | +0.500 (+0.00 to +1.00) |")
    assert tables[2][2] == "| A peer | 9 | 512 | 3 s | 15 ms | 20 ms | 700 MiB |"
    assert tables[3][2] == "| A peer | its defaults | peer 1.2 |"


def test_both_halves_know_the_same_systems() -> None:
    """Every system that can be asked for is one that can be run."""
    assert {OURS, *PEERS, *ON_REQUEST} == set(SYSTEMS)
    assert bench_peers.MISSING == MISSING


def test_versions_of_missing_packages_are_none() -> None:
    """A package that is not installed has no version."""
    versions = versions_of(["numpy", "no-such-package-anywhere"])
    assert versions == {"numpy": np.__version__, "no-such-package-anywhere": None}


def test_a_peer_without_its_packages_is_skipped(capfd: pytest.CaptureFixture[str]) -> None:
    """The message names the system, what is missing, and the command that installs it."""
    if None not in versions_of(SYSTEMS["txtai"].distributions).values():
        pytest.skip("txtai is installed here")
    assert bench_peers.run("txtai", JOB, sys.executable) is None
    message = capfd.readouterr().err
    assert f"txtai: skipped, {sys.executable} lacks " in message
    assert f"{sys.executable} -m pip install -r scripts/peers.txt" in message


def test_a_peer_that_fails_is_skipped() -> None:
    """The message says that it failed and with which exit code."""
    assert "paper-qa: skipped, it failed with exit code 1" in bench_peers.skipped("paper-qa", "python", 1, ())


def test_the_peers_file_pins_every_package_that_is_measured() -> None:
    """Each package whose version the table names is pinned in the peers' requirements; pins are exact."""
    pins = [line for line in (ROOT / bench_peers.REQUIREMENTS).read_text().splitlines() if line and line[0] != "#"]
    assert all(pin.count("==") == 1 for pin in pins)
    names = {pin.split("==")[0] for pin in pins}
    assert {name for peer in PEERS for name in SYSTEMS[peer].distributions} <= names


def test_the_worker_needs_no_cnaps_rag_to_start(tmp_path: Path) -> None:
    """In an environment without this library and the peers, the worker says what is missing."""
    if None not in versions_of(SYSTEMS["paper-qa"].distributions).values():
        pytest.skip("paper-qa is installed here")
    job, found = tmp_path / "job.json", tmp_path / "result.json"
    job.write_text(json.dumps(JOB))
    command = [sys.executable, str(bench_peers.WORKER), "paper-qa", str(job), str(found)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == MISSING, done.stderr
    assert "paper-qa" in json.loads(found.read_text())["missing"]
