"""The exhibition's state, shared by the screen, the wall and the curator's page: what is settled, kept, taken and counted."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path

from studio.engine import Engine
from studio.errors import Fault
from studio.frames import to_png
from studio.gallery import Entry, Gallery
from studio.gallery_reading import MAX_PAGE
from studio.kiosk.diary import Day, Diary
from studio.kiosk.exhibition import Exhibition, load, save
from studio.kiosk.home import Homes, qr_code
from studio.kiosk.network import reachable_at
from studio.rate import Rate
from studio.recipe import UPSCALES, Recipe, from_dict, to_dict
from studio.settings import Settings
from studio.visitors import LOCAL
from studio.words import TEXT

FOLDER = "kiosk"
LARGE = 1024  # pixels a side that a picture is given at least half of, and never more than, where it is larger than drawn
ON_THE_WALL = 60
MAKE_ROOM = 20  # pictures that go at once where the disk's share is full
PER_SECOND, BURST = 0.5, 10  # pictures kept or taken home


class Floor:
    """Safe to use from any thread. folder: the studio's; static: the page's files, a change of which is a new version."""

    def __init__(self, engine: Engine, gallery: Gallery, settings: Settings, static: Path, report: Callable[[str], None] = print) -> None:
        self.engine, self._gallery, self._settings = engine, gallery, settings
        folder = settings.folder / FOLDER
        self._path = folder / "exhibition.json"
        self.exhibition, self.readable = load(self._path)
        if not self.readable:
            report(f"{self._path} cannot be read. The exhibition begins with its defaults until the curator settles anew.")
        self.diary = Diary(folder / "days.json", report)
        self.homes = Homes()
        self._rate, self._rating = Rate(PER_SECOND, BURST), threading.Lock()
        self._files = _files_told((*static.rglob("*"), *TEXT.glob("*.json")))

    @property
    def version(self) -> str:
        """Changes with the page's files, the weights and what the curator settles; then the screen loads itself anew."""
        told = json.dumps([self._files, self.engine.hashes(), asdict(self.exhibition)], sort_keys=True)
        return hashlib.sha256(told.encode()).hexdigest()[:16]

    @property
    def address(self) -> str | None:
        """Where phones find this studio; None where no network reaches it."""
        host = reachable_at(self._settings.host)
        return host and f"http://{host}:{self._settings.port}"

    @property
    def generators(self) -> tuple[str, ...]:
        return self.exhibition.shown(self.engine.checkpoints)

    def settle(self, exhibition: Exhibition) -> None:
        """Fault for a generator that is not here, and where it can't be kept; then all is as it was."""
        for name in exhibition.generators:
            if name not in self.engine.checkpoints:
                raise Fault("fault.no_generator", generator=name, known=", ".join(self.engine.checkpoints))
        save(self._path, exhibition)
        self.exhibition, self.readable = exhibition, True

    def take_home(self, given: object) -> tuple[str, str]:
        """The QR code of a picture's address, as a data: address, and that address itself; Fault where no network is."""
        if (address := self.address) is None:
            raise Fault("fault.kiosk_network", status=503)
        png, _ = self._drawn(given)
        place = f"{address}/home/{self.homes.put(png)}"
        self.diary.add(Day(taken=1))
        return qr_code(place), place

    def keep(self, given: object) -> Entry:
        """Hang a picture on the wall; the oldest that are nobody's favourites make room where the quota is full."""
        png, recipe = self._drawn(given)
        try:
            entry = self._gallery.save(png, recipe, visitor=LOCAL)
        except Fault as fault:
            if fault.code not in ("fault.gallery_quota", "fault.gallery_full") or not self._make_room():
                raise
            entry = self._gallery.save(png, recipe, visitor=LOCAL)
        self.diary.add(Day(kept=1))
        return entry

    def wall(self) -> list[Entry]:
        """Today's pictures and the curator's favourites, the newest first."""
        newest = self._gallery.find(LOCAL, limit=ON_THE_WALL).entries
        today = [entry for entry in newest if _is_today(entry.created)]
        liked = self._gallery.find(LOCAL, favourite=True, limit=ON_THE_WALL).entries
        return list({entry.id: entry for entry in (*today, *liked)}.values())[:ON_THE_WALL]

    def pictures(self) -> Sequence[Entry]:
        """The latest, among which the curator chooses favourites."""
        return self._gallery.find(LOCAL, limit=ON_THE_WALL).entries

    def on_the_wall(self, id: str) -> Path:
        """The file of a picture that hangs there; Fault for any other."""
        if all(entry.id != id for entry in self.wall()):
            raise Fault("fault.no_picture", status=404)
        return self._gallery.png(id, LOCAL)

    def favour(self, id: str, on: bool) -> None:
        self._gallery.favourite(id, LOCAL, on)

    def take_down(self, id: str) -> None:
        """Fault for a picture that is not there."""
        if not self._gallery.remove([id], LOCAL):
            raise Fault("fault.no_picture", status=404)

    def _drawn(self, given: object) -> tuple[bytes, Recipe]:
        """A recipe of one of the exhibition's generators as a PNG, large enough to look at."""
        with self._rating:
            if not self._rate.allows():
                raise Fault("fault.kiosk_busy", status=429)
        recipe = from_dict(given)
        if recipe.generator not in self.generators or recipe.after:
            raise Fault("fault.no_generator", generator=recipe.generator, known=", ".join(self.generators))
        side = self.engine.prepared(recipe.generator).generator.spec.size
        times = max((times for times in UPSCALES if side * times <= LARGE), default=1)
        picture = self.engine.draw(from_dict({**to_dict(recipe), "upscale": times}), visitor=LOCAL)
        return to_png(picture), picture.recipe

    def _make_room(self) -> int:
        total = self._gallery.find(LOCAL, limit=1).total
        oldest = self._gallery.find(LOCAL, offset=max(0, total - MAX_PAGE), limit=MAX_PAGE).entries[::-1]
        self._gallery.remove([entry.id for entry in oldest if not entry.favourite][:MAKE_ROOM], LOCAL)
        return self._gallery.purge(timedelta(0), LOCAL)


def _is_today(created: str) -> bool:
    """Whether a moment in UTC lies in this machine's day."""
    return datetime.fromisoformat(created).astimezone().date() == datetime.now().date()


def _files_told(paths: Iterable[Path]) -> list[tuple[str, int]]:
    return sorted((path.name, path.stat().st_mtime_ns) for path in paths if path.is_file())
