"""Films in the making, kept so that a studio that was killed goes on where it stood: what was asked for, and every frame that was whole."""

from __future__ import annotations

import io
import json
import shutil
import struct
import time
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import Image

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

from models.whole import write_whole
from studio.gallery_index import as_faults

FOLDER = "takes"
LIFE = 24 * 3600.0  # seconds that one waits for the studio to start again
TRIES = 3  # beginnings without a new frame: one that ends the studio each time is given up
MOST_KEPT = 2 << 30  # bytes of a film's frames; what comes after is drawn again
ORDER, FRAMES, LOCK = "order.json", "frames", "lock"
_HEAD = struct.Struct("<II")  # length and CRC-32 of what follows


@dataclass(frozen=True)
class Take:
    """A film in the making, in a folder of its own that is called as its work is.

    asked: what the visitor asked for, in JSON's own types. tries: beginnings in a row that found no more than `size` bytes of frames.
    """

    folder: Path
    visitor: str
    asked: Mapping[str, Any]
    tries: int = 0
    size: int = 0

    def keep(self) -> None:
        """From now on it outlives the studio; Fault where it can't be written."""
        told = {"visitor": self.visitor, "asked": self.asked, "tries": self.tries, "size": self.size}
        with as_faults(self.folder):
            write_whole(self.folder / ORDER, json.dumps(told).encode())

    def begin(self) -> Frames:
        """Its frames so far, to be read from the first and gone on with."""
        path = self.folder / FRAMES
        size = path.stat().st_size if path.is_file() else 0
        replace(self, tries=self.tries + 1 if size == self.size else 1, size=size).keep()
        return Frames(path.open("r+b" if path.is_file() else "w+b"))

    def drop(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


class Frames:
    """Parts one after another in one file, each there whole or not at all: read until there are no more, then added to.

    most: bytes in all; what is added beyond is not kept.
    """

    def __init__(self, file: BinaryIO, most: int = MOST_KEPT) -> None:
        self._file, self._most, self._reading = file, most, True

    def __enter__(self) -> Frames:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def next(self) -> bytes | None:
        """The next part; None after the last whole one, and what is left of a broken one is cut off."""
        if not self._reading:
            return None
        place, head = self._file.tell(), self._file.read(_HEAD.size)
        length, check = _HEAD.unpack(head) if len(head) == _HEAD.size else (0, 0)
        data = self._file.read(length) if length <= self._most else b""
        if length and len(data) == length and zlib.crc32(data) == check:
            return data
        self._cut(place)
        return None

    def restart(self) -> None:
        """Without anything that was there."""
        self._cut(0)

    def add(self, data: bytes) -> None:
        """Another part behind all others."""
        if self._file.tell() + len(data) <= self._most:
            self._file.write(_HEAD.pack(len(data), zlib.crc32(data)) + data)
            self._file.flush()  # the system has it, whatever becomes of this process

    def next_picture(self) -> np.ndarray | None:
        """The next part as (h, w, 3) uint8."""
        data = self.next()
        return None if data is None else np.asarray(Image.open(io.BytesIO(data), formats=("PNG",)))

    def add_picture(self, pixels: np.ndarray) -> None:
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, "PNG", compress_level=1)
        self.add(file.getvalue())

    def _cut(self, place: int) -> None:
        self._reading = False
        self._file.seek(place)
        self._file.truncate()


def forgetful() -> Frames:
    """Frames that are kept nowhere."""
    return Frames(io.BytesIO(), most=0)


def claim(root: Path) -> BinaryIO | None:
    """The right to go on with what is left, for as long as the file that comes is open; None where another studio has it.

    The system takes it back from a process that was killed. Windows has no such lock: there each studio needs a folder of its own.
    """
    with as_faults(root):
        root.mkdir(parents=True, exist_ok=True)
        file = (root / LOCK).open("wb")
    if fcntl:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            return None
    return file


def left(root: Path) -> Iterator[Take]:
    """What a studio that was killed has left, oldest first; what nobody can or will go on with is dropped."""
    for folder in sorted((one for one in root.iterdir() if one.is_dir()), key=lambda one: one.stat().st_mtime):
        try:
            order = folder / ORDER
            fresh = order.stat().st_mtime > time.time() - LIFE
            told = json.loads(order.read_bytes())
            take = Take(folder, str(told["visitor"]), dict(told["asked"]), int(told["tries"]), int(told["size"]))
        except (OSError, ValueError, KeyError, TypeError):
            take, fresh = Take(folder, "", {}), False
        if fresh and take.tries < TRIES:
            yield take
        else:
            take.drop()
