"""The darkroom: what is done to pictures once they are there, by the translators, one step of a recipe after another."""

from __future__ import annotations

import time
from collections.abc import Callable, Container, Generator, Iterator, Mapping, Sequence
from concurrent.futures import Future, InvalidStateError
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import MappingProxyType

import numpy as np
import torch
from torch import Tensor

from models.checkpoint import CheckpointError, Translation, find_translators, load_translator
from models.translators.translator import Beside, Others, Tell, TranslatorSpec, as_tensor, unheard
from studio.errors import Fault
from studio.frames import Picture, texts
from studio.gallery_index import as_faults
from studio.jobs import PictureFuture
from studio.pictures import Upload, drop, on_white, reduced, resized, square, stream
from studio.recipe import Recipe
from studio.recipe_steps import Made, Step
from studio.tray import SMALL, Tray
from studio.works import Work, Works

HELD = 40_000_000  # pixels of the largest picture that is made whole; larger ones are written strip by strip
STARTERS = "starters/*.webp"
BETWEEN = 100_000_000  # pixels of the largest picture that a step may hand to the next
WRITTEN = 2_000_000_000  # pixels of the largest picture that is written
BESIDE = 2048  # pixels of the longer side of a picture beside: enough of any style
WARM_UP = 64  # pixels a side
Draw = Callable[[Recipe], np.ndarray]  # what a generator draws of a recipe, (h, w, 3) uint8
Open = Callable[[str, str], Upload]  # a picture from outside, by its id and its visitor


@dataclass(frozen=True)
class Prepared(Translation):
    """A translator on its device."""

    device: torch.device
    starters: tuple[tuple[str, str], ...] = ()  # name and id of pictures that lie with it, to begin with

    @property
    def short_hash(self) -> str:
        return self.card.weights_sha256[:12]

    @property
    def spec(self) -> TranslatorSpec:
        return self.translator.spec


