"""Measure the whole path: first build, second build, opening, searching, answering, and the memory that it takes.

    python scripts/bench_pipeline.py PROMPTS_DIR --pdf-dir DIR

Prints a Markdown table for docs/benchmarks.md. Times depend on the machine; the ratios, taken in one run, are what to
compare.
"""

import argparse
import platform
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from cnaps_rag.embedding import find_embedder
from cnaps_rag.pipeline import Builder, answer, open_index, prompt_files
from cnaps_rag.prompts import read_prompt
from cnaps_rag.retrieval import search
from cnaps_rag.settings import Settings

KIB_PER_MIB = 1024
REPEATS = 5


def main() -> int:
    """Run the measurements and print the table.

    Returns:
        The exit code.
    """
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("prompts_dir", type=Path, metavar="PROMPTS_DIR")
    parser.add_argument("--pdf-dir", type=Path, required=True, metavar="DIR")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(corpus_dir=Path(folder, "corpus"), index_dir=Path(folder, "index"), offline=True)
        rows = list(measure(prompt_files(options.prompts_dir), options.pdf_dir, settings))
    print(f"{platform.processor() or platform.machine()}, Python {platform.python_version()}\n")
    print("| step | figure |\n| --- | ---: |")
    for step, figure in rows:
        print(f"| {step} | {figure} |")
    return 0


def measure(paths: list[Path], pdf_dir: Path, settings: Settings) -> Iterator[tuple[str, str]]:
    """Measure each step over all prompts.

    Args:
        paths: The prompt files.
        pdf_dir: The folder of their PDFs.
        settings: Where corpus and indexes are written.

    Yields:
        What was measured, and the figure.
    """
    prompts = [read_prompt(path) for path in paths]
    embedder = find_embedder()
    loading = seconds(lambda: embedder.embed(["load the model"]))
    builder = Builder(settings, pdf_dir=pdf_dir, embedder=embedder)
    started = time.perf_counter()
    reports = [builder.build(prompt) for prompt in prompts]
    first = time.perf_counter() - started
    passages = sum(report.passages_embedded for report in reports)
    second = seconds(lambda: [builder.build(prompt) for prompt in prompts])
    opening = [seconds(partial(open_index, prompt, settings=settings, embedder=embedder)) for prompt in prompts]
    indexes = [open_index(prompt, settings=settings, embedder=embedder) for prompt in prompts]
    for index in indexes:
        search(index, "warm up")
    searching = [seconds(partial(search, index, index.prompt.question)) for index in indexes * REPEATS]
    answering = [seconds(partial(answer, index)) for index in indexes]
    yield "prompts", f"{len(prompts)}"
    yield "load the embedder", f"{loading:.1f} s"
    yield "first build, all prompts", f"{first:.1f} s"
    yield "passages embedded", f"{passages} ({passages / first:.0f} a second of the build)"
    yield "second build, all prompts", f"{second:.2f} s"
    yield "second build / first build", f"{second / first:.4f}"
    yield "open an index, median", f"{1000 * statistics.median(opening):.0f} ms"
    yield "search, warm, query embedding included, median", f"{1000 * statistics.median(searching):.1f} ms"
    yield "answer, warm, median", f"{statistics.median(answering):.2f} s"
    yield "answer / search", f"{statistics.median(answering) / statistics.median(searching):.0f}"
    yield "peak memory", f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KIB_PER_MIB:.0f} MiB"


def seconds(run: Callable[[], object]) -> float:
    """Time one call.

    Args:
        run: The call.

    Returns:
        Its wall time in seconds.
    """
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


if __name__ == "__main__":
    sys.exit(main())
