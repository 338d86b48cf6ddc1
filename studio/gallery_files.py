"""The files of a gallery: where they lie, and which are nobody's any more."""

from __future__ import annotations

import io
import re
import time
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from PIL import Image

from models.whole import FRESH, write_whole
from studio.errors import Fault

IN_THE_MAKING = 3600.0  # seconds after which half a file is nobody's any more
THUMB = 256  # pixels on the longer side; smaller pictures stay as they are


class GalleryFiles:
    """pictures/ab/<id>.png, thumbs/ab/<id>.webp and films/ab/<id>.film under one folder."""

    def __init__(self, folder: Path) -> None:
        self._pictures = folder / "pictures"
        self._thumbs = folder / "thumbs"
        self._films = folder / "films"

    def picture(self, id: str) -> Path:
        return self._pictures / _shard(id) / f"{id}.png"

    def thumb(self, id: str) -> Path:
        return self._thumbs / _shard(id) / f"{id}.webp"

    def film(self, id: str) -> Path:
        """A film in whatever format, whose first picture is `picture`."""
        return self._films / _shard(id) / f"{id}.film"

    def make_thumb(self, id: str, look: Path | None = None) -> Path:
        """The small WebP, drawn at first sight, or of something smaller that looks the same; FileNotFoundError where it is gone."""
        path = self.thumb(id)
        if not path.is_file():
            file = io.BytesIO()
            try:
                with Image.open(look or self.picture(id)) as image:
                    image.thumbnail((THUMB, THUMB))
                    image.save(file, "WEBP", quality=85, method=4)
            except Image.DecompressionBombError as error:  # only one that was lost can come to this
                raise Fault("fault.no_preview", generator=id, status=404) from error
            write_whole(path, file.getbuffer())
        return path

    def delete(self, ids: Collection[str]) -> None:
        for id in ids:
            self.picture(id).unlink(missing_ok=True)
            self.thumb(id).unlink(missing_ok=True)
            self.film(id).unlink(missing_ok=True)

    def sweep(self, known: Collection[str]) -> None:
        """Delete what a crash left behind: pictures and films without a row, and halves of files.

        Call it while nobody can save. A thumb may be in the making, so halves of known ones stay for an hour.
        """
        for path in (*self._pictures.glob("*/*"), *self._films.glob("*/*")):
            if path.suffix not in (".png", ".film") or path.stem not in known:
                path.unlink(missing_ok=True)
        for path in self._thumbs.glob("*/*"):
            known_one = path.name.partition(".")[0] in known
            if not known_one or (path.suffix == FRESH and path.stat().st_mtime < time.time() - IN_THE_MAKING):
                path.unlink(missing_ok=True)


def drop_old(folder: Path, life: float) -> None:
    """Delete what was not changed for so many seconds, at any depth, and the folders in there that are empty then."""
    for path in sorted(folder.rglob("*"), reverse=True):  # what lies in a folder before the folder
        with suppress(OSError):  # another was quicker, or a folder is not empty
            if path.is_dir():
                path.rmdir()
            elif path.stat().st_mtime < time.time() - life:
                path.unlink()


def _shard(id: str) -> str:
    """Two digits, so that no folder grows to ten thousand files. Whatever is not one of our ids never becomes a path."""
    if not re.fullmatch(r"[0-9a-f]{16}", id):
        raise Fault("fault.no_picture", status=404)
    return id[:2]
