"""Films asked for from outside: their routes, and the reels that pages and exports share."""

from __future__ import annotations

import json
import math
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import chain
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

from models.translators.translator import Tell, unheard
from studio.errors import Fault
from studio.film import Film, film_to_json
from studio.filming import FORMATS, FilmFormat, read_film, read_sound, write_film
from studio.frames import Picture, enlarge, read_recipe, to_png
from studio.gallery import Gallery
from studio.gallery_entry import Entry
from studio.gallery_index import as_faults
from studio.recipe import Recipe
from studio.recipe_steps import Step
from studio.recipe_text import from_json, to_json
from studio.reel import Draw, Reel, evened, reel_of, steps
from studio.takes import Frames, Take, forgetful
from studio.works import Work

if TYPE_CHECKING:
    from studio.engine import Engine

SIDES = (0, 256, 512, 1024, 2048)  # pixels at least; 0 = as it is drawn
KEPT = 16  # reels
MOST_PIXELS = 20_000_000_000  # of all frames: a quarter of an hour at 1,024 pixels and 24 frames a second
MAX_OPENED = 256 << 20  # bytes of a file that is opened as a film
MOST_APART = 2_000_000_000  # where each is a file of its own


class Films:
    """Safe to use from any thread."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = Lock()
        self._reels: OrderedDict[str, Reel] = OrderedDict()

    def reel(self, film: Film, visitor: str, tell: Tell = unheard, pace: Sequence[float] = ()) -> Reel:
        """A film's reel; Fault where one of its keys can't be drawn. One whose pace is evened is drawn twice for it, once.

        pace: what a reel of the same film had found.
        """
        engine, key = self._engine, visitor + film_to_json(film)
        with self._lock:
            if found := self._reels.get(key):
                self._reels.move_to_end(key)
                return found
        self._check(film)
        heard = engine.sounds.hear(film.music.sound, visitor) if film.music and any(track.follow for track in film.tracks) else None
        reel = replace(reel_of(engine.prepared(film.generator), film, heard), pace=tuple(pace))
        if film.even and not pace:
            reel = evened(reel, self._drawn(visitor), engine.eyes(), tell)
        with self._lock:
            self._reels[key] = reel
            while len(self._reels) > KEPT:
                self._reels.popitem(last=False)
        return reel

    def _check(self, film: Film) -> None:
        """Fault where a key can't be drawn, or a track leads in a direction that is not there."""
        for key in film.keys:
            self._engine.check_drawn(key.recipe)
        led = tuple((track.direction, 1.0) for track in film.tracks if track.direction)
        self._engine.check_drawn(replace(film.keys[0].recipe, directions=led))

    def seam(self, reel: Reel, visitor: str) -> tuple[float, float]:
        """How far the last frame is from the first, and the middle one of the steps there are, as they look."""
        draw, film = self._drawn(visitor), reel.film
        places = [reel.frame(number) for number in (film.frames - 2, film.frames - 1, 0, 1)]
        before, across, after = steps([draw(recipe) for recipe in places], self._engine.eyes(), loop=False)
        return float(across), float((before + after) / 2)

    def shoot(
        self, film: Film, format: FilmFormat, side: int, path: Path, visitor: str, *, sharp: bool = False, take: Take | None = None
    ) -> Work:
        """A work that writes a film to a path; Fault for what can never be written.

        side: pixels at least, reached by doubling; sharp: an upscaler does it, as far as there is one. take: where it is kept
        while it is made, so that it is not begun again when the studio was killed; it is dropped once nobody needs it.
        """
        if format not in FORMATS:
            raise Fault("fault.picture_format", known=", ".join(FORMATS), value=str(format)[:40])
        if side not in SIDES:
            raise Fault("fault.recipe_choice", field="side", known=", ".join(map(str, SIDES)), value=str(side)[:40])
        self._check(film)
        sound = self._engine.sounds.find(film.music.sound, visitor) if film.music else None
        size = self._engine.prepared(film.generator).generator.spec.size
        factor = 1 << max(math.ceil(math.log2(side / size)), 0) if side else 1
        large = size * factor
        if (pixels := large * large * film.frames) > (most := MOST_APART if format == "png" else MOST_PIXELS):
            raise Fault("fault.film_large", pixels=pixels // 1_000_000, most=most // 1_000_000, status=413)
        after = self._upscaling(factor) if sharp else ()

        def run(tell: Tell) -> Path:
            try:
                with as_faults(path), take.begin() if take else forgetful() as frames:
                    drawn = self._drawn_frames(film, after, visitor, frames, tell)
                    self._write(path, film, format, drawn, large, sound.read_bytes() if sound else b"")
            except BaseException:
                _drop(path)  # half a file is nothing to go on with; its frames are
                raise
            if take:
                take.drop()
            return path

        def undo() -> None:
            _drop(path)
            if take and not work.interrupted:
                take.drop()

        work = Work(visitor, film.keys[0].recipe, (large, large), float(pixels), run, undo, format, take.folder.name if take else "")
        if not take:
            return self._engine.darkroom.works.submit(work, listed=True)
        take.keep()
        try:
            return self._engine.darkroom.works.submit(work, listed=True)
        except Fault:
            take.drop()
            raise

    def _write(self, path: Path, film: Film, format: FilmFormat, drawn: Iterator[Picture], large: int, sound: bytes) -> None:
        """A film's file, of pictures as they are drawn, each enlarged plainly to `large` pixels a side; its poster beside."""
        rendering = self._engine.prepared(film.generator).card.rendering
        path.parent.mkdir(parents=True, exist_ok=True)
        first = next(drawn)
        enlarged = (replace(one, pixels=enlarge(one.pixels, large // len(one.pixels), rendering)) for one in chain([first], drawn))
        write_film(path, film, format, enlarged, sound)
        poster_of(path).write_bytes(to_png(first))

    def opened(self, given: bytes | Path, visitor: str) -> Film:
        """The film inside a file of ours, its music among the visitor's sounds: where it was not, as it came out of the file, and if
        none did, without."""
        if isinstance(given, Path):
            if (size := given.stat().st_size) > MAX_OPENED:
                raise Fault("fault.too_large", size=size, most=MAX_OPENED, status=413)
            given = given.read_bytes()
        film, sounds = read_film(given), self._engine.sounds
        if not film.music:
            return film
        with suppress(Fault):
            sounds.find(film.music.sound, visitor)
            return film
        with suppress(Fault):
            sound, whole = read_sound(given)
            id, _ = sounds.put(sound, visitor)
            return replace(film, music=replace(film.music, sound=id, start=film.music.start if whole else 0.0))
        return replace(film, music=None)

    def _drawn_frames(self, film: Film, after: tuple[Step, ...], visitor: str, frames: Frames, tell: Tell) -> Iterator[Picture]:
        """A film's pictures in order, before plain enlargement: those that are kept, then the others, which are kept as they come."""
        begun = film.frames if film.even else 0  # looking at its pace counts as much as writing it

        def looked(done: int, total: int, so_far: np.ndarray | None = None) -> None:
            tell(done * begun // max(total, 1), film.frames + begun, so_far)

        draw = self._drawn(visitor)
        reel = self._kept_reel(film, self._engine.signed(replace(film.keys[0].recipe, after=after)), visitor, frames, looked)
        for number in range(film.frames):
            recipe = reel.frame(number)
            signed = self._engine.signed(replace(recipe, after=after))
            if (pixels := frames.next_picture()) is None:
                pixels = draw(recipe)
                tell(begun + number, begun + film.frames, pixels)
                pixels = self._engine.darkroom.worked(signed, visitor, pixels) if after else pixels
                frames.add_picture(pixels)
            tell(begun + number, begun + film.frames, pixels)
            yield Picture(pixels, signed)

    def _kept_reel(self, film: Film, signed: Recipe, visitor: str, frames: Frames, tell: Tell) -> Reel:
        """The reel that kept frames were drawn by; where other networks or another device drew them, they go."""
        made_by = to_json(signed)
        if (told := frames.next()) and (kept := json.loads(told))["made_by"] == made_by:
            return self.reel(film, visitor, pace=kept["pace"])
        frames.restart()
        reel = self.reel(film, visitor, tell)
        frames.add(json.dumps({"made_by": made_by, "pace": reel.pace}).encode())
        return reel

    def _upscaling(self, factor: int) -> tuple[Step, ...]:
        """The step that enlarges most without going beyond; none where there is no such upscaler."""
        known = {one.spec.factor: name for name, one in self._engine.darkroom.translators.items() if 1 < one.spec.factor <= factor}
        return (Step(known[max(known)]),) if known else ()

    def _drawn(self, visitor: str) -> Draw:
        def draw(recipe: Recipe) -> np.ndarray:
            return self._engine.draw_in_turn(visitor, recipe)

        return draw


def poster_of(path: Path) -> Path:
    """Where the first picture of a film lies, as a PNG with its recipe, beside the film's file."""
    return path.with_suffix(".png")


def keep_film(gallery: Gallery, path: Path, format: str, visitor: str) -> Entry:
    """A film that was made goes into the gallery, as what its first picture shows."""
    with as_faults(path):
        poster = poster_of(path).read_bytes()
    recipe = from_json(read_recipe(poster) or "")
    return gallery.save_film(path, poster, recipe, format=format, visitor=visitor)


def _drop(path: Path) -> None:
    for one in (path, poster_of(path)):
        one.unlink(missing_ok=True)
