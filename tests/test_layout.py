"""This file ensures that every path on disk is where the documentation says it is."""

from pathlib import Path

from cnaps_rag.layout import Layout
from cnaps_rag.settings import Settings

LAYOUT = Layout.of(Settings(corpus_dir=Path("c"), index_dir=Path("i")))


def test_paths() -> None:
    """The corpus and the index hold what the layout's docstring draws."""
    assert LAYOUT.paper_pdf("arxiv-1") == Path("c/papers/arxiv-1/paper.pdf")
    assert LAYOUT.paper_source("arxiv-1") == Path("c/papers/arxiv-1/source.json")
    assert LAYOUT.shard_dir("s") == Path("i/shards/s")
    assert LAYOUT.prompt_index("p") == Path("i/prompts/p.json")
    assert LAYOUT.set_aside_dir == Path("i/set-aside")


def test_locks_lie_in_what_they_guard() -> None:
    """Each lock file lies at the root of the folder whose writers it keeps apart."""
    assert LAYOUT.corpus_lock.parent == LAYOUT.corpus_dir
    assert LAYOUT.index_lock.parent == LAYOUT.index_dir
