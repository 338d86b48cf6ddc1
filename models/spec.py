"""What a generator declares and the two steps it promises."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from models.strokes import Stroke


@dataclass(frozen=True)
class GeneratorSpec:
    """What a generator can do; the page draws its controls from this and nothing else."""

    family: str
    size: int  # height = width, pixels
    channels: int  # 1 (grey) or 3 (RGB) as drawn by the network; synthesize always gives 3
    z_dim: int
    w_dim: int
    layers: int  # rows of w that can be mixed; 1 = no style mixing
    classes: tuple[str, ...] = ()
    styles: tuple[str, ...] = ()
    has_noise: bool = False  # draws its own per-pixel noise
    encodes: bool = False  # has encode(x) -> z
    draws_strokes: bool = False  # is a Writer: its picture is its strokes drawn, and encode reads strokes
    sides: tuple[int, ...] = ()  # resolutions that at_side shows, coarse to fine; empty = its size alone
    bendable: tuple[int, ...] = ()  # channels of each layer whose maps pass through Inside, coarse to fine; empty = none: see Bendable

    def __post_init__(self) -> None:
        if self.size < 1 or min(self.z_dim, self.w_dim, self.layers) < 1:
            raise ValueError(f"A generator needs positive sizes, not {self}.")
        if self.channels not in (1, 3):
            raise ValueError(f"A generator draws 1 or 3 channels, not {self.channels}.")
        if self.sides and self.sides != tuple(sorted({*self.sides, self.size})):
            raise ValueError(f"A generator's sides go up to its size, {self.size}, not {self.sides}.")

    @property
    def is_map(self) -> bool:
        """A latent of two numbers is a map that can be shown whole."""
        return self.z_dim == 2


@dataclass(frozen=True)
class Condition:
    """Class and style as convex mixtures; one-hot rows are the special case."""

    classes: Tensor | None = None  # (n, classes), rows sum to one
    styles: Tensor | None = None  # (n, styles), rows sum to one

    def rows(self, spec: GeneratorSpec) -> Tensor | None:
        """Both mixtures side by side, (n, classes + styles); None where the generator has no condition."""
        parts = [p for p in (self.classes, self.styles) if p is not None]
        width = sum(p.shape[1] for p in parts)
        if width != len(spec.classes) + len(spec.styles):
            raise ValueError(
                f"This generator takes {len(spec.classes)} classes and {len(spec.styles)} styles; the condition has {width} shares in all."
            )
        return torch.cat(parts, dim=1) if parts else None

    @classmethod
    def of(cls, spec: GeneratorSpec, *rows: Tensor) -> Condition:
        """What rows() gave, taken apart again; nothing where it gave none."""
        if not rows:
            return cls()
        classes, styles = rows[0].split([len(spec.classes), len(spec.styles)], dim=1)
        return cls(classes if spec.classes else None, styles if spec.styles else None)

    def to(self, device: torch.device | str) -> Condition:
        move = lambda t: None if t is None else t.to(device)  # noqa: E731
        return Condition(move(self.classes), move(self.styles))

    def __getitem__(self, rows: slice) -> Condition:
        """Some of its rows."""
        kept = lambda t: None if t is None else t[rows]  # noqa: E731
        return Condition(kept(self.classes), kept(self.styles))

    def row(self, place: int) -> Condition:
        """One row of it, alone."""
        return self[place : place + 1]


def every_pair(spec: GeneratorSpec, n: int) -> Condition:
    """Every pair of class and style by turn, n rows."""
    place, count = torch.arange(n), max(len(spec.classes), 1)
    classes = torch.eye(len(spec.classes))[place % count] if spec.classes else None
    styles = torch.eye(len(spec.styles))[place // count % len(spec.styles)] if spec.styles else None
    return Condition(classes, styles)


class Writer(Protocol):
    """What a generator that draws strokes has besides."""

    def strokes(
        self,
        w: Tensor,
        noise_seeds: Sequence[int] | None = None,
        temperature: float | Sequence[float] | None = None,
        start: Sequence[Sequence[Stroke]] | None = None,
    ) -> list[list[Stroke]]:
        """The writings of w, those of `start` gone on with; ValueError where a start is longer than it writes."""
        ...

    def inked(self, written: Sequence[Sequence[Stroke]]) -> Tensor:
        """Their pictures, (n, 3, size, size) in [-1, 1], on the CPU."""
        ...


class Encodes(Protocol):
    """What a generator that leads from a picture back to its latent has besides."""

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(n, channels, size, size) in [0, 1] -> mean and log variance of w's one row, (n, w_dim) each."""
        ...

    def unmapped(self, w: Tensor, condition: Condition) -> Tensor:
        """The z that map() leads to w, (n, 1, w_dim) -> (n, z_dim)."""
        ...


