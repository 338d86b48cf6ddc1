"""The Engine answers what visitors ask: pictures of recipes, sheets of them, strokes, films, ways between them."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import InvalidStateError
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Literal
from weakref import WeakValueDictionary

import numpy as np
import torch

from models.checkpoint import Checkpoint
from models.encoder import Encoder, load_encoder
from models.strokes import Stroke
from studio import breeding, drawing
from studio.device import resident_mb
from studio.directions import OwnDirection, OwnDirections, between, mixed, own_direction
from studio.errors import Fault
from studio.figures import Figures, Tally
from studio.films import Films
from studio.frames import Picture
from studio.inside import Look
from studio.jobs import Job, PictureFuture, Superseded
from studio.painters import Company
from studio.recipe import Recipe
from studio.recipe_steps import Made
from studio.sampling import Mode, sample
from studio.schedule import Limits
from studio.sounds import Sounds
from studio.tray import Tray
from studio.worker import Worker
from studio.works import Work

Shown = Literal["preview", "sheet", "neighbours"]
REST, LEISURE = 0.5, 3.0  # seconds without a moving frame that are a rest, and that what nobody waits for waits for one


class Engine:
    """The single way from a recipe to a picture, for slider, button, API, link, gallery and tests.

    One worker thread owns the device. Everything else only lines up in the schedule and waits, so that any thread may
    call any method. `start` before the first request, `close` after the last; or use it as a context manager.
    What translators do afterwards, and what would hold up the others, is the darkroom's, on a thread of its own.
    folder: where pictures from outside are kept; needed: the ids of those that a visitor's saved pictures are made of.
    company: who draws in its place what needs nothing of a visitor's own.
    """

    def __init__(
        self,
        checkpoints: Path,
        *,
        folder: Path = Path("gallery"),
        needed: Callable[[str], Collection[str]] | None = None,
        device: str | None = None,
        company: Company | None = None,
        limits: Limits | None = None,
        report: Callable[[str], None] = partial(print, flush=True),  # noqa: B008 - at once, also into a pipe
    ) -> None:
        self.limits = limits or Limits()
        self.directions = OwnDirections(folder / "directions")
        self.sounds = Sounds(folder / "sounds")
        tray = Tray(folder / "tray", needed=needed)
        self._worker = Worker(checkpoints, self.directions, tray, device=device, company=company, limits=self.limits, report=report)
        self._shelf, self._schedule = self._worker.shelf, self._worker.schedule
        self.darkroom = self._worker.darkroom
        self.films = Films(self)
        self._painters = company.seats if company else 1
        self._resting: WeakValueDictionary[tuple[str, str], PictureFuture] = WeakValueDictionary()  # of a visitor's channel
        self._tally = Tally()
        self._moved = 0.0  # when a moving frame was last asked for
        self._eyes: Encoder | None = None
        self._looking = Lock()

    def __enter__(self) -> Engine:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def checkpoints(self) -> Mapping[str, Checkpoint]:
        """By id, in the order of the page."""
        return self._shelf.checkpoints

    def eyes(self) -> Encoder:
        """By which pictures are compared, on the CPU; loaded once, when first asked for."""
        with self._looking:
            self._eyes = self._eyes or load_encoder()
        return self._eyes

    def start(self) -> None:
        """Load and warm up every checkpoint, with a line each; returns when ready.

        A damaged checkpoint is left out, and its fault reported. Raises CheckpointError where none is left, and
        ValueError for a device that cannot be used.
        """
        self._worker.start()

    def close(self) -> None:
        """Refuse what waits, and give the device back."""
        self._worker.close()

    @property
    def ready(self) -> bool:
        """It can be asked: everything is loaded, and the device answers."""
        return self._worker.ready

    @property
    def device(self) -> torch.device:
        """Of this process; whatever a company draws on is in `made`."""
        return self._worker.device

    @property
    def dtype(self) -> torch.dtype:
        """Likewise."""
        return self._worker.dtype

    @property
    def made(self) -> Made:
        """On what is drawn, as recipes record it."""
        return self._worker.made

    def prepared(self, generator: str) -> drawing.Prepared:
        """What draws for a generator that is here."""
        return self._shelf.checkpoints[generator]

    def hashes(self) -> dict[str, str]:
        """Id of a generator or translator -> short hash of the weights that are loaded."""
        return self._shelf.hashes() | self.darkroom.hashes()

    def shown(self, generator: str, what: Shown) -> Path | None:
        """A picture that lies beside a checkpoint, if it has one: its preview, a sheet, or what it learned from that is nearest."""
        folder = self._shelf.folder(generator) or self.darkroom.folder(generator)
        path = folder / f"{what}.webp" if folder else None
        return path if path and path.is_file() else None

    def draw(self, recipe: Recipe, *, visitor: str = "local", deadline: float | None = None) -> Picture:
        """Wait for one picture, drawn alone so that its bytes never depend on company; Fault for everything that goes wrong."""
        return self._wait(self.ask(recipe, visitor=visitor, deadline=deadline), deadline)

    def ask(self, recipe: Recipe, *, visitor: str = "local", deadline: float | None = None) -> PictureFuture:
        """`draw` for those who must not block: faults in the request are raised, those of the drawing come with the future."""
        self.check(recipe, visitor)
        if recipe.after or recipe.source:
            return self._tally.follow(visitor, "single", self._developed(recipe, visitor))
        return self._tally.follow(visitor, "single", self._schedule.single(visitor, recipe, deadline))

    def finish(self, recipe: Recipe, path: Path, *, visitor: str = "local") -> Work:
        """A recipe as a PNG of any size, written to a path a strip at a time by a work that tells how far it is."""
        self.check(recipe, visitor)
        return self.darkroom.finish(self.signed(recipe), visitor, partial(self.draw_in_turn, visitor), self._drawn_size(recipe), path)

    def signed(self, recipe: Recipe) -> Recipe:
        """A recipe with all that would draw it here filled in."""
        known = self.checkpoints.get(recipe.generator)
        return self.darkroom.signed(replace(recipe, weights=known.short_hash if known else ""), self.made)

    def live(self, visitor: str, recipe: Recipe, exact: bool = False, *, channel: str = "") -> PictureFuture:
        """The newest recipe under a visitor's hand; what it replaces raises Superseded. One channel a page that is open.

        Moving frames may be drawn in company, which can change a value by 1 of 255; an exact one is drawn as `draw` does.
        """
        self._moved = time.monotonic()
        if older := self._resting.pop((visitor, channel), None):
            with suppress(InvalidStateError):  # it came just now
                older.set_exception(Superseded())
        try:
            self.check(recipe, visitor)
            if exact and (recipe.after or recipe.source):
                future = self._resting[visitor, channel] = self._developed(recipe, visitor)
                return self._tally.follow(visitor, "resting", future)
            future = self._schedule.live(visitor, f"live {channel}", recipe, exact=exact)
        except Fault as fault:
            future = PictureFuture()
            future.set_exception(fault)
        return self._tally.follow(visitor, "resting" if exact else "moving", future)

    def sample(self, recipe: Recipe, mode: Mode, count: int, seed: int = 0) -> list[Recipe]:
        """The recipes of a sheet around one, to be submitted as a job; Fault where there is no such sheet. Takes some milliseconds."""
        return sample(self._prepared_for(recipe), recipe, mode, count, seed)

    def breed(self, litter: breeding.Litter) -> list[Recipe]:
        """The recipes of children, likewise."""
        return breeding.children(self._prepared_for(*litter.parents), litter)

    def mix(self, board: breeding.Board) -> list[Recipe]:
        """The recipes of a mixing board, row by row, likewise."""
        return breeding.cells(self._prepared_for(*board.rows, *board.columns), board)

    def strokes(self, recipe: Recipe) -> list[Stroke]:
        """What a recipe draws, as strokes; Fault where its generator writes none. Takes some tens of milliseconds."""
        return drawing.strokes(self._prepared_for(recipe), recipe)

    def between(self, toward: Sequence[Recipe], away: Sequence[Recipe], apart: bool = False) -> OwnDirection:
        """The way from some pictures of a generator to others, without a name yet; Fault where there is none. Takes some 50 ms."""
        if not toward or len({recipe.generator for recipe in (*toward, *away)}) > 1:
            raise Fault("fault.direction_piles")
        return between(self._prepared_for(*toward, *away), toward, away, apart)

    def mixed(self, recipe: Recipe) -> OwnDirection:
        """All directions of a recipe as one, likewise."""
        return mixed(self._prepared_for(recipe), recipe.directions)

    def keep_direction(self, one: OwnDirection, name: str, *, visitor: str) -> OwnDirection:
        """Keep a direction under a name; Fault where its generator is not here, or is another by now."""
        if one.generator not in self._shelf.checkpoints:
            raise Fault("fault.direction_other", generator=one.generator)
        checkpoint = self._shelf.checkpoints[one.generator]
        return self.directions.keep(visitor, own_direction(name, one.generator, one.weights, one.way), checkpoint)

    def submit(self, recipes: Sequence[Recipe], *, visitor: str, look: Look | None = None) -> Job:
        """A job of many pictures, behind all live work; Fault where the queue is full or a recipe cannot be drawn.

        look: of each its feature maps there, as a sheet, in its place.
        """
        for recipe in recipes:
            self.check_drawn(recipe)
            if look:
                look.check(self.prepared(recipe.generator).generator.spec, recipe)
        job = self._schedule.submit(visitor, recipes, look)
        for future in job.futures:
            self._tally.follow(visitor, "job", future)
        return job

    @property
    def pace(self) -> float:
        """Seconds from one picture to the next while all are busy that draw, learned."""
        return self._schedule.pace / self._painters

    def figures(self) -> Figures:
        return self._tally.figures(self._schedule.waiting() + self.darkroom.works.waiting(), resident_mb())

    def check(self, recipe: Recipe, visitor: str) -> None:
        """Refuse before queueing what can never be drawn or worked on; Fault says why."""
        self._check_ready()
        if not recipe.source:
            self._shelf.check(recipe)
        self.darkroom.check(recipe, visitor)

    def check_drawn(self, recipe: Recipe) -> None:
        """Refuse what its generator can't draw; Fault says why."""
        self._check_ready()
        self._shelf.check(recipe)

    def _prepared_for(self, *recipes: Recipe) -> drawing.Prepared:
        """What draws for recipes of one generator, all of which it can draw; Fault for one that it can't."""
        for recipe in recipes:
            self.check_drawn(recipe)
        return self._shelf.checkpoints[recipes[0].generator]

    def _check_ready(self) -> None:
        if not self.ready:
            raise Fault("fault.stopped" if self._worker.is_over else "fault.not_ready", status=503)

    def _developed(self, recipe: Recipe, visitor: str) -> PictureFuture:
        """A picture that the darkroom makes; who no longer waits for it cancels the work."""
        return self.darkroom.develop(self.signed(recipe), visitor, partial(self.draw_in_turn, visitor), self._drawn_size(recipe))

    def draw_in_turn(self, visitor: str, recipe: Recipe) -> np.ndarray:
        """For long works: what a generator draws, in the visitor's turn, (h, w, 3) uint8 as it was drawn."""
        return self._wait(self._schedule.single(visitor, replace(recipe, after=()), None, is_part=True)).pixels

    def _wait(self, future: PictureFuture, deadline: float | None = None) -> Picture:
        try:
            return future.result(self.limits.deadline if deadline is None else deadline)
        except TimeoutError:
            future.cancel()
            raise Fault("fault.too_late", status=504) from None

    def _drawn_size(self, recipe: Recipe) -> tuple[int, int]:
        """Width and height of what a recipe's generator draws; nothing for a picture from outside."""
        side = self._shelf.checkpoints[recipe.generator].generator.spec.size * recipe.upscale if recipe.generator else 0
        return side, side

    def stand_aside(self) -> None:
        """For what nobody waits for: return once no hand has moved for a while, or after some seconds all the same."""
        until = time.monotonic() + LEISURE
        while (now := time.monotonic()) < min(until, self._moved + REST):
            time.sleep(min(until, self._moved + REST) - now)
