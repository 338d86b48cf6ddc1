"""The tray: pictures from outside that a visitor works on, each found again by the hash of its bytes and by nobody else."""

from __future__ import annotations

import io
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from PIL import Image

from models.whole import write_whole
from studio.errors import Fault
from studio.gallery_index import as_faults
from studio.pictures import Upload, open_upload, reduced
from studio.recipe_rules import source as checked

DIGITS = 32  # of the hash
LIFE = 24 * 3600.0  # seconds that a picture stays after it was last used
SWEEP = 3600.0  # seconds between two looks for what has lain longer, of all visitors
KEPT = 4102444800.0  # a time of change in the year 2100: what a saved picture was made of stays
SPACE = 1 << 30  # bytes a visitor
OPEN_PIXELS = 64_000_000  # of all decoded pictures that are held at once
HELD_PIXELS = 1_000_000  # of a picture that comes with a message
SMALL = 384  # pixels of the longer side that are enough while a hand moves
LOOKED = 128  # pictures of which size and small form are remembered
SHOWN = (64, 2048)  # pixels a side at which one is shown again


@dataclass(frozen=True, eq=False)
class Look:
    """What frames under a hand and estimates need of a picture, so that it is not opened again for them."""

    size: tuple[int, int]
    small: Upload


class Tray:
    """Safe to use from any thread. Every method raises Fault: "fault.no_source" for what is not there, or not this visitor's.

    space: bytes a visitor; beyond it, what was used longest ago goes, and what is kept does not.
    needed: the ids of which a visitor's saved pictures are made; what was kept for others goes too where room is wanted.
    """

    def __init__(self, folder: Path, *, space: int = SPACE, needed: Callable[[str], Collection[str]] | None = None) -> None:
        self._folder = folder
        self._space = space
        self._needed = needed
        self._lock = threading.Lock()
        self._writing, self._marking = threading.Lock(), threading.Lock()
        self._decoding = threading.Lock()  # one large picture at a time, or a few visitors could fill the memory
        self._opened: OrderedDict[Path, Upload] = OrderedDict()
        self._lent: dict[str, Path] = {}  # pictures that belong to the studio, and anybody may use
        self._looks: OrderedDict[Path, Look] = OrderedDict()
        self._swept = -SWEEP

    def lend(self, path: Path) -> str:
        """A picture of the studio's own, for everybody: its id."""
        id = sha256(path.read_bytes()).hexdigest()[:DIGITS]
        self._lent[id] = path
        return id

    def put(self, data: bytes, visitor: str) -> tuple[str, Upload]:
        """Keep the bytes of a picture, once they are known to be one: its id, and the picture."""
        upload = self._decoded(data)
        id = sha256(data).hexdigest()[:DIGITS]
        path = self._path(id, visitor)
        with self._writing, as_faults(self._folder):
            self._sweep()
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.is_file():
                self._make_room(path.parent, visitor, len(data))
                write_whole(path, data)
        self._use(path)
        self._remember(path, upload)
        return id, upload

    def hold(self, data: bytes, visitor: str) -> str:
        """The same in memory alone, until newer pictures need the room: for what is drawn many times a second."""
        upload = open_upload(data, most=HELD_PIXELS)
        id = sha256(data).hexdigest()[:DIGITS]
        with self._lock:
            self._hold(self._path(id, visitor), upload)
        return id

    def find(self, id: str, visitor: str) -> None:
        """Fault where it is not there; nothing is opened."""
        path = self._path(checked("source", id), visitor)
        if path not in self._opened and not path.is_file():
            raise Fault("fault.no_source", id=id, status=404)

    def open(self, id: str, visitor: str) -> Upload:
        path = self._path(checked("source", id), visitor)
        with self._lock:
            if upload := self._opened.get(path):
                self._opened.move_to_end(path)
        if upload is None:
            try:
                data = path.read_bytes()
            except OSError as error:
                raise Fault("fault.no_source", id=id, status=404) from error
            upload = self._decoded(data)
            self._remember(path, upload)
        self._use(path)
        return upload

    def size(self, id: str, visitor: str) -> tuple[int, int]:
        """Width and height, of most without opening it."""
        look = self._look(id, visitor)
        return look.size if look else self.open(id, visitor).size

    def small(self, id: str, visitor: str) -> Upload:
        """The picture with at most SMALL pixels on the longer side."""
        look = self._look(id, visitor)
        return look.small if look else reduced(self.open(id, visitor), SMALL)

    def shown(self, id: str, visitor: str, side: int) -> bytes:
        """The picture as a WebP whose longer side is at most so many pixels, without anything that was in its file."""
        upload = self.open(id, visitor)
        side = min(max(side, SHOWN[0]), SHOWN[1])
        picture = Image.fromarray(upload.pixels)
        if upload.alpha is not None:
            picture.putalpha(Image.fromarray(upload.alpha))
        picture.thumbnail((side, side), Image.Resampling.LANCZOS)
        file = io.BytesIO()
        picture.save(file, "WEBP", quality=90, method=4)
        return file.getvalue()

    def sweep(self, life: float, visitors: Collection[str], busy: Collection[str]) -> None:
        """Drop what was not used for so many seconds, whoever brought it.

        visitors: who has saved pictures; what those need stays, what was kept for others begins to age. busy: who has works under way,
        of whom everything stays.
        """
        needed = {self._path(id, one) for one in visitors for id in (self._needed(one) if self._needed else ())}
        spared = {self._folder_of(one) for one in busy}
        for path in self._folder.glob("*/*"):
            if path in needed or path.parent in spared:
                continue
            with suppress(FileNotFoundError):
                if (changed := path.stat().st_mtime) >= KEPT:
                    os.utime(path)
                elif changed < time.time() - life:
                    self._drop(path)
        self._drop_empty()

    def keep(self, ids: Iterable[str], visitor: str) -> None:
        """What a saved picture needs stays until room is wanted and no saved picture needs it any more."""
        for id in set(ids) - self._lent.keys():
            with self._marking, suppress(OSError):  # what is gone already cannot be kept, and the saved picture is whole without it
                os.utime(self._path(checked("source", id), visitor), (KEPT, KEPT))

    def _path(self, id: str, visitor: str) -> Path:
        if id in self._lent:
            return self._lent[id]
        return self._folder_of(visitor) / id

    def _folder_of(self, visitor: str) -> Path:
        return self._folder / sha256(visitor.encode()).hexdigest()[:DIGITS]

    def _use(self, path: Path) -> None:
        """It stays for another while."""
        with self._marking, suppress(OSError):  # it may be in memory alone
            if path.is_relative_to(self._folder) and path.stat().st_mtime < KEPT:
                os.utime(path)

    def _decoded(self, data: bytes) -> Upload:
        with self._decoding:
            return open_upload(data)

    def _remember(self, path: Path, upload: Upload) -> None:
        look = Look(upload.size, reduced(upload, SMALL))
        with self._lock:
            self._hold(path, upload)
            self._looks[path] = look
            if len(self._looks) > LOOKED:
                self._looks.popitem(last=False)

    def _hold(self, path: Path, upload: Upload) -> None:
        self._opened[path] = upload
        self._opened.move_to_end(path)
        while len(self._opened) > 1 and sum(one.pixels.size // 3 for one in self._opened.values()) > OPEN_PIXELS:
            self._opened.popitem(last=False)

    def _look(self, id: str, visitor: str) -> Look | None:
        path = self._path(checked("source", id), visitor)
        with self._lock:
            if look := self._looks.get(path):
                self._looks.move_to_end(path)
        return look

    def _sweep(self) -> None:
        """Once in a while: drop what has lain too long, whoever brought it, and halves of files that a crash left."""
        if time.monotonic() < self._swept + SWEEP:
            return
        self._swept = time.monotonic()
        for path in self._folder.glob("*/*"):
            with suppress(FileNotFoundError):  # another process was quicker
                if path.stat().st_mtime < time.time() - LIFE:
                    self._drop(path)
        self._drop_empty()

    def _drop_empty(self) -> None:
        for folder in self._folder.glob("*"):
            with suppress(OSError):  # one that is not empty
                folder.rmdir()

    def _make_room(self, folder: Path, visitor: str, size: int) -> None:
        """Drop what was used longest ago until so many bytes fit; nothing where that would not be enough."""
        files = sorted((path for path in folder.iterdir() if len(path.name) == DIGITS), key=lambda path: path.stat().st_mtime)
        sizes = {path: path.stat().st_size for path in files}
        excess = sum(sizes.values()) + size - self._space
        if excess <= 0:
            return
        needed = self._needed(visitor) if self._needed else None
        loose = [path for path in files if path.stat().st_mtime < KEPT or needed is not None and path.name not in needed]
        if sum(sizes[path] for path in loose) < excess:
            raise Fault("fault.tray_full", most=self._space, status=507)
        for path in loose:
            if excess > 0:
                excess -= sizes[path]
                self._drop(path)

    def _drop(self, path: Path) -> None:
        path.unlink()
        with self._lock:
            self._opened.pop(path, None)
            self._looks.pop(path, None)
