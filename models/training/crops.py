"""Crops of all our pictures at any scale: what the encoder learns to see on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from models.training.datasets.pictures import PictureSet, load as load_set

HELD_OUT = 12  # one photograph in so many is kept for measuring
KEPT_AT = 640  # pixels of a photograph's longer side
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}


@dataclass(frozen=True)
class Album:
    """Pictures of one origin, some of them held out."""

    name: str
    training: Sequence[Image.Image]
    measuring: Sequence[Image.Image]


class Prints(Sequence[Image.Image]):
    """Some rows of a picture set as RGB pictures, read when they are asked for."""

    def __init__(self, pictures: PictureSet, rows: np.ndarray) -> None:
        self.pictures, self.rows = pictures.pictures, rows

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index):  # type: ignore[no-untyped-def]
        pixels = np.asarray(self.pictures[self.rows[index]])
        return Image.fromarray(np.broadcast_to(pixels, (*pixels.shape[:2], 3)).copy())


def album(folder: Path) -> Album:
    """A picture set, or a folder of photographs; PictureSetError or OSError where it cannot be read."""
    if (folder / "set.json").exists():
        pictures = load_set(folder)
        return Album(folder.name, Prints(pictures, pictures.train()), Prints(pictures, pictures.test()))
    photographs = [photograph(path) for path in sorted(folder.rglob("*")) if path.suffix.lower() in SUFFIXES]
    if len(photographs) < HELD_OUT:
        raise OSError(f"{folder} holds {len(photographs)} photographs; at least {HELD_OUT} are needed.")
    kept = [p for k, p in enumerate(photographs) if k % HELD_OUT]
    return Album(folder.name, kept, photographs[::HELD_OUT])


def photograph(path: Path) -> Image.Image:
    with Image.open(path) as opened:
        opened.draft("RGB", (KEPT_AT, KEPT_AT))
        picture = opened.convert("RGB")
    picture.thumbnail((KEPT_AT, KEPT_AT), Image.Resampling.BICUBIC)
    return picture


def crops(albums: Sequence[Sequence[Image.Image]], count: int, side: int, draw: np.random.Generator) -> Tensor:
    """(count, 3, side, side) in [-1, 1]: each album as often as any other, any scale, half of them mirrored."""
    batch = np.empty((count, side, side, 3), np.uint8)
    for k in range(count):
        pictures = albums[int(draw.integers(len(albums)))]
        batch[k] = np.asarray(crop(pictures[int(draw.integers(len(pictures)))], side, draw))
    batch = np.where(draw.random(count)[:, None, None, None] < 0.5, batch, batch[:, :, ::-1])
    return torch.from_numpy(np.ascontiguousarray(batch)).permute(0, 3, 1, 2).float() / 127.5 - 1


def crop(picture: Image.Image, side: int, draw: np.random.Generator) -> Image.Image:
    """A square of at least 64 pixels (or of most of a small picture), resized to `side`."""
    short = min(picture.size)
    least = min(64.0, 0.75 * short)
    extent = math.exp(draw.uniform(math.log(least), math.log(short)))
    left, top = (float(draw.uniform(0, length - extent)) for length in picture.size)
    return picture.resize((side, side), Image.Resampling.BILINEAR, box=(left, top, left + extent, top + extent))


def spoiled(x: Tensor, draw: torch.Generator) -> Tensor:
    """About a third of a batch made worse, as generators make pictures worse: noisy, blurred, or two in one.

    An encoder that had seen only real pictures could say anything of drawn ones.
    """
    n = len(x)
    chance = torch.rand(n, generator=draw).view(n, 1, 1, 1)
    noisy = x + 0.4 * torch.rand(n, 1, 1, 1, generator=draw) * torch.randn(x.shape, generator=draw)
    small = F.interpolate(x, scale_factor=1 / int(torch.randint(2, 5, (), generator=draw)), mode="area")
    blurred = F.interpolate(small, size=x.shape[-2:], mode="bilinear", align_corners=False)
    mixed = torch.lerp(x, x.roll(1, 0), torch.rand(n, 1, 1, 1, generator=draw))
    for below, worse in ((0.12, noisy), (0.24, blurred), (0.34, mixed)):
        x, chance = torch.where(chance < below, worse, x), torch.where(chance < below, 1.0, chance)
    return x.clamp(-1, 1)
