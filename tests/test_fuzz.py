"""A seeded part of scripts/fuzz_pdf.py, over generated papers and over real ones where they are at hand."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cnaps_rag.isolation import PdfReader
from cnaps_rag.settings import Settings
from cnaps_rag.testing import write_pdf
from scripts.fuzz_pdf import BAD, MUTATIONS, damaged, examine, run

PAGES = [f"A Paper of Its Own, Part {page}\nIt says {page} things. They are “good”." for page in range(4)]


def outcomes_of(folder: Path, seed: int, count: int) -> list[str]:
    outcomes = run(folder, seed, range(count), timeout_s=30)
    bad = [outcome for outcome in outcomes if outcome.verdict in BAD]
    assert bad == []
    return [outcome.verdict for outcome in outcomes]


def test_damaged_generated_papers(tmp_path: Path) -> None:
    """No damage to a small PDF makes the reader crash, hang, or raise anything but its own error."""
    for number in range(3):
        (tmp_path / f"{number}.pdf").write_bytes(write_pdf(PAGES[: number + 2], title="A Title of Its Own"))
    verdicts = outcomes_of(tmp_path, seed=5, count=150)
    assert {"read whole", "refused: failed"} <= set(verdicts)


def test_damaged_real_papers(shared: Path) -> None:
    """No damage to a real paper makes the reader crash, hang, or raise anything but its own error."""
    assert len(outcomes_of(shared / "papers", seed=6, count=12)) == 12


def test_damage_is_reproducible() -> None:
    """A damaged file can be made again from its number, and every kind of damage comes about."""
    originals = [write_pdf(PAGES), write_pdf(PAGES[:1])]
    made = [damaged(3, number, originals) for number in range(60)]
    assert made == [damaged(3, number, originals) for number in range(60)]
    assert {kind for kinds, _ in made for kind in kinds.split(" + ")} == set(MUTATIONS)


@pytest.fixture(scope="module")
def reader() -> PdfReader:
    return PdfReader(Settings())


@given(content=st.binary(max_size=400).map(lambda tail: b"%PDF-1.7\n" + tail))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes(tmp_path: Path, reader: PdfReader, content: bytes) -> None:
    """No bytes behind a PDF's header make the reader crash, hang, or raise anything but its own error."""
    path = tmp_path / "any.pdf"
    path.write_bytes(content)
    verdict, detail = examine(reader, path, timeout_s=30)
    assert verdict not in BAD, detail
