"""Page text against paragraphs that were checked by eye, with each backend."""

import json
from pathlib import Path

import pytest

from cnaps_rag.settings import PdfBackend
from scripts.bench_text import TRUTH, edits_within, measure, read_truth

FLOORS = {PdfBackend.PYPDF: 49, PdfBackend.PDFIUM: 41}


@pytest.mark.parametrize("backend", list(PdfBackend))
def test_paragraphs_come_out_whole(shared: Path, backend: PdfBackend) -> None:
    """As many of the fifty paragraphs are whole as the benchmarks say, and the others nearly so."""
    papers = shared / "papers"
    scores, _ = measure(read_truth(papers), papers, backend)
    assert len(scores) == 50
    assert sum(score.whole for score in scores) >= FLOORS[backend]
    assert max(score.character_error for score in scores) < 0.1


def test_the_truth_holds_no_text() -> None:
    """A paragraph is a reference: names, numbers and hashes, and a few words of ours on what makes it hard."""
    rows = json.loads(TRUTH.read_text(encoding="utf-8"))
    assert len({row["file"] for row in rows}) == 10
    for row in rows:
        assert row.keys() == {"file", "why", "length", "sha256", "pieces"}
        assert len(row["why"]) < 80
        assert all(piece.keys() == {"page", "length", "sha256"} for piece in row["pieces"])


@pytest.mark.parametrize(
    ("text", "stream", "edits"),
    [("abc", "xxabcxx", 0), ("abc", "xxaxbcxx", 1), ("abc", "xxabxx", 1), ("abc", "xyz", 3), ("abc", "", 3)],
)
def test_edits_within(text: str, stream: str, edits: int) -> None:
    """Edits are counted to the stretch that is most like the text; what stands around it costs nothing."""
    assert edits_within(text, stream) == edits
