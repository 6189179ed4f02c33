"""Compare retrieval with LangChain, LlamaIndex, txtai and paper-qa on the same PDFs, embedder and scorer.

    python -m venv .venv-peers && .venv-peers/bin/pip install -r scripts/peers.txt
    python scripts/bench_peers.py --set DIR --peers-python .venv-peers/bin/python

DIR holds prompts/, gold/ and papers/. Each system runs in a process of its own (scripts/peer_systems.py), the peers
with the Python of their own environment, because LlamaIndex asks for older pypdf and PyStemmer than this library. A
system whose packages are missing is skipped. Prints Markdown for docs/benchmarks.md; times depend on the machine, and
compare within one run only.
"""

import argparse
import hashlib
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cnaps_rag.embedding import find_embedder
from cnaps_rag.evaluation import GoldCase, queries_of, read_gold_folder
from cnaps_rag.evaluation.cases import RETRIEVAL_FIGURES
from cnaps_rag.evaluation.gold import quotes_of
from cnaps_rag.evaluation.retrieval_metrics import evaluate_queries, reciprocal_rank
from cnaps_rag.listing import Prompt
from cnaps_rag.pipeline import EVALUATED_HITS, prompt_files
from cnaps_rag.prompts import read_prompt
from cnaps_rag.settings import Settings
from cnaps_rag.sources import Library

Scores = npt.NDArray[np.float64]

WORKER = Path(__file__).with_name("peer_systems.py")
REQUIREMENTS = "scripts/peers.txt"
OURS = "cnaps-rag"
PEERS = ("langchain", "llama-index", "llama-index-hybrid", "txtai", "paper-qa")
ON_REQUEST = ("txtai-paragraphs",)
PIECE_CHARS = 1500
FIGURES = (*RETRIEVAL_FIGURES, f"mrr@{PIECE_CHARS}c")
COMPARED = ("recall@3000c", f"mrr@{PIECE_CHARS}c")
MISSING = 3
RESAMPLES = 10_000
INTERVAL = (2.5, 97.5)
SEED = 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Measured:
    """What one system did.

    Attributes:
        title: What people call it.
        recipe: What was measured of it.
        versions: Its packages and their versions.
        scores: Its figures. Shape: (n_queries, n_figures), in the order of `FIGURES`.
        passages: How many passages it made of all papers.
        median_chars: Median length of the passages that it found.
        build_s: How long building took.
        search_ms: How long each warm search took.
        peak_mib: The most memory that its process held.
    """

    title: str
    recipe: str
    versions: Mapping[str, str]
    scores: Scores
    passages: int
    median_chars: float
    build_s: float
    search_ms: Sequence[float]
    peak_mib: float


