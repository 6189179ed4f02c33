"""Measure page text against paragraphs that were checked by eye, for the table in docs/benchmarks.md.

    python scripts/bench_text.py PAPERS_DIR [--backends pypdf,pdfium] [--each]

The truth (scripts/text_truth.json) holds no text of any paper: a paragraph is named by file, pages, length and hash of
its pieces, letters and digits alone; the pieces are found again in what pypdf gives for those pages.
"""

import argparse
import hashlib
import json
import sys
import time
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import pypdf

from cnaps_rag.pdf import read_document
from cnaps_rag.records import Document, PassageKind
from cnaps_rag.settings import PdfBackend

TRUTH = Path(__file__).with_name("text_truth.json")
SHINGLE = 20
"""Letters whose order is looked at together."""
NEAR = 200
"""Two neighbouring shingles farther apart than this are out of order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """A paragraph of the truth.

    Attributes:
        file: Name of the paper's PDF.
        why: What makes it hard.
        pages: The pages it stands on.
        letters: Its letters and digits.
    """

    file: str
    why: str
    pages: tuple[int, ...]
    letters: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How well a paragraph was recovered.

    Attributes:
        whole: Whether one paragraph of prose holds it without a gap, a stray character or an error.
        character_error: Edits between it and the best place in the pages' prose, by its length; 0 is best.
        order_error: Share of its neighbouring shingles that do not follow each other in the prose; 0 is best.
        stray: Characters within it that are not its own, by its length; 0 is best.
    """

    whole: bool
    character_error: float
    order_error: float
    stray: float


