"""This file ensures that a write happens whole or not at all, and that one writer works at a time."""

import errno
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cnaps_rag.errors import StorageError
from cnaps_rag.storage import set_aside, write_bytes, write_folder, write_json, writer_lock

if TYPE_CHECKING:
    from tests.conftest import Refuse

ROOT = Path(__file__).resolve().parents[1]
WORDS = {
    errno.ENOSPC: "the disk is full: free some space and run again",
    errno.EDQUOT: "your disk quota is used up: free some space and run again",
    errno.EROFS: "the file system is read-only: name a folder that can be written",
    errno.EACCES: "no permission to write there: change it, or name another folder",
}
codes = pytest.mark.parametrize("code", WORDS, ids=lambda code: errno.errorcode[code])

ON_A_FULL_DISK = """
import sys
from pathlib import Path
from cnaps_rag.errors import StorageError
from cnaps_rag.storage import write_bytes, write_folder
folder = Path(sys.argv[1])
write_bytes(folder / "file", b"old")
write_folder(folder / "shard", lambda part: (part / "a").write_bytes(b"old") and None)
for write in (
    lambda: write_bytes(folder / "file", b"new" * 100_000),
    lambda: write_folder(folder / "shard", lambda part: (part / "a").write_bytes(b"new" * 100_000) and None),
):
    try:
        write()
    except StorageError as error:
        print(error)
print(sorted(path.name for path in folder.iterdir()))
print((folder / "file").read_bytes(), (folder / "shard" / "a").read_bytes())
"""


def filler(**files: str) -> Callable[[Path], None]:
    def fill(folder: Path) -> None:
        for name, text in files.items():
            (folder / name).write_text(text)

    return fill


