"""Loads every checkpoint, owns the device, and turns recipes into pictures."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Thread
from types import MappingProxyType
from typing import Literal

import torch

from models.checkpoint import Checkpoint, CheckpointError, find, load
from models.strokes import Stroke
from studio import drawing
from studio.device import claim, describe, free_memory, is_out_of_memory, pick_device, quicker_dtype, resident_mb
from studio.errors import Fault
from studio.figures import Figures, Tally
from studio.frames import Picture, enlarge
from studio.jobs import Job, PictureFuture, Request, Superseded
from studio.recipe import Made, Recipe
from studio.sampling import Mode, sample
from studio.schedule import Limits, Schedule

Shown = Literal["preview", "sheet", "neighbours"]
WARM_UPS = 3  # the first draw of a network allocates and chooses kernels; the last is what it costs


class Engine:
    """The single way from a recipe to a picture, for slider, button, API, link, gallery and tests.

    One worker thread owns the device. Everything else only lines up in the schedule and waits, so that any thread may
    call any method. `start` before the first request, `close` after the last; or use it as a context manager.
    """

    def __init__(
        self,
        checkpoints: Path,
        *,
        device: str | None = None,
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
        self._checkpoints: dict[str, drawing.Prepared] = {}
        self._folders: dict[str, Path] = {}
        self._made = Made("cpu", "float32", str(torch.__version__))
        self._schedule = Schedule(self.limits)
        self._tally = Tally()
        self._worker: Thread | None = None

    def __enter__(self) -> Engine:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def checkpoints(self) -> Mapping[str, Checkpoint]:
        """By id, in the order of the page."""
        return MappingProxyType(self._checkpoints)

    def start(self) -> None:
        """Load and warm up every checkpoint, with a line each; returns when ready.

        A damaged checkpoint is left out, and its fault reported. Raises CheckpointError where none is left, and
        ValueError for a device that cannot be used.
        """
        started: Future[None] = Future()
        self._worker = Thread(target=self._work, args=(started,), name="engine", daemon=True)
        self._worker.start()
        started.result()

    def close(self) -> None:
        """Refuse what waits, and give the device back."""
        self.ready = False
        self._schedule.stop(Fault("fault.stopped", status=503))
        if self._worker:
            self._worker.join(timeout=self.limits.deadline)

    def hashes(self) -> dict[str, str]:
        """Generator id -> short hash of the weights that are loaded."""
        return {name: checkpoint.short_hash for name, checkpoint in self._checkpoints.items()}

    def shown(self, generator: str, what: Shown) -> Path | None:
        """A picture that lies beside a checkpoint, if it has one: its preview, a sheet, or what it learned from that is nearest."""
        folder = self._folders.get(generator)
        path = folder / f"{what}.webp" if folder else None
        return path if path and path.is_file() else None

    def draw(self, recipe: Recipe, *, visitor: str = "local", deadline: float | None = None) -> Picture:
        """Wait for one picture, drawn alone so that its bytes never depend on company; Fault for everything that goes wrong."""
        future = self.ask(recipe, visitor=visitor, deadline=deadline)
        try:
            return future.result(self.limits.deadline if deadline is None else deadline)
        except TimeoutError:
            future.cancel()
            raise Fault("fault.too_late", status=504) from None

    def ask(self, recipe: Recipe, *, visitor: str = "local", deadline: float | None = None) -> PictureFuture:
        """`draw` for those who must not block: faults in the request are raised, those of the drawing come with the future."""
        self._check(recipe)
        return self._count(visitor, "single", self._schedule.single(visitor, recipe, deadline))

    def live(self, visitor: str, recipe: Recipe, exact: bool = False, *, channel: str = "") -> PictureFuture:
        """The newest recipe under a visitor's hand; what it replaces raises Superseded. One channel a page that is open.

        Moving frames may be drawn in company, which can change a value by 1 of 255; an exact one is drawn as `draw` does.
        """
        try:
            self._check(recipe)
            future = self._schedule.live(visitor, f"live {channel}", recipe, exact=exact)
        except Fault as fault:
            future = PictureFuture()
            future.set_exception(fault)
        return self._count(visitor, "resting" if exact else "moving", future)

    def sample(self, recipe: Recipe, mode: Mode, count: int, seed: int = 0) -> list[Recipe]:
        """The recipes of a sheet around one, to be submitted as a job; Fault where there is no such sheet. Takes some milliseconds."""
        self._check(recipe)
        return sample(self._checkpoints[recipe.generator], recipe, mode, count, seed)

    def strokes(self, recipe: Recipe) -> list[Stroke]:
        """What a recipe draws, as strokes; Fault where its generator writes none. Takes some tens of milliseconds."""
        self._check(recipe)
        return drawing.strokes(self._checkpoints[recipe.generator], recipe)

    def submit(self, recipes: Sequence[Recipe], *, visitor: str) -> Job:
        """A job of many pictures, behind all live work; Fault where the queue is full or a recipe cannot be drawn."""
        for recipe in recipes:
            self._check(recipe)
        job = self._schedule.submit(visitor, recipes)
        for future in job.futures:
            self._count(visitor, "job", future)
        return job

    def figures(self) -> Figures:
        return self._tally.figures(self._schedule.waiting(), resident_mb())

    def _check(self, recipe: Recipe) -> None:
        """Refuse before queueing what can never be drawn."""
        if not self.ready:
            over = self._worker is not None and not self._worker.is_alive()
            raise Fault("fault.stopped" if over else "fault.not_ready", status=503)
        if recipe.generator not in self._checkpoints:
            raise Fault("fault.no_generator", generator=recipe.generator, known=", ".join(self._checkpoints), status=404)
        drawing.check(self._checkpoints[recipe.generator], recipe)

    def _count(self, visitor: str, kind: str, future: PictureFuture) -> PictureFuture:
        self._tally.see(visitor)
        future.add_done_callback(partial(self._counted, kind, time.monotonic()))
        return future

    def _counted(self, kind: str, asked: float, future: Future[Picture]) -> None:
        if future.cancelled() or isinstance(future.exception(), Superseded):
            return
        if future.exception():
            self._tally.failed()
        else:
            self._tally.drew(moving=kind == "moving", delay_ms=None if kind == "job" else (time.monotonic() - asked) * 1000)

    def _work(self, started: Future[None]) -> None:
        """The worker's life. Whatever ends it, nobody is left waiting."""
        try:
            self._load_all()
            # What was loaded stays: the collector need not walk through it again, which would hold up a frame for tens of ms.
            gc.collect()
            gc.freeze()
            self.ready = True
            started.set_result(None)
            while batch := self._schedule.take():
                self._answer(batch)
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
        self._made = Made(describe(self.device), str(self.dtype).removeprefix("torch."), str(torch.__version__))
        folders = find(self._root)
        self._report(f"Drawing on {self._made.device} in {self._made.dtype} with torch {self._made.torch}.")
        for number, folder in enumerate(folders, start=1):
            try:
                line = self._load(folder)
            except CheckpointError as error:
                line = f"left out. {error}"
            self._report(f"[{number}/{len(folders)}] {folder.name}: {line}")
        if not self._checkpoints:
            fault = f"Every checkpoint in {self._root} is damaged" if folders else f"There is no checkpoint in {self._root}"
            raise CheckpointError(f"{fault}. Restore the folder from the repository, or name another with --checkpoints.")

    def _load(self, folder: Path) -> str:
        """Load and warm up one checkpoint; the line that says so."""
        checkpoint = load(folder)
        name = checkpoint.card.id
        if name in self._checkpoints:
            raise CheckpointError(f"'{name}' is there already, in {self._folders[name]}. Change the id on one of the cards.")
        try:
            prepared = drawing.prepare(checkpoint, self.device, self.dtype)
            for _ in range(WARM_UPS):
                began = time.perf_counter()
                drawing.draw(prepared, (Recipe(name),))
        except Exception as error:  # whatever it is, the other checkpoints can still be drawn with
            raise CheckpointError(f"Its first picture failed: {error}") from error
        milliseconds = (time.perf_counter() - began) * 1000
        self._checkpoints[name], self._folders[name] = prepared, folder
        return f"{checkpoint.generator.spec.size} px, {milliseconds:.1f} ms a picture"

    def _answer(self, batch: Sequence[Request]) -> None:
        """Draw a batch and hand it over. What fails together is drawn alone, so that a fault reaches only its own recipe."""
        checkpoint = self._checkpoints[batch[0].recipe.generator]
        began = time.perf_counter()
        try:
            pictures = self._pictures(checkpoint, batch)
        except Exception as error:  # the worker outlives whatever a generator raises
            if len(batch) > 1:
                for request in batch:
                    self._answer((request,))
            else:
                self._schedule.refuse(batch[0], self._explain(error, batch[0].recipe))
            return
        seconds = (time.perf_counter() - began) / len(batch)
        for request, picture in zip(batch, pictures, strict=True):
            self._schedule.answer(request, picture, seconds)

    def _pictures(self, checkpoint: drawing.Prepared, batch: Sequence[Request]) -> list[Picture]:
        """Moving frames as small as they were drawn and with the recipes that were asked; all others enlarged, and told what made them."""
        pixels = self._draw(checkpoint, [request.recipe for request in batch]).numpy()
        pictures: list[Picture] = []
        for request, small in zip(batch, pixels, strict=True):
            recipe = request.recipe
            if request.kind != "moving":
                recipe = replace(recipe, weights=checkpoint.short_hash, made=self._made)
                small = enlarge(small, recipe.upscale, checkpoint.card.rendering)
            pictures.append(Picture(small, recipe))
        return pictures

    def _draw(self, checkpoint: drawing.Prepared, recipes: Sequence[Recipe]) -> torch.Tensor:
        """Out of memory frees what is unused; a single picture is then tried once more, a batch by its caller one by one."""
        try:
            return drawing.draw(checkpoint, recipes)
        except Exception as error:
            if not is_out_of_memory(error):
                raise
        # Outside the except block: a handled error's traceback would keep the failed attempt's tensors alive.
        free_memory(self.device)
        if len(recipes) > 1:
            raise MemoryError
        return drawing.draw(checkpoint, recipes)

    def _explain(self, error: Exception, recipe: Recipe) -> Fault:
        if isinstance(error, Fault):
            return error
        if is_out_of_memory(error):
            free_memory(self.device)
            return Fault("fault.no_memory", generator=recipe.generator, status=503)
        self._report(f"Drawing with '{recipe.generator}' failed: {error!r}")
        return Fault("fault.drawing", generator=recipe.generator, status=500)
