"""A seeded part of scripts/fuzz_citations.py."""

from pathlib import Path

from scripts.fuzz_citations import Arena, run


def test_adversarial_drafts(tmp_path: Path) -> None:
    """No draft of a model brings in a citation or a link from outside, or a statement that was altered."""
    arena = Arena(folder=tmp_path)
    run(arena, count=150, number=3)
    assert arena.counts["drafts"] >= 100
    assert arena.counts["shown"] > 0
    assert arena.counts["dropped"] > 0