def main() -> int:
    """Run the measurements and print the table.

    Returns:
        The exit code.
    """
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("papers_dir", type=Path, metavar="PAPERS_DIR")
    parser.add_argument("--backends", default="pypdf,pdfium", metavar="NAME,…")
    parser.add_argument("--each", action="store_true", help="print each paragraph that is not whole")
    options = parser.parse_args()
    truth = read_truth(options.papers_dir)
    print("| backend | whole paragraphs | character error | reading-order error | stray characters | pages/s |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for name in options.backends.split(","):
        scores, pages_s = measure(truth, options.papers_dir, PdfBackend(name))
        whole = sum(score.whole for score in scores)
        means = (
            fmean(getattr(score, field) for score in scores) for field in ("character_error", "order_error", "stray")
        )
        cells = " | ".join(f"{mean:.2%}" for mean in means)
        print(f"| {name} | {whole} of {len(scores)} | {cells} | {pages_s:.0f} |", flush=True)
        if options.each:
            for paragraph, score in zip(truth, scores, strict=True):
                if not score.whole:
                    print(f"  {paragraph.file[:24]} pages {paragraph.pages}: {paragraph.why}: {score}")
    return 0


def read_truth(papers_dir: Path) -> list[Paragraph]:
    """Read the truth, and find its paragraphs in the papers.

    Args:
        papers_dir: Folder of the papers.

    Returns:
        The paragraphs.
    """
    return [_paragraph(row, papers_dir) for row in json.loads(TRUTH.read_text(encoding="utf-8"))]


def measure(truth: Sequence[Paragraph], papers_dir: Path, backend: PdfBackend) -> tuple[list[Score], float]:
    """Read the papers with one backend and score each paragraph.

    Args:
        truth: The paragraphs.
        papers_dir: Folder of the papers.
        backend: What reads the papers.

    Returns:
        A score for each paragraph, and how many pages were read and cleaned in a second of one core.
    """
    names = sorted({paragraph.file for paragraph in truth})
    begun_s = time.process_time()
    documents = {name: read_document(papers_dir / name, backend) for name in names}
    pages = sum(len(document.pages) for document in documents.values())
    pages_s = pages / (time.process_time() - begun_s)
    prose = {name: list(paragraphs_of(document)) for name, document in documents.items()}
    return [_score(paragraph, prose[paragraph.file]) for paragraph in truth], pages_s


def letters(text: str) -> str:
    """Keep letters and digits alone, in one case."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(character for character in folded if character.isalnum())


def paragraphs_of(document: Document) -> Iterator[tuple[set[int], str]]:
    """Yield the paragraphs of a document's prose, without footnotes and display equations.

    Args:
        document: The document.

    Yields:
        The pages that a paragraph stands on, and its letters.
    """
    pages: set[int] = set()
    text = ""
    for page in document.pages:
        for block in page.blocks:
            if block.kind is not PassageKind.PROSE or block.aside:
                continue
            piece = page.text[block.start : block.end]
            if not block.continues and text:
                yield pages, letters(text)
                pages, text = set(), ""
            pages = pages | {page.number or 0}
            text = f"{text} {piece}"
    if text:
        yield pages, letters(text)


def _paragraph(row: Mapping[str, Any], papers_dir: Path) -> Paragraph:
    path = papers_dir / row["file"]
    text = "".join(_piece(path, piece) for piece in row["pieces"])
    if hashlib.sha256(text.encode()).hexdigest() != row["sha256"]:
        message = f"{path}: a paragraph of the truth is not what it was ({row['why']})"
        raise ValueError(message)
    return Paragraph(
        file=row["file"], why=row["why"], pages=tuple(piece["page"] for piece in row["pieces"]), letters=text
    )


def _piece(path: Path, piece: Mapping[str, Any]) -> str:
    page = _page_letters(path, piece["page"])
    length = piece["length"]
    for start in range(len(page) - length + 1):
        text = page[start : start + length]
        if hashlib.sha256(text.encode()).hexdigest() == piece["sha256"]:
            return text
    message = f"{path}: page {piece['page']} does not hold a piece of the truth; is it another version of the paper?"
    raise ValueError(message)


@lru_cache(maxsize=256)
def _page_letters(path: Path, number: int) -> str:
    return letters(_reader(path).pages[number - 1].extract_text())


@lru_cache(maxsize=32)
def _reader(path: Path) -> pypdf.PdfReader:
    return pypdf.PdfReader(path)


def _score(paragraph: Paragraph, prose: Sequence[tuple[set[int], str]]) -> Score:
    near = [text for pages, text in prose if pages & set(paragraph.pages)]
    stream = "".join(near)
    whole = any(paragraph.letters in text for text in near)
    if whole:
        return Score(whole=True, character_error=0.0, order_error=0.0, stray=0.0)
    order, stray = _order(paragraph.letters, stream)
    error = edits_within(paragraph.letters, stream) / len(paragraph.letters)
    return Score(whole=False, character_error=error, order_error=order, stray=stray)


def _order(text: str, stream: str) -> tuple[float, float]:
    """Tell the share of neighbouring shingles out of order, and of stray characters between the others."""
    shingles = [text[start : start + SHINGLE] for start in range(0, len(text) - SHINGLE + 1, SHINGLE)]
    places = [stream.find(shingle) for shingle in shingles]
    pairs = [(one, other) for one, other in pairwise(places) if one >= 0 and other >= 0]
    follows = [SHINGLE <= other - one <= NEAR for one, other in pairs]
    stray = sum(other - one - SHINGLE for (one, other), good in zip(pairs, follows, strict=True) if good)
    return (1 - sum(follows) / len(follows) if follows else 1.0), stray / len(text)


def edits_within(text: str, stream: str) -> int:
    """Count the edits between a text and the stretch of a stream that is most like it.

    Args:
        text: The text.
        stream: Where to look for it.

    Returns:
        The least number of characters to insert, delete or replace.

    Source:
        Sellers, P. H.: The theory and computation of evolutionary distances, 1980.
    """
    codes = np.array([ord(character) for character in stream], dtype=np.int32)
    steps = np.arange(len(codes) + 1)
    row = np.zeros(len(codes) + 1, dtype=np.int64)
    for number, character in enumerate(text, 1):
        best = np.empty_like(row)
        best[0] = number
        best[1:] = np.minimum(row[1:] + 1, row[:-1] + (codes != ord(character)))
        row = np.minimum.accumulate(best - steps) + steps
    return int(row.min())


if __name__ == "__main__":
    sys.exit(main())
