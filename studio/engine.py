"""Loads every checkpoint, owns the device, and turns recipes into pictures."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Lock, Thread
from typing import Literal
from weakref import WeakValueDictionary

import numpy as np
import torch

from models.checkpoint import Checkpoint
from models.encoder import Encoder, load_encoder
from models.strokes import Stroke
from studio import breeding, drawing
from studio.darkroom import Darkroom
from studio.device import claim, describe, free_memory, is_lost, is_out_of_memory, pick_device, quicker_dtype, resident_mb
from studio.directions import OwnDirection, OwnDirections, between, mixed, own_direction
from studio.errors import Fault
from studio.figures import Figures, Tally
from studio.films import Films
from studio.frames import Picture, enlarge
from studio.inside import Look, sheet
from studio.jobs import Job, PictureFuture, Request, Superseded
from studio.painters import Company, Painter, sits_at, stays_home
from studio.recipe import Recipe
from studio.recipe_steps import Made
from studio.sampling import Mode, sample
from studio.schedule import Fits, Limits, Schedule, anything
from studio.shelf import Shelf
from studio.sounds import Sounds
from studio.supervisor import kept_alive
from studio.tray import Tray
from studio.works import Work, Works

Shown = Literal["preview", "sheet", "neighbours"]
UNNAMED = "–"
PATIENCE, PAUSE = 0.25, 0.002  # seconds that a long work lets moving frames go first, and between its looks
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
        self.ready = False
        self.device = torch.device("cpu")
        self.dtype = torch.float32
        self._root = checkpoints
        self._wanted = device
        self._report = report
        self.directions = OwnDirections(folder / "directions")
        self.sounds = Sounds(folder / "sounds")
        self._shelf = Shelf(self.directions)
        self._made = Made("cpu", "float32", str(torch.__version__))
        self._company = company
        self._schedule = Schedule(self.limits)
        self._resting: WeakValueDictionary[tuple[str, str], PictureFuture] = WeakValueDictionary()  # of a visitor's channel
        self._tally = Tally()
        self._moved = 0.0  # when a moving frame was last asked for
        self._worker: Thread | None = None
        self._eyes: Encoder | None = None
        self._looking = Lock()
        works = Works(queue=self.limits.queue, each=self.limits.visitor, explain=self._explain, give_way=self._give_way)
        self.darkroom = Darkroom(Tray(folder / "tray", needed=needed), works)
        self.films = Films(self)

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
        started: Future[None] = Future()
        self._worker = Thread(target=self._work, args=(started,), name="engine", daemon=True)
        self._worker.start()
        started.result()
        if self._company:
            self._seat(self._company)
        self.ready = self._worker.is_alive()

    def _seat(self, company: Company) -> None:
        try:
            self._made = company.open(self._shelf.hashes())
        except BaseException:
            self.close()
            raise
        for seat in range(company.seats):
            mine = partial(sits_at, seat, company)
            Thread(target=self._serve, args=(company.painter(seat), mine), name=f"seat {seat}", daemon=True).start()

    def close(self) -> None:
        """Refuse what waits, and give the device back."""
        self.ready = False
        self._schedule.stop(Fault("fault.stopped", status=503))
        self.darkroom.works.stop(Fault("fault.stopped", status=503))
        if self._worker:
            self._worker.join(timeout=self.limits.deadline)
        if self._company:
            self._company.close()

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
        return self.darkroom.signed(replace(recipe, weights=known.short_hash if known else ""), self._made)

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
        self.check_drawn(recipe)
        return sample(self._shelf.checkpoints[recipe.generator], recipe, mode, count, seed)

    def breed(self, litter: breeding.Litter) -> list[Recipe]:
        """The recipes of children, likewise."""
        return breeding.children(self._drawing(litter.parents), litter)

    def mix(self, board: breeding.Board) -> list[Recipe]:
        """The recipes of a mixing board, row by row, likewise."""
        return breeding.cells(self._drawing((*board.rows, *board.columns)), board)

    def strokes(self, recipe: Recipe) -> list[Stroke]:
        """What a recipe draws, as strokes; Fault where its generator writes none. Takes some tens of milliseconds."""
        self.check_drawn(recipe)
        return drawing.strokes(self._shelf.checkpoints[recipe.generator], recipe)

    def between(self, toward: Sequence[Recipe], away: Sequence[Recipe], apart: bool = False) -> OwnDirection:
        """The way from some pictures of a generator to others, without a name yet; Fault where there is none. Takes some 50 ms."""
        if not toward or len({recipe.generator for recipe in (*toward, *away)}) > 1:
            raise Fault("fault.direction_piles")
        checkpoint = self._drawing((*toward, *away))
        return own_direction(UNNAMED, checkpoint.card.id, checkpoint.short_hash, between(checkpoint, toward, away, apart))

    def mixed(self, recipe: Recipe) -> OwnDirection:
        """All directions of a recipe as one, likewise."""
        self.check_drawn(recipe)
        checkpoint = self._shelf.checkpoints[recipe.generator]
        return own_direction(UNNAMED, checkpoint.card.id, checkpoint.short_hash, mixed(checkpoint, recipe.directions))

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
        return self._schedule.pace / (self._company.seats if self._company else 1)

    @property
    def made(self) -> Made:
        """On what is drawn, as recipes record it."""
        return self._made

    def figures(self) -> Figures:
        return self._tally.figures(self._schedule.waiting() + self.darkroom.works.waiting(), resident_mb())

    def check(self, recipe: Recipe, visitor: str) -> None:
        """Refuse before queueing what can never be drawn or worked on; Fault says why."""
        if not recipe.source:
            self.check_drawn(recipe)
        self._check_ready()
        self.darkroom.check(recipe, visitor)

    def check_drawn(self, recipe: Recipe) -> None:
        """Refuse what its generator can't draw; Fault says why."""
        self._check_ready()
        self._shelf.check(recipe)

    def _drawing(self, recipes: Sequence[Recipe]) -> drawing.Prepared:
        """What draws for recipes of one generator, all of which it can draw."""
        for recipe in recipes:
            self.check_drawn(recipe)
        return self._shelf.checkpoints[recipes[0].generator]

    def _check_ready(self) -> None:
        if not self.ready:
            over = self._worker is not None and not self._worker.is_alive()
            raise Fault("fault.stopped" if over else "fault.not_ready", status=503)

    def _developed(self, recipe: Recipe, visitor: str) -> PictureFuture:
        """A picture that the darkroom makes; who no longer waits for it cancels the work."""
        works, future = self.darkroom.works, PictureFuture()
        work = self.darkroom.develop(self.signed(recipe), visitor, partial(self.draw_in_turn, visitor), self._drawn_size(recipe))

        def pass_on(done: Future[Picture]) -> None:
            with suppress(InvalidStateError):  # nobody waits any more
                if done.cancelled():
                    future.cancel()
                elif error := done.exception():
                    future.set_exception(error)
                else:
                    future.draw_ms = (work.ended - work.began) * 1000
                    future.set_result(done.result())

        work.future.add_done_callback(pass_on)
        future.add_done_callback(lambda _: works.cancel(work))
        return future

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

    def _give_way(self) -> None:
        """Let the frames under visitors' hands go first."""
        until = time.monotonic() + PATIENCE
        while self._schedule.has_hands() and time.monotonic() < until:
            time.sleep(PAUSE)

    def stand_aside(self) -> None:
        """For what nobody waits for: return once no hand has moved for a while, or after some seconds all the same."""
        until = time.monotonic() + LEISURE
        while (now := time.monotonic()) < min(until, self._moved + REST):
            time.sleep(min(until, self._moved + REST) - now)

    def _work(self, started: Future[None]) -> None:
        """The worker's life. Whatever ends it, nobody is left waiting."""
        try:
            self._load_all()
            # What was loaded stays: the collector need not walk through it again, which would hold up a frame for tens of ms.
            gc.collect()
            gc.freeze()
            started.set_result(None)
            self._serve(self._shelf, partial(stays_home, only_rests=self._company.only_rests) if self._company else anything)
        except BaseException as error:  # also what is no Exception must not leave futures hanging
            if started.done():
                self._report(f"The engine stopped: {error!r}. Start the studio again.")
            else:
                started.set_exception(error)
        finally:
            self.ready = False
            self._schedule.stop(Fault("fault.stopped", status=503))

    def _load_all(self) -> None:
        self.device = pick_device(self._wanted)
        claim(self.device)
        self.dtype = quicker_dtype(self.device)
        made = self._made = self._shelf.made = Made(describe(self.device), str(self.dtype).removeprefix("torch."), str(torch.__version__))
        self._report(f"Drawing on {made.device} in {made.dtype} with torch {made.torch}.")
        for line in self._shelf.load(self._root, self.device, self.dtype):
            self._report(line)
        for line in self.darkroom.load(self._root, self.device, self.checkpoints):
            self._report(line)

    def _serve(self, painter: Painter, fits: Fits) -> None:
        """Have a painter draw what fits it, until the schedule stops."""

        def work() -> None:
            while batch := self._schedule.take(fits):
                self._answer(batch, painter)

        kept_alive(work, partial(self._schedule.drop, Fault("fault.worker", status=500)), self._report)

    def _answer(self, batch: Sequence[Request], painter: Painter) -> None:
        """Draw a batch and hand it over. What fails together is drawn alone, so that a fault reaches only its own recipe."""
        began = time.perf_counter()
        try:
            pictures = self._pictures(batch, painter)
        except Exception as error:  # the worker outlives whatever a generator raises
            if len(batch) > 1:
                for request in batch:
                    self._answer((request,), painter)
            else:
                self._schedule.refuse(batch[0], self._explain(error, batch[0].recipe))
            return
        seconds = (time.perf_counter() - began) / len(batch)
        for request, picture in zip(batch, pictures, strict=True):
            self._schedule.answer(request, picture, seconds)

    def _pictures(self, batch: Sequence[Request], painter: Painter) -> list[Picture]:
        """Moving frames as small as they were drawn and with the recipes that were asked; all others enlarged, and told what made them."""
        first = batch[0]
        if first.recipe.after or first.recipe.source:  # it never has company
            return [self.darkroom.moving(first.recipe, first.visitor, lambda recipe: self._shelf.draw((recipe,))[0])]
        checkpoint = self._shelf.checkpoints[first.recipe.generator]
        if first.look:
            return [Picture(sheet(checkpoint, first.recipe, first.look), self.signed(first.recipe))]
        pixels = painter.draw([request.recipe for request in batch])
        pictures: list[Picture] = []
        for request, small in zip(batch, pixels, strict=True):
            recipe = request.recipe
            if request.kind != "moving":
                recipe = replace(recipe, weights=checkpoint.short_hash, made=painter.made)
                small = enlarge(small, recipe.upscale, checkpoint.card.rendering)
            pictures.append(Picture(small, recipe))
        return pictures

    def _explain(self, error: BaseException, recipe: Recipe) -> Fault:
        if isinstance(error, Fault):
            return error
        name = ", ".join((*((recipe.generator,) if recipe.generator else ()), *(step.translator for step in recipe.after)))
        if is_out_of_memory(error):
            free_memory(self.device)
            return Fault("fault.no_memory", generator=name, status=503)
        if is_lost(error):  # for this process: whoever watches /healthz starts another
            self.ready = False
            self._report(f"The device no longer answers: {error!r}. Start the studio again.")
            self._schedule.stop(lost := Fault("fault.device_lost", device=self.device.type, status=503))
            return lost
        self._report(f"Drawing with '{name}' failed: {error!r}")
        return Fault("fault.drawing", generator=name, status=500)
