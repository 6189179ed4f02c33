"""This file ensures that an index folder says what is in it, and of what cannot be used, why."""

from typing import TYPE_CHECKING

import pytest

from cnaps_rag.errors import IndexStateError
from cnaps_rag.inventory import take_inventory
from cnaps_rag.records import PaperStatus

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Desk


def test_lists_every_prompt_index(desk: "Desk") -> None:
    """Each prompt index of a folder is listed with its question, embedder and papers, in the order of the ids."""
    prompts = [desk.subset(4), desk.subset(5, question="Why?")]
    for prompt in prompts:
        desk.build(prompt)
    entries = take_inventory(desk.index_dir)
    assert [entry.prompt_id for entry in entries] == sorted(prompt.id for prompt in prompts)
    assert {entry.question for entry in entries} == {prompt.question for prompt in prompts}
    assert {entry.embedder for entry in entries} == {"hashing-64"}
    assert {entry.papers[0].status for entry in entries} == {PaperStatus.OFFLINE}
    assert {entry.fault for entry in entries} == {None}


def test_one_manifest(desk: "Desk") -> None:
    """The manifest of one prompt index is taken too, and stands alone."""
    desk.build(desk.subset(4))
    desk.build(desk.subset(5))
    [entry] = take_inventory(desk.manifest(desk.subset(5)))
    assert entry.prompt_id == desk.subset(5).id
    assert entry.path == desk.manifest(desk.subset(5))


@pytest.mark.parametrize("content", ["", "[]", '{"format": 1}', '{"format": 1, "prompt_id": "x", "prompt": 3}'])
def test_a_broken_index_does_not_hide_the_others(desk: "Desk", content: str) -> None:
    """An index that cannot be read is listed with the reason, and the others as ever."""
    desk.build(desk.subset(4))
    broken = desk.index_dir / "prompts" / "broken.json"
    broken.write_text(content)
    faults = {entry.prompt_id: entry.fault for entry in take_inventory(desk.index_dir)}
    assert faults[desk.subset(4).id] is None
    assert (faults["broken"] or "").startswith(str(broken))
    assert "build the prompt again" in (faults["broken"] or "")


@pytest.mark.parametrize("name", ["nowhere", "."])
def test_no_index_there(tmp_path: "Path", name: str) -> None:
    """A folder that is missing or holds no index is refused with the command that makes one."""
    with pytest.raises(IndexStateError, match="no prompt index here; name an index folder, or run: cnaps-rag build"):
        take_inventory(tmp_path / name)
