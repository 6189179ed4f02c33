"""Writing so that a reader sees the old state or the new one, never a half of either."""

import contextlib
import errno
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from filelock import FileLock

from cnaps_rag.errors import StorageError

READABLE_FILE, READABLE_FOLDER = 0o644, 0o755
ADVICE = {
    errno.ENOSPC: "the disk is full: free some space and run again",
    errno.EDQUOT: "your disk quota is used up: free some space and run again",
    errno.EROFS: "the file system is read-only: name a folder that can be written",
    errno.EACCES: "no permission to write there: change it, or name another folder",
    errno.EPERM: "no permission to write there: change it, or name another folder",
    errno.ENOTDIR: "a part of the path is a file: name another folder",
    errno.EISDIR: "a folder stands in the way: name a file",
    errno.EEXIST: "a file stands in the way: name another folder",
}


def storage_error(path: Path, error: OSError) -> StorageError:
    """Turn an operating system's error into one that says what to do.

    Args:
        path: What was to be written.
        error: What the system said.

    Returns:
        The error to raise.
    """
    advice = ADVICE.get(error.errno or 0, "see the reason and run again")
    message = f"{path}: cannot be written ({error.strerror or error}); {advice}"
    return StorageError(message, path=path, reason=str(error))


@contextlib.contextmanager
def _mapped(path: Path) -> Iterator[None]:
    try:
        yield
    except StorageError:
        raise
    except OSError as error:
        raise storage_error(path, error) from error


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file: temporary sibling, fsync, rename.

    Args:
        path: The file; its folder is made where it is missing.
        content: What it shall hold.

    Raises:
        StorageError: The file could not be written; what stood there still stands.
    """
    with _mapped(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
        temporary = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                os.fchmod(handle, READABLE_FILE)
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
            sync_folder(path.parent)
        finally:
            temporary.unlink(missing_ok=True)


def write_json(path: Path, value: Any) -> None:
    """Write a value as JSON, indented, keys in the order given.

    Args:
        path: The file.
        value: What it shall hold.
    """
    write_bytes(path, (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode())


def write_folder(path: Path, fill: Callable[[Path], None]) -> None:
    """Write a folder: temporary sibling, fsync of each file, rename.

    Args:
        path: The folder; one that stands there is replaced.
        fill: Called with the temporary folder, to write the files into it.

    Raises:
        StorageError: The folder could not be written; what stood there still stands.
    """
    with _mapped(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent))
        try:
            fill(temporary)
            for file in temporary.iterdir():
                with file.open("rb") as opened:
                    os.fsync(opened.fileno())
            temporary.chmod(READABLE_FOLDER)
            sync_folder(temporary)
            _take_place(path, temporary)
            sync_folder(path.parent)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def _take_place(path: Path, temporary: Path) -> None:
    """Put a folder where another may stand; that one is removed when the new one stands, and put back if it cannot."""
    if not path.is_dir():
        temporary.replace(path)
        return
    old = temporary.with_suffix(".old")
    path.rename(old)
    try:
        temporary.replace(path)
    except OSError:
        old.rename(path)
        raise
    shutil.rmtree(old, ignore_errors=True)


def set_aside(path: Path, folder: Path) -> Path:
    """Move a corrupt or foreign file or folder out of the way, keeping it for inspection.

    Args:
        path: What to move.
        folder: Where to; made where it is missing.

    Returns:
        Where it lies now.

    Raises:
        StorageError: It could not be moved.
    """
    with _mapped(path):
        folder.mkdir(parents=True, exist_ok=True)
        target = Path(tempfile.mkdtemp(prefix=f"{path.name}.", dir=folder)) / path.name
        shutil.move(path, target)
        return target


def left_overs(folder: Path) -> list[Path]:
    """List what killed writers left in a folder: temporary files and folders that were never renamed.

    Args:
        folder: The folder; there may be none.

    Returns:
        Their paths. They are nobody's only while the lock of the folder's writers is held.
    """
    return [path for path in folder.glob(".*") if path.suffix in {".part", ".old"}]


def sweep(paths: Iterable[Path]) -> None:
    """Remove files and folders, as far as the system lets them be removed.

    Args:
        paths: The files and folders.
    """
    for path in paths:
        with contextlib.suppress(OSError):
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def tidy(folders: Sequence[Path], lock: Path) -> None:
    """Remove what killed writers left, where there is such and it can be removed.

    Args:
        folders: The folders.
        lock: The lock file of their writers.
    """
    if any(left_overs(folder) for folder in folders):
        with contextlib.suppress(StorageError), writer_lock(lock):
            sweep(path for folder in folders for path in left_overs(folder))


@contextlib.contextmanager
def writer_lock(path: Path, wait_s: float = 600.0) -> Iterator[None]:
    """Hold a lock file while writing, so that one process writes at a time.

    Args:
        path: The lock file.
        wait_s: How long to wait for another writer.

    Yields:
        Nothing; the lock is held.

    Raises:
        StorageError: The lock file cannot be made, or another writer held it all the time.
    """
    with _mapped(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path)
        try:
            lock.acquire(timeout=wait_s)
        except TimeoutError as error:
            message = f"{path}: another process has been writing for {wait_s:.0f} s; wait for it, or end it"
            raise StorageError(message, path=path, reason="locked") from error
    try:
        yield
    finally:
        lock.release()


def sync_folder(folder: Path) -> None:
    """Make a rename within a folder last: fsync of the folder itself."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
