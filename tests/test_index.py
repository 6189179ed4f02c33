"""This file ensures that an index is opened for its own prompt and embedder only, and never leaves its scope."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnaps_rag.encoding import encode_passages
from cnaps_rag.errors import IndexStateError
from cnaps_rag.index import PromptIndex, open_prompt_index, papers_of, read_manifest
from cnaps_rag.layout import FORMAT, Layout
from cnaps_rag.listing import Prompt
from cnaps_rag.page_text import abstract_page
from cnaps_rag.records import Document, distinct
from cnaps_rag.retrieval import search
from cnaps_rag.settings import Settings
from cnaps_rag.shards import Shard, ShardStore
from cnaps_rag.testing import HashingEmbedder

if TYPE_CHECKING:
    from tests.conftest import Desk

Damage = Callable[[Path], Any]
numbers = st.lists(st.integers(1, 5), min_size=1, max_size=5, unique=True)
questions = st.one_of(
    st.sampled_from(["How are ships counted?", "lantern", "Which trees?", "", "…", "the of and"]), st.text(max_size=40)
)


def shards_of(index: PromptIndex, desk: "Desk") -> list[Shard]:
    store = ShardStore(Layout.of(desk.settings))
    return [store.read(paper.shard) for paper in distinct(index.papers) if paper.shard is not None]


def change(path: Path, how: Callable[[dict[str, Any]], Any]) -> None:
    manifest = json.loads(path.read_bytes())
    how(manifest)
    path.write_text(json.dumps(manifest))


def test_holds_all_passages_of_its_papers(index: PromptIndex, shared_desk: "Desk") -> None:
    """The index has the passages of every listed paper in the prompt's order, and a unit vector for each."""
    assert [paper.listed for paper in index.papers] == [listed for _, listed in index.prompt.listed()]
    shards = shards_of(index, shared_desk)
    assert len(shards) == 4
    assert index.passages == tuple(passage for shard in shards for passage in shard.passages)
    assert index.vectors.shape[0] == len(index.passages) == sum(paper.passage_count for paper in index.papers)
    assert np.linalg.norm(index.vectors, axis=1) == pytest.approx(np.ones(len(index.passages)), abs=1e-5)


def test_page_text_is_what_passages_quote(index: PromptIndex) -> None:
    """Each span of each passage is found word for word in the page text that the index gives."""
    for passage in index.passages:
        for span in passage.spans:
            text = index.page_text(passage.document, span.page_number)
            assert text is not None
            length = span.end - span.start
            assert text[span.start : span.end] == passage.text[span.offset : span.offset + length]


def test_page_text_of_what_is_not_there(index: PromptIndex) -> None:
    """A page or a document that is not in the index has no text."""
    document = index.passages[0].document
    assert index.page_text(document, 99) is None
    assert index.page_text(document, None) is None
    assert index.page_text("0" * 64, 1) is None


def test_abstract_is_a_page_without_number(index: PromptIndex) -> None:
    """A paper that is there by its abstract has that as its one page, which has no number."""
    forest = index.papers[3]
    assert forest.document is not None
    assert "many trees" in (index.page_text(forest.document, None) or "")


def test_paper_of_a_foreign_passage(index: PromptIndex) -> None:
    """A passage of another index belongs to no listed paper and is refused."""
    with pytest.raises(IndexStateError, match="out of its scope"):
        index.paper_of(replace(index.passages[0], document="0" * 64))


def test_foreign_shard_is_refused(index: PromptIndex, shared_desk: "Desk") -> None:
    """An index cannot be put together with a shard of a paper that its prompt does not list."""
    page = abstract_page("A stranger, who is not listed at all, stands here.")
    document = Document(sha256="0" * 64, title=None, pages=(page,))
    stranger = Shard(document=document, passages=(), encoded=encode_passages(None, (), HashingEmbedder()))
    shards = [*shards_of(index, shared_desk), stranger]
    with pytest.raises(IndexStateError, match="document 0000000000000000 is not one of its listed papers"):
        PromptIndex(index.prompt, index.papers, shards, index.embedder)