def main() -> int:
    """Run the measurements and print the tables.

    Returns:
        The exit code.
    """
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--set", type=Path, default=Path("../shared"), metavar="DIR")
    parser.add_argument("--peers-python", default=sys.executable, metavar="PYTHON", help="default: this one")
    parser.add_argument("--systems", default=",".join((OURS, *PEERS)), metavar="NAME,…", help="default: %(default)s")
    parser.add_argument("--repeats", type=int, default=3, help="how often each search is timed (default: %(default)s)")
    options = parser.parse_args()
    names = options.systems.split(",")
    known = (OURS, *PEERS, *ON_REQUEST)
    if unknown := set(names) - set(known):
        parser.error(f"no such system: {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    golds = read_gold_folder(options.set / "gold")
    job = job_of(options.set, golds, repeats=options.repeats)
    measured = []
    for name in names:
        result = run(name, job, sys.executable if name == OURS else options.peers_python)
        if result is not None:
            measured.append(measured_of(result, golds))
    print("\n".join(report(measured, job)))
    return 0


def job_of(folder: Path, golds: Mapping[str, GoldCase], *, repeats: int) -> dict[str, Any]:
    """Write down what every system has to do.

    Args:
        folder: Holds prompts and papers.
        golds: The gold by prompt.
        repeats: How often each search is timed.

    Returns:
        The job for scripts/peer_systems.py.
    """
    papers = folder / "papers"
    prompts = {path: read_prompt(path) for path in prompt_files(folder / "prompts") if path.stem in golds}
    cases = [
        {
            "case": path.stem,
            "prompt": str(path.resolve()),
            "pdfs": pdfs,
            "questions": queries_of(golds[path.stem]),
        }
        for (path, _), pdfs in zip(prompts.items(), pdfs_of(list(prompts.values()), papers), strict=True)
    ]
    return {
        "model": str(find_embedder().folder),
        "pdf_dir": str(papers.resolve()),
        "k": EVALUATED_HITS,
        "repeats": repeats,
        "cases": cases,
    }


def pdfs_of(prompts: Sequence[Prompt], papers: Path) -> Iterator[list[str]]:
    """Find the PDFs that this library would index for each prompt.

    Args:
        prompts: The prompts.
        papers: The folder of their PDFs.

    Yields:
        Paths of a prompt's PDFs, each once, in the order of the prompt.
    """
    files = {hashlib.sha256(path.read_bytes()).hexdigest(): str(path.resolve()) for path in papers.glob("*.pdf")}
    with tempfile.TemporaryDirectory() as corpus:
        library = Library(Settings(corpus_dir=Path(corpus), offline=True), pdf_dir=papers)
        for prompt in prompts:
            fetched = library.fetch([paper for _, paper in prompt.listed()], None)
            yield list(dict.fromkeys(files[one.sha256] for one in fetched if one.sha256 is not None))


def run(name: str, job: Mapping[str, Any], python: str) -> dict[str, Any] | None:
    """Run one system in its own process.

    Args:
        name: The system.
        job: What it has to do.
        python: The interpreter.

    Returns:
        What scripts/peer_systems.py found, or None where the system had to be skipped; stderr says why.
    """
    with tempfile.TemporaryDirectory() as folder:
        job_file, result_file = Path(folder, "job.json"), Path(folder, "result.json")
        job_file.write_text(json.dumps(job), encoding="utf-8")
        command = [python, str(WORKER), name, str(job_file), str(result_file)]
        path = {"PYTHONPATH": str(WORKER.parents[1])} if name == OURS else {}
        print(f"{name} …", file=sys.stderr, flush=True)
        done = subprocess.run(command, stdout=sys.stderr, env=os.environ | path, check=False)  # noqa: S603  our own program
        result = json.loads(result_file.read_text(encoding="utf-8")) if result_file.exists() else {}
    if done.returncode == 0:
        return dict(result)
    print(skipped(name, python, done.returncode, result.get("missing", ())), file=sys.stderr)
    return None


def skipped(name: str, python: str, code: int, missing: Sequence[str]) -> str:
    """Say why a system was skipped and what to do.

    Args:
        name: The system.
        python: The interpreter that it was to run with.
        code: Exit code of its process.
        missing: Packages that the interpreter does not have.

    Returns:
        One line.
    """
    if code == MISSING:
        how = f"install them ({python} -m pip install -r {REQUIREMENTS}) or name another --peers-python"
        return f"{name}: skipped, {python} lacks {', '.join(missing)}; {how}"
    return f"{name}: skipped, it failed with exit code {code}; its message stands above"


def measured_of(result: Mapping[str, Any], golds: Mapping[str, GoldCase]) -> Measured:
    """Score what a system found.

    Args:
        result: What scripts/peer_systems.py wrote.
        golds: The gold by prompt.

    Returns:
        The system's figures.
    """
    rows = [row for case, found in result["found"].items() for row in score_case(golds[case], found)]
    known = {name: result[name] for name in ("title", "recipe", "versions", "passages", "median_chars")}
    times = {name: result[name] for name in ("build_s", "search_ms", "peak_mib")}
    return Measured(scores=np.array(rows), **known, **times)


def score_case(gold: GoldCase, found: Mapping[str, Sequence[str]]) -> Iterator[list[float]]:
    """Score what was found for one prompt.

    Args:
        gold: The prompt's gold.
        found: Retrieved texts, best first, by query id.

    Yields:
        The figures of each query, in the order of `FIGURES`.
    """
    quotes = quotes_of(gold)
    for query in evaluate_queries(gold, found):
        figures = query.figures()
        in_pieces = reciprocal_rank(list(pieces(found[query.id])), quotes[query.id])
        yield [*(figures[name] for name in RETRIEVAL_FIGURES), in_pieces]


def pieces(passages: Sequence[str]) -> Iterator[str]:
    """Cut long passages, so that ranks are ranks of passages no longer than `PIECE_CHARS`.

    Args:
        passages: Retrieved texts, best first.

    Yields:
        The passages; a longer one in consecutive pieces.
    """
    for passage in passages:
        for start in range(0, max(len(passage), 1), PIECE_CHARS):
            yield passage[start : start + PIECE_CHARS]


def interval(values: Scores) -> tuple[float, float]:
    """Estimate how far a mean over queries can be trusted, by bootstrap over the queries.

    Args:
        values: One value a query.

    Returns:
        The ends of the 95 % percentile interval of the mean.

    Source:
        Efron and Tibshirani, An Introduction to the Bootstrap (1993), section 13.3.
    """
    drawn = np.random.default_rng(SEED).integers(len(values), size=(RESAMPLES, len(values)))
    low, high = np.percentile(values[drawn].mean(axis=1), INTERVAL)
    return float(low), float(high)


def report(measured: Sequence[Measured], job: Mapping[str, Any]) -> Iterator[str]:
    """Write the tables.

    Args:
        measured: The systems, ours first.
        job: What they had to do.

    Yields:
        Lines of Markdown.
    """
    listed = [pdf for case in job["cases"] for pdf in case["pdfs"]]
    queries = sum(len(case["questions"]) for case in job["cases"])
    yield (
        f"{len(job['cases'])} prompts, {len(set(listed))} PDFs listed {len(listed)} times, {queries} queries, "
        f"{job['k']} passages a search; "
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    )
    yield from quality_table(measured)
    yield from difference_table(measured)
    yield from cost_table(measured)
    yield from recipe_table(measured)


def quality_table(measured: Sequence[Measured]) -> Iterator[str]:
    """Write how well each system finds the evidence, with 95 % intervals.

    Args:
        measured: The systems.

    Yields:
        Lines of Markdown.
    """
    yield from heading(("system", *FIGURES))
    for one in measured:
        yield row([one.title, *(with_interval(one.scores[:, column]) for column in range(len(FIGURES)))])


def difference_table(measured: Sequence[Measured]) -> Iterator[str]:
    """Write how much better the first system is than each other one, query by query.

    Args:
        measured: The systems.

    Yields:
        Lines of Markdown.
    """
    if not measured:
        return
    yield from heading((f"{measured[0].title} minus", *COMPARED))
    for one in measured[1:]:
        gains = [measured[0].scores[:, FIGURES.index(name)] - one.scores[:, FIGURES.index(name)] for name in COMPARED]
        yield row([one.title, *(with_interval(gain, sign="+") for gain in gains)])


def cost_table(measured: Sequence[Measured]) -> Iterator[str]:
    """Write what each system costs.

    Args:
        measured: The systems.

    Yields:
        Lines of Markdown.
    """
    yield from heading((
        "system",
        "passages",
        "median characters of a hit",
        "build",
        "search p50",
        "search p95",
        "peak memory",
    ))
    for one in measured:
        p50, p95 = np.percentile(one.search_ms, (50, 95))
        times = [f"{one.build_s:.0f} s", f"{p50:.0f} ms", f"{p95:.0f} ms"]
        yield row([one.title, f"{one.passages}", f"{one.median_chars:.0f}", *times, f"{one.peak_mib:.0f} MiB"])


def recipe_table(measured: Sequence[Measured]) -> Iterator[str]:
    """Write what was measured of each system, and which versions.

    Args:
        measured: The systems.

    Yields:
        Lines of Markdown.
    """
    yield "\n| system | recipe | versions |\n| --- | --- | --- |"
    for one in measured:
        yield row([one.title, one.recipe, ", ".join(f"{name} {version}" for name, version in one.versions.items())])


def heading(names: Sequence[str]) -> Iterator[str]:
    """Write the head of a table whose first column is text and whose others are figures."""
    yield ""
    yield row(names)
    yield f"| --- |{' ---: |' * (len(names) - 1)}"


def row(cells: Sequence[str]) -> str:
    """Write a row of a table."""
    return f"| {' | '.join(cells)} |"


def with_interval(values: Scores, *, sign: str = "") -> str:
    """Write a mean with its 95 % interval; `sign` is the format's, `+` for differences."""
    low, high = interval(values)
    return f"{values.mean():{sign}.3f} ({low:{sign}.2f} to {high:{sign}.2f})"


if __name__ == "__main__":
    sys.exit(main())
