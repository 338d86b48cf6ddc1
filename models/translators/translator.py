"""What a translator declares, and the one step it promises: pictures and options in, pictures out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from models.translators.tiling import Tiling, strips


@dataclass(frozen=True)
class Option:
    """A number that a visitor may turn."""

    name: str
    usual: float
    least: float = 0.0
    most: float = 1.0
    unit: str = ""  # what it counts; "" = a share
    whole: bool = False  # it has no decimals
    slow: bool = False  # each step above its least takes as long as all the rest: it is left at that while a hand moves

    def __post_init__(self) -> None:
        if not self.least <= self.usual <= self.most:
            raise ValueError(f"'{self.name}' is usually between {self.least} and {self.most}, not {self.usual}.")


@dataclass(frozen=True)
class Beside:
    """Another picture that it is given: a style to follow, a mask of where."""

    name: str
    kind: Literal["picture", "mask"] = "picture"  # (3, h, w), or (1, h, w) of the size of the picture itself; 1 = here
    least: int = 0
    most: int = 1


@dataclass(frozen=True)
class TranslatorSpec:
    """What a translator can do; the page, the API and the checks of both follow from it."""

    family: str
    factor: int = 1  # how many times larger a side comes out
    options: tuple[Option, ...] = ()
    beside: tuple[Beside, ...] = ()
    given: Literal["picture", "sketch"] = "picture"  # a sketch is dark lines on white
    side: int = 0  # the only size that it knows, pixels a side of a square; 0 = any
    multiple: int = 1  # both sides of what it is given are multiples of this

    def read(self, given: Mapping[str, float]) -> dict[str, float]:
        """Every option, as given or as usual; ValueError for one that is unknown or out of its range."""
        known = {option.name: option for option in self.options}
        if unknown := sorted(given.keys() - known.keys()):
            raise ValueError(f"'{self.family}' has no option {unknown[0]}. It has: {', '.join(known) or 'none'}.")
        for name, value in given.items():
            if not known[name].least <= value <= known[name].most:  # NaN fails the comparison
                raise ValueError(f"'{name}' is between {known[name].least:g} and {known[name].most:g}, not {value}.")
            if known[name].whole and value != round(value):
                raise ValueError(f"'{name}' is a whole number, not {value}.")
        return {name: float(given.get(name, option.usual)) for name, option in known.items()}

    def effort(self, given: Mapping[str, float]) -> float:
        """How many times as long as usual it takes, roughly."""
        return 1 + sum(given.get(option.name, option.usual) - option.least for option in self.options if option.slow)

    def quick(self, given: Mapping[str, float]) -> dict[str, float]:
        """The same without what costs time."""
        return {**given, **{option.name: option.least for option in self.options if option.slow}}


def shares(told: Mapping[str, float], names: Sequence[str]) -> Tensor:
    """The options of these names as a mixture, (names,), its sum one; where all are nothing, the first alone."""
    asked = torch.tensor([told[name] for name in names])
    if names and not asked.any():
        asked[0] = 1
    return asked / asked.sum().clamp_min(torch.finfo(asked.dtype).tiny)


Others = Mapping[str, Sequence[Tensor]]  # by the name of a Beside: pictures (3, h, w) or masks (1, h, w), in [0, 1]
NONE: Others = MappingProxyType({})


class Tell(Protocol):
    """How a work says how far it is: parts done, of how many; and, (h, w, 3) uint8, what stands there where that is worth seeing."""

    def __call__(self, done: int, total: int, so_far: np.ndarray | None = None) -> None: ...


def unheard(done: int, total: int, so_far: np.ndarray | None = None) -> None:
    """Nobody asks how far it is."""


class Translator(nn.Module, ABC):
    """One step from pictures to pictures."""

    spec: TranslatorSpec
    config: Any  # the frozen Config of its family, from which it was built
    reach: int | None = None  # pixels on each side that a pixel depends on; None = it must see the whole

    @abstractmethod
    def translate(self, pictures: Tensor, options: Mapping[str, float], beside: Others = NONE) -> Tensor:
        """(n, 3, h, w) in [0, 1] -> (n, 3, factor * h, factor * w) in [0, 1], float32. options: as spec.read gives them.

        What lies beside belongs to all n. The same arguments give the same picture: chance comes from an option "seed".
        """

    def size(self, width: int, height: int, options: Mapping[str, float]) -> tuple[int, int]:
        """Width and height of what comes out of a picture of these."""
        side, factor = self.spec.side, self.spec.factor
        return (side, side) if side else (factor * width, factor * height)

    def work(self, pixels: np.ndarray, options: Mapping[str, float], beside: Others = NONE, tell: Tell = unheard) -> np.ndarray:
        """One picture of any size, (h, w, 3) uint8 -> (factor * h, factor * w, 3) uint8, in parts where that can be.

        tell(done, total) is called after each part; what it raises ends the work.
        """
        if self.reach is not None:
            return np.concatenate(list(self.strips(pixels, options, beside, tell)))
        device = next(self.parameters()).device
        made = self.translate(as_tensor(pixels).to(device), options, beside)
        tell(1, 1)
        return as_pixels(made)

    def strips(self, pixels: np.ndarray, options: Mapping[str, float], beside: Others = NONE, tell: Tell = unheard) -> Iterator[np.ndarray]:
        """The same from top to bottom, in the memory of one strip; for a translator of known reach."""
        assert self.reach is not None
        height, width, _ = pixels.shape
        device, tiling = next(self.parameters()).device, Tiling(height, width, self.reach)
        part = lambda x: self.translate(x.to(device), options, beside)  # noqa: E731
        return strips(part, pixels, self.spec.factor, tiling, lambda done: tell(done, tiling.count))


def as_tensor(pixels: np.ndarray) -> Tensor:
    """(h, w, c) uint8 -> (1, c, h, w) in [0, 1]."""
    return torch.from_numpy(np.array(pixels)).permute(2, 0, 1)[None].float() / 255


def as_pixels(x: Tensor) -> np.ndarray:
    """(1, c, h, w) in [0, 1] -> (h, w, c) uint8."""
    return x[0].mul(255).round().clamp(0, 255).byte().permute(1, 2, 0).cpu().numpy()
