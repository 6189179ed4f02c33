"""Measure retrieval for several passage sizes, for the curve in docs/benchmarks.md.

    python scripts/bench_passages.py PROMPTS_DIR --gold GOLD_DIR --pdf-dir DIR [--sizes 250:2,400:4,600:5,800:8]

Builds everything anew for each size (characters:sentences) in a temporary folder.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from cnaps_rag.embedding import find_embedder
from cnaps_rag.evaluation import read_gold_folder
from cnaps_rag.evaluation.cases import RETRIEVAL_FIGURES
from cnaps_rag.pipeline import Builder, evaluate_prompts, prompt_files
from cnaps_rag.prompts import read_prompt
from cnaps_rag.settings import Settings


def main() -> int:
    """Run the measurements and print the table.

    Returns:
        The exit code.
    """
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("prompts_dir", type=Path, metavar="PROMPTS_DIR")
    parser.add_argument("--gold", type=Path, required=True, metavar="DIR")
    parser.add_argument("--pdf-dir", type=Path, required=True, metavar="DIR")
    parser.add_argument("--sizes", default="250:2,400:4,600:5,800:8", metavar="CHARS:SENTENCES,…")
    options = parser.parse_args()
    cases = read_gold_folder(options.gold)
    paths = [path for path in prompt_files(options.prompts_dir) if path.stem in cases]
    print(f"| passages of about | {' | '.join(RETRIEVAL_FIGURES)} |\n| --- |{' ---: |' * len(RETRIEVAL_FIGURES)}")
    for size in options.sizes.split(","):
        chars, sentences = map(int, size.split(":"))
        figures = measure(paths, options, passage_chars=chars, passage_sentences=sentences)
        cells = " | ".join(f"{figures[name] or 0.0:.3f}" for name in RETRIEVAL_FIGURES)
        print(f"| {chars} characters, at most {sentences} sentences | {cells} |", flush=True)
    return 0


def measure(
    paths: list[Path], options: argparse.Namespace, *, passage_chars: int, passage_sentences: int
) -> dict[str, float | None]:
    """Build and evaluate with one passage size.

    Args:
        paths: The prompt files.
        options: Where gold and PDFs lie.
        passage_chars: `Settings.passage_chars`.
        passage_sentences: `Settings.passage_sentences`.

    Returns:
        Mean figures by name.
    """
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            corpus_dir=Path(folder, "corpus"),
            index_dir=Path(folder, "index"),
            offline=True,
            passage_chars=passage_chars,
            passage_sentences=passage_sentences,
        )
        builder = Builder(settings, pdf_dir=options.pdf_dir, embedder=find_embedder())
        for path in paths:
            builder.build(read_prompt(path))
        report = evaluate_prompts(
            options.prompts_dir, gold_dir=options.gold, settings=settings, embedder=builder.embedder
        )
    return report.means()


if __name__ == "__main__":
    sys.exit(main())