class Darkroom:
    """Loads the translators and works through the steps of recipes: small pictures at once, others as works."""

    def __init__(self, tray: Tray, works: Works) -> None:
        self.tray = tray
        self.works = works
        self._translators: dict[str, Prepared] = {}
        self._folders: dict[str, Path] = {}

    @property
    def translators(self) -> Mapping[str, Prepared]:
        """By id, in the order of the page."""
        return MappingProxyType(self._translators)

    def hashes(self) -> dict[str, str]:
        return {name: one.short_hash for name, one in self._translators.items()}

    def folder(self, translator: str) -> Path | None:
        return self._folders.get(translator)

    def load(self, root: Path, device: torch.device, taken: Container[str] = ()) -> Iterator[str]:
        """Load and try every translator; a line each. A damaged one is left out, and its fault told, as is one whose id is taken."""
        for folder in find_translators(root):
            try:
                loaded = load_translator(folder)
                if (name := loaded.card.id) in self._translators or name in taken:
                    raise CheckpointError(f"'{name}' is there already. Change the id on one of the cards.")
                translator = loaded.translator.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
                prepared = Prepared(loaded.card, translator, device)
                side = prepared.spec.side or WARM_UP
                began = time.perf_counter()
                blank = np.zeros((side, side, 3), np.uint8)
                beside = {one.name: [blank[..., 0] if one.kind == "mask" else blank] * one.least for one in prepared.spec.beside}
                _work(prepared, Step(loaded.card.id), blank, beside)
            except Exception as error:  # whatever it is, the rest can still be used
                yield f"{folder.name}: left out. {error}"
                continue
            starters = tuple((path.stem, self.tray.lend(path)) for path in sorted(folder.glob(STARTERS)))
            prepared = replace(prepared, starters=starters)
            self._translators[loaded.card.id], self._folders[loaded.card.id] = prepared, folder
            yield f"{folder.name}: {(time.perf_counter() - began) * 1000:.0f} ms for {side} px"

    def check(self, recipe: Recipe, visitor: str) -> None:
        """Fault for what can never be worked: an unknown translator, option or picture, or one that is missing."""
        for step in recipe.after:
            if step.translator not in self._translators:
                known = ", ".join(self._translators) or "–"
                raise Fault("fault.no_translator", name=step.translator, known=known, status=404)
            spec = self._translators[step.translator].spec
            try:
                spec.read(dict(step.options))
            except ValueError as error:
                raise Fault("fault.step_option", translator=step.translator, problem=str(error)) from error
            _check_beside(step, spec)
        for id in recipe.ingredients:
            self.tray.find(id, visitor)

    def _sizes(self, recipe: Recipe, visitor: str, drawn: tuple[int, int]) -> list[tuple[int, int]]:
        """Width and height of what a recipe begins with, `drawn` by its generator or brought in, and of what each step makes of it."""
        width, height = self.tray.size(recipe.source, visitor) if recipe.source else drawn
        sizes = [(width, height)]
        for step in recipe.after:
            translator = self._translators[step.translator].translator
            width, height = translator.size(width, height, translator.spec.read(dict(step.options)))
            sizes.append((width, height))
        return sizes

    def _cost(self, recipe: Recipe, sizes: Sequence[tuple[int, int]]) -> float:
        """Pixels that are worked on in all, as often as they are."""
        efforts = [self._translators[step.translator].spec.effort(dict(step.options)) for step in recipe.after] or [1.0]
        return float(sum(width * height * effort for (width, height), effort in zip(sizes, efforts, strict=False)))

    def moving(self, recipe: Recipe, visitor: str, draw: Draw) -> Picture:
        """A recipe while a hand moves: small, and without what only makes it larger."""
        pixels = reduced(self._begin(recipe, visitor, draw, self.tray.small), SMALL).pixels
        for step in recipe.after:
            prepared = self._translators[step.translator]
            if prepared.spec.factor == 1:
                quick = replace(step, options=tuple(prepared.spec.quick(dict(step.options)).items()))
                pixels = _work(prepared, quick, pixels, self._beside(step, visitor, self.tray.small))
        return Picture(pixels, recipe)

    def develop(self, recipe: Recipe, visitor: str, draw: Draw, drawn: tuple[int, int]) -> PictureFuture:
        """A signed recipe as a picture; who no longer waits for it cancels the work. Fault where it is too large to be held."""
        sizes = self._sizes(recipe, visitor, drawn)
        _refuse_large("fault.picture_held", sizes[1:] or sizes, HELD)

        def run(tell: Tell) -> Picture:
            (pixels,) = self._worked(recipe, visitor, self._begin(recipe, visitor, draw, self.tray.open).pixels, tell, whole=True)
            return Picture(pixels, recipe)

        def pass_on(done: Future[Picture]) -> None:
            with suppress(InvalidStateError):  # nobody waits any more
                if done.cancelled():
                    future.cancel()
                elif error := done.exception():
                    future.set_exception(error)
                else:
                    future.draw_ms = (work.ended - work.began) * 1000
                    future.set_result(done.result())

        future = PictureFuture()
        work = self.works.submit(Work(visitor, recipe, sizes[-1], self._cost(recipe, sizes), run))
        work.future.add_done_callback(pass_on)
        future.add_done_callback(lambda _: self.works.cancel(work))
        return future

    def finish(self, recipe: Recipe, visitor: str, draw: Draw, drawn: tuple[int, int], path: Path) -> Work:
        """A signed recipe as a work that writes a PNG: its future holds the path. The colours are those of the source."""
        sizes = self._sizes(recipe, visitor, drawn)
        _refuse_large("fault.picture_written", sizes[1:-1], BETWEEN)
        _refuse_large("fault.picture_written", sizes[-1:], WRITTEN)

        def run(tell: Tell) -> Path:
            source = self._begin(recipe, visitor, draw, self.tray.open)
            with as_faults(path), closing(self._worked(recipe, visitor, source.pixels, tell)) as strips:
                stream(path, source, sizes[-1], strips, texts(recipe))
            return path

        return self.works.submit(Work(visitor, recipe, sizes[-1], self._cost(recipe, sizes), run, undo=partial(drop, path)), listed=True)

    def made(self, recipe: Recipe, visitor: str, draw: Draw) -> np.ndarray:
        """What a recipe makes, (h, w, 3) without alpha, here and now: for a work that is itself under way."""
        return self.worked(recipe, visitor, on_white(self._begin(recipe, visitor, draw, self.tray.open)).pixels)

    def worked(self, recipe: Recipe, visitor: str, pixels: np.ndarray) -> np.ndarray:
        """What a recipe's steps make of pixels (h, w, 3), here and now: for a work that is itself under way."""
        (made,) = self._worked(recipe, visitor, pixels, unheard, whole=True)
        return made

    def signed(self, recipe: Recipe, made: Made) -> Recipe:
        """The recipe with the weights that worked on it, and what they ran on."""
        after = tuple(replace(step, weights=self._translators[step.translator].short_hash) for step in recipe.after)
        return replace(recipe, after=after, made=made)

    def _begin(self, recipe: Recipe, visitor: str, draw: Draw, open: Open) -> Upload:
        """What the steps begin with. It goes out with the alpha and the greys that it came in with, unless a step gives it others."""
        if not recipe.source:
            return Upload(draw(recipe))
        source, specs = open(recipe.source, visitor), [self._translators[step.translator].spec for step in recipe.after]
        if any(spec.side or spec.given == "sketch" for spec in specs):
            source = on_white(source)
        return replace(source, grey=source.grey and all(spec.factor > 1 for spec in specs))

    def _worked(self, recipe: Recipe, visitor: str, pixels: np.ndarray, tell: Tell, *, whole: bool = False) -> Generator[np.ndarray]:
        """What the steps make of pixels, the last of them from top to bottom unless the whole is wanted."""
        steps = list(self._steps(recipe, tell))
        for number, (step, part) in enumerate(steps, start=1):
            prepared, beside = self._translators[step.translator], self._beside(step, visitor, self.tray.open)
            if number == len(steps) and not whole:
                yield from _strips(prepared, step, pixels, beside, part)
                return
            pixels = _work(prepared, step, pixels, beside, part)
        yield pixels

    def _steps(self, recipe: Recipe, tell: Tell) -> Iterator[tuple[Step, Tell]]:
        """Each step with a teller that counts it as its share of the whole; what stands there is seen of the last one."""
        count = len(recipe.after)
        for number, step in enumerate(recipe.after):

            def part(done: int, total: int, so_far: np.ndarray | None = None, number: int = number) -> None:
                tell(number * total + done, count * total, so_far if number == count - 1 else None)

            yield step, part

    def _beside(self, step: Step, visitor: str, open: Open) -> dict[str, list[np.ndarray]]:
        """Pictures beside, (h, w, 3), and masks, (h, w), as they came, by name."""
        kinds = {one.name: one.kind for one in self._translators[step.translator].spec.beside}
        found: dict[str, list[np.ndarray]] = {}
        for name, ids in step.beside:
            pictures = [open(id, visitor) for id in ids]
            mask = kinds[name] == "mask"
            found[name] = [one.pixels.max(-1) if mask else reduced(on_white(one), BESIDE).pixels for one in pictures]
        return found