def test_foreign_shard_on_disk_is_refused(desk: "Desk") -> None:
    """A manifest that was edited to name the shard of another prompt's paper does not open."""
    desk.build(desk.subset(3))
    foreign = json.loads(desk.manifest(desk.subset(3)).read_bytes())["papers"][0]["shard"]
    mine = desk.subset(1)
    desk.build(mine)
    change(desk.manifest(mine), lambda manifest: manifest["papers"][0].update(shard=foreign))
    with pytest.raises(IndexStateError, match="is not one of its listed papers; build it again"):
        desk.open(mine)


def test_missing_index(desk: "Desk") -> None:
    """Where there is no index of a prompt, the error names the file and the command that makes it."""
    expected = f"{desk.manifest()}: there is no index for this prompt here; run: cnaps-rag build PROMPT --index"
    with pytest.raises(IndexStateError, match=re.escape(expected)):
        desk.open()


def test_another_embedder(shared_desk: "Desk") -> None:
    """An index made by another embedder does not open, and both are named."""
    with pytest.raises(IndexStateError, match=r"made for another embedder \(hashing-64, not other-64\)") as caught:
        open_prompt_index(Layout.of(shared_desk.settings), shared_desk.prompt, HashingEmbedder("other"))
    assert (caught.value.expected, caught.value.found) == ("other-64", "hashing-64")


def test_another_prompt(desk: "Desk") -> None:
    """The index of one prompt, put where another's belongs, does not open."""
    mine, other = desk.subset(4), desk.subset(4, question="Why?")
    desk.build(mine)
    desk.manifest(mine).rename(desk.manifest(other))
    with pytest.raises(IndexStateError, match=f"made for another prompt \\({mine.id}, not {other.id}\\)"):
        desk.open(other)


def test_papers_that_the_prompt_does_not_list(desk: "Desk") -> None:
    """A manifest whose id is right but whose papers are another prompt's does not open."""
    mine, other = desk.subset(4), desk.subset(5)
    desk.build(mine)
    desk.build(other)
    foreign = json.loads(desk.manifest(other).read_bytes())
    change(desk.manifest(mine), lambda manifest: manifest.update(prompt=foreign["prompt"], papers=foreign["papers"]))
    with pytest.raises(IndexStateError, match="its papers are not those that the prompt lists"):
        desk.open(mine)


DAMAGES: dict[str, tuple[Damage, str]] = {
    "empty": (lambda path: path.write_bytes(b""), "JSONDecodeError"),
    "cut off": (lambda path: path.write_bytes(path.read_bytes()[:100]), "JSONDecodeError"),
    "binary": (lambda path: path.write_bytes(b"\x80\x81\x82"), "UnicodeDecodeError"),
    "nested too deep": (lambda path: path.write_text("[" * 100_000), "RecursionError"),
    "a list": (lambda path: path.write_text("[]"), "it is not a manifest"),
    "another format": (
        lambda path: change(path, lambda manifest: manifest.update(format=FORMAT + 1)),
        f"made for another format \\({FORMAT + 1}, not {FORMAT}\\)",
    ),
    "no format": (lambda path: change(path, lambda manifest: manifest.pop("format")), "made for another format"),
    "no papers": (lambda path: change(path, lambda manifest: manifest.pop("papers")), "KeyError"),
    "a paper too few": (lambda path: change(path, lambda manifest: manifest["papers"].pop()), "ValueError"),
    "a paper of an unknown status": (
        lambda path: change(path, lambda manifest: manifest["papers"][0].update(status="fine")),
        "'fine' is not a valid PaperStatus",
    ),
    "an unknown field": (
        lambda path: change(path, lambda manifest: manifest["papers"][0].update(colour="red")),
        "colour",
    ),
    "papers that are texts": (
        lambda path: change(path, lambda manifest: manifest.update(papers=["x"] * len(manifest["papers"]))),
        "TypeError",
    ),
    "no prompt": (lambda path: change(path, lambda manifest: manifest.update(prompt=None)), "PromptError"),
}  # fmt: skip