Inside = Callable[[int, Tensor], Tensor]  # a layer of spec.bendable and its maps (n, channels, h, w) -> the maps that go on
Synthesis = Callable[[Tensor, Sequence[int] | None], Tensor]  # what Generator.synthesize is
BentSynthesis = Callable[[Tensor, Sequence[int] | None, Inside | None], Tensor]  # what it is where spec.bendable names layers


class Bendable(Protocol):
    """What a generator whose spec.bendable names layers has besides."""

    def synthesize(self, w: Tensor, noise_seeds: Sequence[int] | None = None, inside: Inside | None = None) -> Tensor:
        """The maps of each such layer pass through `inside`."""
        ...

    def at_side(self, w: Tensor, side: int, noise_seeds: Sequence[int] | None = None, inside: Inside | None = None) -> Tensor:
        """Likewise, as far as that side needs them."""
        ...


class Generator(nn.Module, ABC):
    """A picture in two steps, so that every latent tool works on every family."""

    spec: GeneratorSpec
    config: Any  # the frozen Config of its family, from which it was built

    @abstractmethod
    def map(self, z: Tensor, condition: Condition) -> Tensor:
        """(n, z_dim) -> (n, layers, w_dim), float32."""

    @abstractmethod
    def centre(self, condition: Condition, n: int) -> Tensor:
        """The typical w for a condition, (n, layers, w_dim): what truncation pulls towards."""

    @abstractmethod
    def synthesize(self, w: Tensor, noise_seeds: Sequence[int] | None = None) -> Tensor:
        """(n, layers, w_dim) -> (n, 3, size, size) in [-1, 1], float32.

        One noise seed a picture makes the picture repeatable; None draws fresh noise (training).
        """

    def synthesis(self, dtype: torch.dtype) -> Synthesis:
        """`synthesize` for drawing alone: the same pictures in dtype, all that the weights decide computed beforehand.

        Leaves the generator as it is. A family says here what it can spare; this one only keeps convolutions' kernels in dtype.
        """
        if dtype == torch.float32:
            return self.synthesize
        twin = copy.deepcopy(self)
        for kernel in (parameter for parameter in twin.parameters() if parameter.dim() == 4):
            kernel.data = kernel.data.to(dtype=dtype, memory_format=torch.channels_last)

        def synthesize(w: Tensor, noise_seeds: Sequence[int] | None, *inside: Inside | None) -> Tensor:
            with torch.autocast(w.device.type, dtype=dtype):
                return twin.synthesize(w, noise_seeds, *inside).float()

        return synthesize

    def at_side(self, w: Tensor, side: int, noise_seeds: Sequence[int] | None = None) -> Tensor:
        """The same pictures as the network has them at one of spec.sides: (n, 3, side, side); ValueError for any other side."""
        self._refuse_side(side)
        return self.synthesize(w, noise_seeds)

    def entries(self) -> Sequence[Tensor]:
        """The matrices that w enters the network by, (n, w_dim) each: what it answers to is read off them. None where it is not so."""
        return ()

    def grow(self, side: int, fade: float = 1.0) -> None:
        """In training: draw only up to `side` pixels, the newest resolution by a share `fade` (Karras 2018, section 2).

        A family that does not grow refuses all but its size.
        """
        self._refuse_side(side)

    def up_to(self, side: int) -> Generator:
        """A generator of `side` pixels made of this one's coarser layers; itself at its own size."""
        self._refuse_side(side)
        return self

    def settle(self) -> None:
        """Measure what drawing needs and training does not: called once, on weights about to be saved."""

    def fit(self, pictures: Tensor, condition: Condition) -> None:
        """Measure what drawing needs on real pictures, (n, channels, size, size) in [-1, 1] with what they show: called before settle."""

    def _refuse_side(self, side: int) -> None:
        if side != self.spec.size:
            raise ValueError(f"A generator of the family '{self.spec.family}' has one size, {self.spec.size} pixels, not {side}.")