def _refuse_large(code: str, sizes: Sequence[tuple[int, int]], most: int) -> None:
    for width, height in sizes:
        if width * height > most:
            raise Fault(code, pixels=width * height // 1_000_000, most=most // 1_000_000, status=413)


def _check_beside(step: Step, spec: TranslatorSpec) -> None:
    given, known = {name: len(ids) for name, ids in step.beside}, {one.name: one for one in spec.beside}
    if unknown := sorted(given.keys() - known.keys()):
        raise Fault("fault.step_beside", translator=step.translator, name=unknown[0], known=", ".join(known) or "–")
    for name, one in known.items():
        if not one.least <= given.get(name, 0) <= one.most:
            raise Fault("fault.step_count", translator=step.translator, name=name, least=one.least, most=one.most)


@torch.inference_mode()
def _work(
    prepared: Prepared, step: Step, pixels: np.ndarray, beside: Mapping[str, Sequence[np.ndarray]], tell: Tell = unheard
) -> np.ndarray:
    options, others, fitted = _told(prepared, step, pixels, beside)
    return prepared.translator.work(fitted, options, others, tell)


@torch.inference_mode()
def _strips(
    prepared: Prepared, step: Step, pixels: np.ndarray, beside: Mapping[str, Sequence[np.ndarray]], tell: Tell
) -> Iterator[np.ndarray]:
    """From top to bottom where the translator can; else the whole."""
    options, others, fitted = _told(prepared, step, pixels, beside)
    if prepared.translator.reach is None:
        yield prepared.translator.work(fitted, options, others, tell)
    else:
        yield from prepared.translator.strips(fitted, options, others, tell)


def _told(
    prepared: Prepared, step: Step, pixels: np.ndarray, beside: Mapping[str, Sequence[np.ndarray]]
) -> tuple[dict[str, float], Others, np.ndarray]:
    """Options complete, pictures of the only size that the translator knows, masks of the size of the picture and cut as it is."""
    spec, (height, width) = prepared.spec, pixels.shape[:2]
    fitted = square(pixels, spec.side) if spec.side else pixels
    kinds: dict[str, Beside] = {one.name: one for one in spec.beside}
    others: dict[str, list[Tensor]] = {}
    for name, pictures in beside.items():
        if kinds[name].kind == "mask":
            masks = [resized(one, width, height) for one in pictures]
            pictures = [(square(one, spec.side) if spec.side else one)[..., None] for one in masks]
        others[name] = [as_tensor(one)[0].to(prepared.device) for one in pictures]
    return spec.read(dict(step.options)), others, fitted
