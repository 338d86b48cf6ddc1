"""The tray: pictures from outside that a visitor works on, each found again by the hash of its bytes and by nobody else."""

from __future__ import annotations

import io
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Iterable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from PIL import Image

from studio.errors import Fault
from studio.gallery_files import write_whole
from studio.gallery_index import as_faults
from studio.pictures import Upload, open_upload
from studio.recipe_rules import source as checked

DIGITS = 32  # of the hash
LIFE = 24 * 3600.0  # seconds that a picture stays after it was last used
KEPT = 4102444800.0  # a time of change in the year 2100: what a saved picture was made of stays
SPACE = 1 << 30  # bytes a visitor
OPEN_PIXELS = 64_000_000  # of all decoded pictures that are held at once
HELD_PIXELS = 1_000_000  # of a picture that comes with a message
SHOWN = (64, 2048)  # pixels a side at which one is shown again


class Tray:
    """Safe to use from any thread. Every method raises Fault: "fault.no_source" for what is not there, or not this visitor's.

    space: bytes a visitor; beyond it, what was used longest ago goes, and what is kept does not.
    """

    def __init__(self, folder: Path, *, space: int = SPACE) -> None:
        self._folder = folder
        self._space = space
        self._lock = threading.Lock()
        self._opened: OrderedDict[Path, Upload] = OrderedDict()
        self._lent: dict[str, Path] = {}  # pictures that belong to the studio, and anybody may use

    def lend(self, path: Path) -> str:
        """A picture of the studio's own, for everybody: its id."""
        id = sha256(path.read_bytes()).hexdigest()[:DIGITS]
        self._lent[id] = path
        return id

    def put(self, data: bytes, visitor: str) -> tuple[str, Upload]:
        """Keep the bytes of a picture, once they are known to be one: its id, and the picture."""
        upload = open_upload(data)
        id = sha256(data).hexdigest()[:DIGITS]
        path = self._path(id, visitor)
        with self._lock, as_faults(self._folder):
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.is_file():
                self._make_room(path.parent, len(data))
                write_whole(path, lambda file: file.write(data))
            self._remember(path, upload)
        return id, upload

    def hold(self, data: bytes, visitor: str) -> str:
        """The same in memory alone, until newer pictures need the room: for what is drawn many times a second."""
        upload = open_upload(data, most=HELD_PIXELS)
        id = sha256(data).hexdigest()[:DIGITS]
        with self._lock:
            self._remember(self._path(id, visitor), upload)
        return id

    def open(self, id: str, visitor: str) -> Upload:
        path = self._path(checked("source", id), visitor)
        with self._lock:
            if upload := self._opened.get(path):
                self._opened.move_to_end(path)
                return upload
            try:
                data = path.read_bytes()
            except OSError as error:
                raise Fault("fault.no_source", id=id, status=404) from error
            if id not in self._lent and path.stat().st_mtime < KEPT:
                with suppress(OSError):
                    os.utime(path)
        upload = open_upload(data)
        with self._lock:
            self._remember(path, upload)
        return upload

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

    def keep(self, ids: Iterable[str], visitor: str) -> None:
        """What a saved picture needs stays for as long as the tray does."""
        for id in set(ids) - self._lent.keys():
            with suppress(OSError):  # one that is gone already cannot be kept, and the saved picture is whole without it
                os.utime(self._path(checked("source", id), visitor), (KEPT, KEPT))

    def _path(self, id: str, visitor: str) -> Path:
        if id in self._lent:
            return self._lent[id]
        return self._folder / sha256(visitor.encode()).hexdigest()[:DIGITS] / id

    def _remember(self, path: Path, upload: Upload) -> None:
        self._opened[path] = upload
        self._opened.move_to_end(path)
        while len(self._opened) > 1 and sum(one.pixels.size // 3 for one in self._opened.values()) > OPEN_PIXELS:
            self._opened.popitem(last=False)

    def _make_room(self, folder: Path, size: int) -> None:
        """Drop what has lain too long, and then what lay longest, until so many bytes fit."""
        files = sorted((path for path in folder.iterdir() if len(path.name) == DIGITS), key=lambda path: path.stat().st_mtime)
        used, now = sum(path.stat().st_size for path in files), time.time()
        for path in files:
            changed = path.stat().st_mtime
            if changed >= KEPT or changed > now - LIFE and used + size <= self._space:
                continue
            used -= path.stat().st_size
            path.unlink()
            self._opened.pop(path, None)
        if used + size > self._space:
            raise Fault("fault.tray_full", most=self._space, status=507)
