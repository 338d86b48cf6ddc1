"""Files that are written whole or not at all, whatever ends the writing: a full disk, a kill, the power."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

FRESH = ".new"


def write_whole(path: Path, data: bytes | memoryview) -> None:
    """Write a file, new or in another's place, as `writing` does."""
    with writing(path) as file:
        file.write(data)


@contextmanager
def writing(path: Path, mode: int = 0o666) -> Iterator[BinaryIO]:
    """A file to write to, which takes its name once the block has ended well; then it is on the disk. Folders are made as needed.

    Where the block or the disk fails, what had the name keeps it, and a new name stays nobody's. A kill leaves a `.new` (`sweep`).
    mode: who may read and write it, less what the process masks. Raises OSError as the disk does.
    """
    _make_folder(path.parent)
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(4)}{FRESH}")
    try:
        with open(fresh, "xb", opener=lambda name, flags: os.open(name, flags, mode)) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        move(fresh, path)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise


def sweep(folder: Path) -> None:
    """Take away what killed writings left in a folder; for its one writer, before it writes."""
    for left in folder.glob(f"*.????????{FRESH}"):
        left.unlink(missing_ok=True)


def move(fresh: Path, path: Path) -> None:
    """Give a file that is on the disk another name in its folder, and have the name there too. A new name that can't be is taken back."""
    new = not path.exists()
    os.replace(fresh, path)
    try:
        _sync(path.parent)
    except BaseException:
        if new:
            path.unlink(missing_ok=True)
        raise


def _make_folder(folder: Path) -> None:
    """With all that lack above it, each on the disk by its name."""
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        _sync(folder.parent)


def _sync(folder: Path) -> None:
    """A new name is on the disk only once its folder is; Windows can't and need not be told."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # so say some disks of the network: they sync files alone
            raise
    finally:
        os.close(handle)