@pytest.mark.parametrize(("damage", "words"), DAMAGES.values(), ids=DAMAGES.keys())
def test_corrupt_manifest(desk: "Desk", damage: Damage, words: str) -> None:
    """A manifest that cannot be read is refused with its path, what is wrong, and what to do."""
    prompt = desk.subset(4)
    desk.build(prompt)
    damage(desk.manifest(prompt))
    with pytest.raises(IndexStateError, match=words) as caught:
        desk.open(prompt)
    message = str(caught.value)
    assert message.startswith(str(desk.manifest(prompt)))
    assert re.search("build the prompt again", message)
    assert "\n" not in message


def test_manifest_round_trip(shared_desk: "Desk", index: PromptIndex) -> None:
    """The listed papers come out of the manifest as they were written."""
    path = shared_desk.manifest()
    assert papers_of(read_manifest(path), path) == index.papers


def test_index_without_text(desk: "Desk") -> None:
    """A prompt of which neither PDF nor abstract is to be had has an index that finds nothing."""
    index = desk.index(desk.subset(5))
    assert (index.passages, index.vectors.shape[0]) == ((), 0)
    assert search(index, "anything") == []


@settings(max_examples=40, deadline=None)
@given(numbers=numbers, question=questions, asked=questions, k=st.integers(1, 40))
def test_nothing_outside_the_scope(shared_desk: "Desk", numbers: list[int], question: str, asked: str, k: int) -> None:
    """Whatever papers a prompt shares with others, and whatever is asked, only its own papers' passages come back."""
    prompt = shared_desk.subset(*numbers, question=f"Why {''.join(filter(str.isalnum, question))}?")
    index = shared_desk.index(prompt)
    urls = {listed.url for _, listed in prompt.listed()}
    texts = " ".join(passage.text for shard in shards_of(index, shared_desk) for passage in shard.passages)
    hits = search(index, asked, k=k)
    assert {hit.paper.listed.url for hit in hits} <= urls
    assert all(hit.passage.text in texts for hit in hits)
    assert {passage.document for passage in index.passages} <= {paper.document for paper in index.papers}
    assert len(hits) <= k


def test_papers_of_two_prompts_do_not_mix(desk: "Desk") -> None:
    """A question about one prompt's paper finds nothing of it in the index of a prompt that shares all the others."""
    ships, others = desk.index(desk.subset(1, 2, 3)), desk.index(desk.subset(1, 2, 4))
    question = "How are ships counted in a harbour from radar tiles?"
    assert search(ships, question, k=1)[0].paper.key == "arxiv-2101.00003"
    assert {hit.paper.key for hit in search(others, question, k=100)} == {f"arxiv-2101.0000{n}" for n in (1, 2, 4)}
    assert not any("ship" in passage.text.lower() for passage in others.passages)


def test_entries_that_share_a_paper(desk: "Desk") -> None:
    """A paper that a prompt lists twice is there once, and its hits name the first entry."""
    first, second = desk.subset(1).recommended[0], desk.subset(2).recommended[0]
    again = replace(first, name="Sharpening Blurry Photos with Learned Light", url=first.url.replace("/pdf/", "/abs/"))
    index = desk.index(Prompt(question="How?", recommended=(first,), related=(again, second)))
    assert [paper.document for paper in index.papers[:2]] == [index.papers[0].document] * 2
    assert len({passage.id for passage in index.passages}) == len(index.passages)
    assert {hit.paper.listed.name for hit in search(index, "lantern", k=50)} == {"Lantern", "Compass"}


def test_rows_of_joined_hits(index: PromptIndex) -> None:
    """A hit made of neighbours consists of their rows; words that the index does not have consist of none."""
    hits = search(index, "How are ships counted?", k=1000, settings=Settings(joined_depth=1000, joined_chars=400))
    rows = [row for hit in hits for row in index.rows_in(hit.passage)]
    assert sorted(rows) == list(range(len(index.passages)))
    forged = [replace(hit.passage, text=f"{hit.passage.text} Never.") for hit in hits]
    assert not any(index.rows_in(passage) for passage in forged)
