"""The worker owns the device: it loads every checkpoint, draws what the schedule gives it, and says what went wrong."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Thread

import torch

from studio.darkroom import Darkroom
from studio.device import claim, describe, free_memory, is_lost, is_out_of_memory, pick_device, quicker_dtype
from studio.directions import OwnDirections
from studio.errors import Fault
from studio.frames import Picture, enlarge
from studio.inside import sheet
from studio.jobs import Request
from studio.painters import Company, Painter, sits_at, stays_home
from studio.recipe import Recipe
from studio.recipe_steps import Made
from studio.schedule import Fits, Limits, Schedule, anything
from studio.shelf import Shelf
from studio.supervisor import kept_alive
from studio.tray import Tray
from studio.works import Works


class Worker:
    """One thread draws on the device, and one waits for each seat of the company. Whatever ends them, nobody is left waiting.

    The shelf and the darkroom hold what is loaded; what lines up in the schedule is drawn.
    own: visitors' directions, which the shelf draws with; tray: the pictures from outside that the darkroom works on.
    company: who draws in its place what needs nothing of a visitor's own.
    """

    def __init__(
        self,
        checkpoints: Path,
        own: OwnDirections,
        tray: Tray,
        *,
        device: str | None,
        company: Company | None,
        limits: Limits,
        report: Callable[[str], None],
    ) -> None:
        self.ready = False
        self.device = torch.device("cpu")
        self.dtype = torch.float32
        self.made = Made("cpu", "float32", str(torch.__version__))
        self.shelf = Shelf(own)
        self.schedule = Schedule(limits)
        works = Works(queue=limits.queue, each=limits.visitor, explain=self._explain, give_way=self.schedule.give_way)
        self.darkroom = Darkroom(tray, works)
        self._root = checkpoints
        self._wanted = device
        self._company = company
        self._report = report
        self._thread: Thread | None = None

    @property
    def is_over(self) -> bool:
        """It began, and ended."""
        return self._thread is not None and not self._thread.is_alive()

    def start(self) -> None:
        """Return when everything is loaded and warm; raises what `Engine.start` does."""
        started: Future[None] = Future()
        self._thread = Thread(target=self._work, args=(started,), name="engine", daemon=True)
        self._thread.start()
        started.result()
        if self._company:
            self._seat(self._company)
        self.ready = not self.is_over

    def close(self) -> None:
        """Refuse what waits, and give the device back."""
        self.ready = False
        self.schedule.stop(Fault("fault.stopped", status=503))
        self.darkroom.works.stop(Fault("fault.stopped", status=503))
        if self._thread:
            self._thread.join(timeout=self.schedule.limits.deadline)
        if self._company:
            self._company.close()

    def _seat(self, company: Company) -> None:
        try:
            self.made = company.open(self.shelf.hashes())
        except BaseException:
            self.close()
            raise
        for seat in range(company.seats):
            mine = partial(sits_at, seat, company)
            Thread(target=self._serve, args=(company.painter(seat), mine), name=f"seat {seat}", daemon=True).start()

    def _work(self, started: Future[None]) -> None:
        """The life of the thread that has the device."""
        try:
            self._load()
            # What was loaded stays: the collector need not walk through it again, which would hold up a frame for tens of ms.
            gc.collect()
            gc.freeze()
            started.set_result(None)
            self._serve(self.shelf, partial(stays_home, only_rests=self._company.only_rests) if self._company else anything)
        except BaseException as error:  # also what is no Exception must not leave futures hanging
            if started.done():
                self._report(f"The engine stopped: {error!r}. Start the studio again.")
            else:
                started.set_exception(error)
        finally:
            self.ready = False
            self.schedule.stop(Fault("fault.stopped", status=503))

    def _load(self) -> None:
        self.device = pick_device(self._wanted)
        claim(self.device)
        self.dtype = quicker_dtype(self.device)
        made = self.made = self.shelf.made = Made(describe(self.device), str(self.dtype).removeprefix("torch."), str(torch.__version__))
        self._report(f"Drawing on {made.device} in {made.dtype} with torch {made.torch}.")
        for line in self.shelf.load(self._root, self.device, self.dtype):
            self._report(line)
        for line in self.darkroom.load(self._root, self.device, self.shelf.checkpoints):
            self._report(line)

    def _serve(self, painter: Painter, fits: Fits) -> None:
        """Have a painter draw what fits it, until the schedule stops."""

        def work() -> None:
            while batch := self.schedule.take(fits):
                self._answer(batch, painter)

        kept_alive(work, partial(self.schedule.drop, Fault("fault.worker", status=500)), self._report)

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
                self.schedule.refuse(batch[0], self._explain(error, batch[0].recipe))
            return
        seconds = (time.perf_counter() - began) / len(batch)
        for request, picture in zip(batch, pictures, strict=True):
            self.schedule.answer(request, picture, seconds)

    def _pictures(self, batch: Sequence[Request], painter: Painter) -> list[Picture]:
        """Moving frames as small as they were drawn and with the recipes that were asked; all others enlarged, and told what made them."""
        first = batch[0]
        if first.recipe.after or first.recipe.source:  # it never has company
            return [self.darkroom.moving(first.recipe, first.visitor, lambda recipe: self.shelf.draw((recipe,))[0])]
        checkpoint = self.shelf.checkpoints[first.recipe.generator]
        if first.look:  # nor has this
            signed = replace(first.recipe, weights=checkpoint.short_hash, made=self.made)
            return [Picture(sheet(checkpoint, first.recipe, first.look), signed)]
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
        """What whoever waits for a recipe is told of an error. One that means the device is lost ends everything."""
        if isinstance(error, Fault):
            return error
        name = ", ".join((*((recipe.generator,) if recipe.generator else ()), *(step.translator for step in recipe.after)))
        if is_out_of_memory(error):
            free_memory(self.device)
            return Fault("fault.no_memory", generator=name, status=503)
        if is_lost(error):  # for this process: whoever watches /healthz starts another
            self.ready = False
            self._report(f"The device no longer answers: {error!r}. Start the studio again.")
            self.schedule.stop(lost := Fault("fault.device_lost", device=self.device.type, status=503))
            return lost
        self._report(f"Drawing with '{name}' failed: {error!r}")
        return Fault("fault.drawing", generator=name, status=500)
