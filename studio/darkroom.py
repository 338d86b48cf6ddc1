"""The darkroom: what is done to pictures once they are there, by the translators, one step of a recipe after another."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from models.checkpoint import Translation, find_translators, load_translator
from models.translators.translator import Beside, Others, TranslatorSpec, as_tensor
from studio.errors import Fault
from studio.frames import Picture
from studio.pictures import Upload, drop, stream
from studio.recipe import Made, Recipe, Step, to_json
from studio.tray import Tray
from studio.works import Tell, Work, Works

MOVING = 384  # pixels of the longer side that are worked on while a hand moves
HELD = 40_000_000  # pixels of the largest picture that is made whole; larger ones are written strip by strip
STARTERS = "starters/*.webp"
WARM_UP = 64  # pixels a side
Draw = Callable[[Recipe], np.ndarray]  # what a generator draws of a recipe, (h, w, 3) uint8


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

    def load(self, root: Path, device: torch.device) -> Iterator[str]:
        """Load and try every translator; a line each. A damaged one is left out, and its fault told."""
        for folder in find_translators(root):
            try:
                loaded = load_translator(folder)
                translator = loaded.translator.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
                prepared = Prepared(loaded.card, translator, device)
                side = prepared.spec.side or WARM_UP
                began = time.perf_counter()
                blank = np.zeros((side, side, 3), np.uint8)
                beside = {one.name: [blank[..., : 1 if one.kind == "mask" else 3]] * one.least for one in prepared.spec.beside}
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
            self.tray.open(id, visitor)

    def size(self, recipe: Recipe, visitor: str, drawn: tuple[int, int]) -> tuple[int, int]:
        """Width and height of what a recipe makes; `drawn` is what its generator draws."""
        width, height = self.tray.open(recipe.source, visitor).size if recipe.source else drawn
        for step in recipe.after:
            translator = self._translators[step.translator].translator
            width, height = translator.size(width, height, translator.spec.read(dict(step.options)))
        return width, height

    def moving(self, recipe: Recipe, visitor: str, draw: Draw) -> Picture:
        """A recipe while a hand moves: small, and without what only makes it larger."""
        pixels = _reduced(self._begin(recipe, visitor, draw), MOVING)
        for step in recipe.after:
            prepared = self._translators[step.translator]
            if prepared.spec.factor == 1:
                pixels = _work(prepared, step, pixels, self._beside(step, visitor))
        return Picture(pixels, recipe)

    def develop(self, recipe: Recipe, visitor: str, draw: Draw, made: Made, drawn: tuple[int, int]) -> Work:
        """A recipe as a work whose future holds a Picture; Fault where the picture is too large to be held."""
        width, height = self.size(recipe, visitor, drawn)
        if width * height > HELD:
            raise Fault("fault.picture_held", pixels=width * height // 1_000_000, most=HELD // 1_000_000, status=413)

        def run(tell: Tell) -> Picture:
            pixels = self._begin(recipe, visitor, draw)
            for step, part in self._steps(recipe, tell):
                pixels = _work(self._translators[step.translator], step, pixels, self._beside(step, visitor), part)
            return Picture(pixels, self.signed(recipe, made))

        return self.works.submit(Work(visitor, recipe, self._cost(recipe, visitor, drawn), run))

    def finish(self, recipe: Recipe, visitor: str, draw: Draw, made: Made, drawn: tuple[int, int], path: Path) -> Work:
        """A recipe as a work that writes a PNG, as large as it may be: its future holds the path. The colours are those of the source."""

        def run(tell: Tell) -> Path:
            try:
                return write(tell)
            except BaseException:
                drop(path)
                raise

        def write(tell: Tell) -> Path:
            pixels, steps = self._begin(recipe, visitor, draw), list(self._steps(recipe, tell))
            source = self.tray.open(recipe.source, visitor) if recipe.source else Upload(pixels)
            signed = self.signed(recipe, made)
            for step, part in steps[:-1]:
                pixels = _work(self._translators[step.translator], step, pixels, self._beside(step, visitor), part)
            strips: Iterator[np.ndarray] = iter((pixels,))
            if steps:
                step, part = steps[-1]
                strips = _strips(self._translators[step.translator], step, pixels, self._beside(step, visitor), part)
            stream(path, source, self.size(recipe, visitor, drawn), strips, to_json(signed))
            return path

        return self.works.submit(Work(visitor, recipe, self._cost(recipe, visitor, drawn), run), listed=True)

    def signed(self, recipe: Recipe, made: Made) -> Recipe:
        """The recipe with the weights that worked on it, and what they ran on."""
        after = tuple(replace(step, weights=self._translators[step.translator].short_hash) for step in recipe.after)
        return replace(recipe, after=after, made=made)

    def _begin(self, recipe: Recipe, visitor: str, draw: Draw) -> np.ndarray:
        return self.tray.open(recipe.source, visitor).pixels if recipe.source else draw(recipe)

    def _steps(self, recipe: Recipe, tell: Tell) -> Iterator[tuple[Step, Tell]]:
        """Each step with a teller that counts it as its share of the whole."""
        count = len(recipe.after)
        for number, step in enumerate(recipe.after):
            yield step, lambda done, total, number=number: tell(number * total + done, count * total)

    def _cost(self, recipe: Recipe, visitor: str, drawn: tuple[int, int]) -> float:
        """Pixels that are worked on in all."""
        before = (replace(recipe, after=recipe.after[:count]) for count in range(max(len(recipe.after), 1)))
        return float(sum(width * height for width, height in (self.size(one, visitor, drawn) for one in before)))

    def _beside(self, step: Step, visitor: str) -> dict[str, list[np.ndarray]]:
        kinds = {one.name: one.kind for one in self._translators[step.translator].spec.beside}
        found: dict[str, list[np.ndarray]] = {}
        for name, ids in step.beside:
            pictures = [self.tray.open(id, visitor).pixels for id in ids]
            found[name] = [one.max(-1, keepdims=True) for one in pictures] if kinds[name] == "mask" else pictures
        return found


def _check_beside(step: Step, spec: TranslatorSpec) -> None:
    given, known = {name: len(ids) for name, ids in step.beside}, {one.name: one for one in spec.beside}
    if unknown := sorted(given.keys() - known.keys()):
        raise Fault("fault.step_beside", translator=step.translator, name=unknown[0], known=", ".join(known) or "–")
    for name, one in known.items():
        if not one.least <= given.get(name, 0) <= one.most:
            raise Fault("fault.step_count", translator=step.translator, name=name, least=one.least, most=one.most)


def _work(
    prepared: Prepared, step: Step, pixels: np.ndarray, beside: Mapping[str, Sequence[np.ndarray]], tell: Tell = lambda done, total: None
) -> np.ndarray:
    with torch.inference_mode():
        options, others, fitted = _told(prepared, step, pixels, beside)
        return prepared.translator.work(fitted, options, others, tell)


def _strips(
    prepared: Prepared, step: Step, pixels: np.ndarray, beside: Mapping[str, Sequence[np.ndarray]], tell: Tell
) -> Iterator[np.ndarray]:
    """From top to bottom where the translator can; else the whole."""
    if prepared.translator.reach is None:
        yield _work(prepared, step, pixels, beside, tell)
        return
    with torch.inference_mode():
        options, others, fitted = _told(prepared, step, pixels, beside)
        yield from prepared.translator.strips(fitted, options, others, tell)


def _told(
    prepared: Prepared, step: Step, pixels: np.ndarray, beside: Mapping[str, Sequence[np.ndarray]]
) -> tuple[dict[str, float], Others, np.ndarray]:
    """Options complete, pictures of the only size that the translator knows, masks of the size of the picture."""
    spec = prepared.spec
    fitted = _square(pixels, spec.side) if spec.side else pixels
    kinds: dict[str, Beside] = {one.name: one for one in spec.beside}
    others: dict[str, list[Tensor]] = {}
    for name, pictures in beside.items():
        masks = kinds[name].kind == "mask"
        resized = [_resized(one, fitted.shape[1], fitted.shape[0]) if masks else one for one in pictures]
        others[name] = [as_tensor(one)[0].to(prepared.device) for one in resized]
    return spec.read(dict(step.options)), others, fitted


def _square(pixels: np.ndarray, side: int) -> np.ndarray:
    """The middle square at a side."""
    height, width, _ = pixels.shape
    least = min(height, width)
    top, left = (height - least) // 2, (width - least) // 2
    return _resized(pixels[top : top + least, left : left + least], side, side)


def _reduced(pixels: np.ndarray, side: int) -> np.ndarray:
    """At most so many pixels on the longer side."""
    height, width, _ = pixels.shape
    if (longest := max(height, width)) <= side:
        return pixels
    return _resized(pixels, max(round(width * side / longest), 1), max(round(height * side / longest), 1))


def _resized(pixels: np.ndarray, width: int, height: int) -> np.ndarray:
    if pixels.shape[:2] == (height, width):
        return pixels
    picture: Any = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
    small = np.asarray(picture.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=2.0))
    return small[..., None] if pixels.shape[2] == 1 else small
