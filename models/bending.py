"""Network bending: what is done to a generator's feature maps between its layers (Broad, Leymarie and Grierson 2021)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

from models.spec import Inside


@dataclass(frozen=True)
class Operation:
    """What can be done to maps, and how much of it; at `usual` it does nothing.

    Each is linear and keeps channels apart, so that it may come before a positive factor of a channel as well as after it.
    """

    run: Callable[[Tensor, float], Tensor]  # (c, side, side) float32, amount -> the same shape
    least: float
    most: float
    usual: float


class Bend(Protocol):
    """An operation on some channels of the maps that a layer gives; on all of them where none is named."""

    @property
    def layer(self) -> int: ...
    @property
    def channels(self) -> tuple[int, ...]: ...
    @property
    def operation(self) -> str: ...
    @property
    def amount(self) -> float: ...


def scaled(maps: Tensor, amount: float) -> Tensor:
    """Louder or softer; 0 silences, below it they are inverted."""
    return maps * amount


def mirrored(maps: Tensor, amount: float) -> Tensor:
    """Left and right exchanged, by a share 0 .. 1."""
    return torch.lerp(maps, maps.flip(-1), amount)


def upended(maps: Tensor, amount: float) -> Tensor:
    """Top and bottom exchanged, by a share 0 .. 1."""
    return torch.lerp(maps, maps.flip(-2), amount)


def blurred(maps: Tensor, amount: float) -> Tensor:
    """A Gaussian of a deviation in shares of the side; what would come from beyond an edge is left out."""
    at = torch.arange(maps.shape[-1], device=maps.device, dtype=maps.dtype)
    apart = (at[:, None] - at) / max(amount * maps.shape[-1], 1e-3)
    kernel = (apart.square() / -2).softmax(1)  # a row a pixel, each of which sums to one
    return kernel @ maps @ kernel.T


def moved(maps: Tensor, across: float = 0.0, down: float = 0.0, turn: float = 0.0) -> Tensor:
    """To the right and down by shares of the side, and round clockwise by degrees; beyond the edges they go on mirrored."""
    cosine, sine = math.cos(math.radians(turn)), math.sin(math.radians(turn))
    # From a place in what comes out to the one it comes from; the side is two long there.
    matrix = [[cosine, sine, -2 * across], [-sine, cosine, -2 * down]]
    grid = F.affine_grid(torch.tensor([matrix], device=maps.device, dtype=maps.dtype), [1, *maps.shape], align_corners=False)
    return F.grid_sample(maps[None], grid, padding_mode="reflection", align_corners=False)[0]


OPERATIONS: Mapping[str, Operation] = {
    "scale": Operation(scaled, -2.0, 4.0, 1.0),
    "blur": Operation(blurred, 0.0, 0.5, 0.0),
    "turn": Operation(lambda maps, amount: moved(maps, turn=amount), -180.0, 180.0, 0.0),
    "across": Operation(lambda maps, amount: moved(maps, across=amount), -0.5, 0.5, 0.0),
    "down": Operation(lambda maps, amount: moved(maps, down=amount), -0.5, 0.5, 0.0),
    "mirror": Operation(mirrored, 0.0, 1.0, 0.0),
    "upend": Operation(upended, 0.0, 1.0, 0.0),
}


def bending(rows: Sequence[Sequence[Bend]]) -> Inside | None:
    """What the maps of a batch pass through so that each picture is bent as its row says; None where none is.

    Every row is bent for itself, so that a picture does not depend on its company.
    """
    acting = [[bend for bend in row if bend.amount != OPERATIONS[bend.operation].usual] for row in rows]
    if not any(acting):
        return None

    def inside(layer: int, maps: Tensor) -> Tensor:
        here = [(place, bend) for place, row in enumerate(acting) for bend in row if bend.layer == layer]
        if here:
            maps = maps.clone()
        for place, bend in here:
            channels = list(bend.channels) or slice(None)
            maps[place, channels] = OPERATIONS[bend.operation].run(maps[place, channels].float(), bend.amount).to(maps.dtype)
        return maps

    return inside