def content(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_write_makes_folders_and_replaces(tmp_path: Path) -> None:
    """A file is written with its folders, replaced by the next write, and leaves nothing beside it."""
    path = tmp_path / "a" / "b" / "file"
    for text in (b"one", b"two"):
        write_bytes(path, text)
        assert path.read_bytes() == text
    assert [one.name for one in path.parent.iterdir()] == ["file"]
    assert path.stat().st_mode & 0o777 == 0o644


def test_json_is_readable(tmp_path: Path) -> None:
    """JSON is written in the order given, in UTF-8, with a final newline."""
    write_json(tmp_path / "x.json", {"b": "é…", "a": [1]})
    text = (tmp_path / "x.json").read_text(encoding="utf-8")
    assert text.endswith("}\n")
    assert "é…" in text
    assert list(json.loads(text)) == ["b", "a"]


@codes
def test_failing_write_keeps_the_old_file(tmp_path: Path, fill_disk: "Refuse", code: int) -> None:
    """Where a write fails, the old content stands, alone, and the error says what, where and what to do."""
    path = tmp_path / "file"
    path.write_text("old")
    fill_disk(code)
    with pytest.raises(StorageError) as caught:
        write_bytes(path, b"new")
    assert content(tmp_path) == {"file": "old"}
    assert str(caught.value) == f"{path}: cannot be written ({os.strerror(code)}); {WORDS[code]}"
    assert caught.value.path == path


@codes
def test_failing_write_keeps_the_old_folder(tmp_path: Path, fill_disk: "Refuse", code: int) -> None:
    """Where the write of a folder fails, the old folder stands whole and no part of the new one does."""
    write_folder(tmp_path / "shard", filler(a="old", b="old"))
    fill_disk(code)
    with pytest.raises(StorageError, match=WORDS[code]):
        write_folder(tmp_path / "shard", filler(a="new"))
    assert content(tmp_path / "shard") == {"a": "old", "b": "old"}
    assert [path.name for path in tmp_path.iterdir()] == ["shard"]


def test_read_only_folder(tmp_path: Path, refuse_writes: "Refuse") -> None:
    """Nothing is written below a folder that refuses it, and the error names the folder to replace."""
    refuse_writes(tmp_path)
    words = "the file system is read-only: name a folder that can be written"
    with pytest.raises(StorageError, match=words):
        write_bytes(tmp_path / "a" / "file", b"new")
    with pytest.raises(StorageError, match=words):
        write_folder(tmp_path / "shard", filler(a="new"))
    assert list(tmp_path.iterdir()) == []


def test_failing_fill_keeps_the_old_folder(tmp_path: Path) -> None:
    """An error while a folder is being filled, of whatever kind, leaves the old one as it was."""
    write_folder(tmp_path / "shard", filler(a="old"))

    def fill(folder: Path) -> None:
        (folder / "a").write_text("new")
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        write_folder(tmp_path / "shard", fill)
    assert content(tmp_path / "shard") == {"a": "old"}
    assert [path.name for path in tmp_path.iterdir()] == ["shard"]


def test_folder_is_replaced_whole(tmp_path: Path) -> None:
    """A folder that is written again holds the new files only, and the old one is gone."""
    write_folder(tmp_path / "shard", filler(a="old", b="old"))
    write_folder(tmp_path / "shard", filler(b="new", c="new"))
    assert content(tmp_path / "shard") == {"b": "new", "c": "new"}
    assert [path.name for path in tmp_path.iterdir()] == ["shard"]
    assert (tmp_path / "shard").stat().st_mode & 0o777 == 0o755


def test_folder_that_cannot_take_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the last step of replacing a folder fails, the old one is put back."""
    write_folder(tmp_path / "shard", filler(a="old"))

    def replace(path: Path, _target: Path) -> None:
        raise OSError(errno.EIO, "Input/output error", str(path))

    monkeypatch.setattr(Path, "replace", replace)
    with pytest.raises(StorageError, match="Input/output error"):
        write_folder(tmp_path / "shard", filler(a="new"))
    assert content(tmp_path / "shard") == {"a": "old"}
    assert [path.name for path in tmp_path.iterdir()] == ["shard"]


@pytest.mark.parametrize(
    ("standing", "target", "words"),
    [
        ("a", "a/b/file", "a (file stands in the way|part of the path is a file)"),
        ("a/b", "a", "a folder stands in the way"),
    ],
)
def test_something_in_the_way(tmp_path: Path, standing: str, target: str, words: str) -> None:
    """A file where a folder should be, or a folder where a file should be, is said so."""
    write_bytes(tmp_path / standing, b"")
    with pytest.raises(StorageError, match=words):
        write_bytes(tmp_path / target, b"new")


def test_a_disk_that_is_really_full(tmp_path: Path) -> None:
    """On a file system with no space left, old files and folders stand and nothing is left beside them."""
    unshare = shutil.which("unshare")
    isolate = [unshare or "", "--user", "--map-root-user", "--mount", "sh", "-c"]
    mount = 'mount -t tmpfs -o size=64k none "$0"'
    if unshare is None or subprocess.run([*isolate, mount, tmp_path], check=False, capture_output=True).returncode:
        pytest.skip("a small file system cannot be mounted here")
    done = subprocess.run(
        [*isolate, f'{mount} && exec "$@"', tmp_path, sys.executable, "-c", ON_A_FULL_DISK, tmp_path],
        check=True,
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    *errors, names, contents = done.stdout.splitlines()
    full = "cannot be written (No space left on device); the disk is full: free some space and run again"
    assert errors == [f"{tmp_path / 'file'}: {full}", f"{tmp_path / 'shard'}: {full}"]
    assert names == "['file', 'shard']"
    assert contents == "b'old' b'old'"


def test_lock_keeps_a_second_writer_out(tmp_path: Path) -> None:
    """While one writer holds the lock, another waits and then gives up with what to do about it."""
    with writer_lock(tmp_path / "i" / ".lock"):
        caught: list[BaseException] = []

        def second() -> None:
            try:
                with writer_lock(tmp_path / "i" / ".lock", wait_s=0.1):
                    pass
            except StorageError as error:
                caught.append(error)

        thread = threading.Thread(target=second)
        thread.start()
        thread.join()
    assert str(caught[0]).endswith("another process has been writing for 0 s; wait for it, or end it")
    with writer_lock(tmp_path / "i" / ".lock", wait_s=0.1):
        pass


def test_lock_is_released_after_a_failure(tmp_path: Path) -> None:
    """A writer that fails does not keep the others out."""
    with pytest.raises(ValueError, match="no"), writer_lock(tmp_path / ".lock"):
        raise ValueError("no")
    with writer_lock(tmp_path / ".lock", wait_s=0.1):
        pass


@pytest.mark.parametrize("code", [errno.EROFS, errno.EACCES], ids=lambda code: errno.errorcode[code])
def test_lock_in_a_folder_that_cannot_be_written(tmp_path: Path, refuse_writes: "Refuse", code: int) -> None:
    """A lock that cannot be made is a storage error at once, not a long wait."""
    refuse_writes(tmp_path, code)
    with pytest.raises(StorageError, match=WORDS[code]), writer_lock(tmp_path / ".lock"):
        pass


def test_set_aside_keeps_the_content(tmp_path: Path) -> None:
    """What is set aside keeps its content and its name, however often one of that name is set aside."""
    places = []
    for text in ("one", "two"):
        write_folder(tmp_path / "shard", filler(a=text))
        places.append(set_aside(tmp_path / "shard", tmp_path / "aside"))
        assert not (tmp_path / "shard").exists()
    assert [content(place) for place in places] == [{"a": "one"}, {"a": "two"}]
    assert {place.name for place in places} == {"shard"}
    write_bytes(tmp_path / "x.json", b"odd")
    assert set_aside(tmp_path / "x.json", tmp_path / "aside").read_bytes() == b"odd"


def test_what_is_not_there_cannot_be_set_aside(tmp_path: Path) -> None:
    """Setting aside a path that is not there is a storage error that names it."""
    with pytest.raises(StorageError, match="gone"):
        set_aside(tmp_path / "gone", tmp_path / "aside")
