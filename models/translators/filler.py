"""The network that fills holes of a picture so that they go on from around them, in as many ways as there is chance."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

MULTIPLE = 8  # both sides of what the network is given are multiples of this
GRAIN = MULTIPLE // 2  # chance is drawn for every second pixel; a place of the middle has GRAIN**2 numbers of it
DILATIONS = (1, 2, 4, 8)
FINE = 9  # feature maps at full size, beside the picture, its holes and borrowed pixels
PART = 1024  # places that borrow at once, so that a large picture needs no more memory


@dataclass(frozen=True)
class InpaintingConfig:
    width: int = 32  # feature maps at half the size; twice as many at a quarter
    middle: int = 128  # at an eighth
    blocks: int = 8  # of the middle
    z_dim: int = 16  # what a seed decides for the whole picture at once

    def __post_init__(self) -> None:
        if min(self.width, self.middle, self.blocks - 1, self.z_dim) < 1:
            raise ValueError(f"An inpainting network has 2 blocks at least, and widths and z_dim of at least 1, not {self}.")


@dataclass(frozen=True, eq=False)
class Chance:
    """What a seed decides: something for the whole picture, and something for each place of it."""

    whole: Tensor  # (n, z_dim)
    grain: Tensor  # (n, 1, h / 2, w / 2), h and w as padded to multiples of 8

    def cut(self, top: int, left: int, height: int, width: int) -> Chance:
        """That of a window in pixels, which begins at multiples of 8."""
        rows, columns = (slice(at // 2, at // 2 + grains(side)) for at, side in ((top, height), (left, width)))
        return Chance(self.whole, self.grain[..., rows, columns])

    def halves(self) -> tuple[Chance, Chance]:
        """That of the first n / 2 pictures and of the others."""
        first, second = (Chance(*parts) for parts in zip(self.whole.chunk(2), self.grain.chunk(2), strict=True))
        return first, second


def chance(z_dim: int, height: int, width: int, draw: torch.Generator, n: int = 1) -> Chance:
    """For pictures of this size in pixels; drawn on the CPU, so that a seed means the same everywhere."""
    return Chance(torch.randn(n, z_dim, generator=draw), torch.randn(n, 1, grains(height), grains(width), generator=draw))


def grains(side: int) -> int:
    """How many numbers of chance lie along a side of pixels."""
    return -(-side // MULTIPLE) * GRAIN


class Gated(nn.Module):
    """A convolution, and how much of it counts at each place: pixels of a hole are not pixels of a picture (Yu 2019, section 3.1)."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.both = nn.Conv2d(inputs, 2 * outputs, 3, stride, 1)

    def forward(self, x: Tensor) -> Tensor:
        h, gate = self.both(x).chunk(2, dim=1)
        return F.leaky_relu(h, 0.2) * torch.sigmoid(gate)


class Block(nn.Module):
    """Two convolutions beside a straight way, the first dilated to see far; what a seed decides shifts it in between."""

    def __init__(self, width: int, dilation: int = 1) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=dilation, dilation=dilation)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        nn.init.zeros_(self.second.weight)

    def forward(self, x: Tensor, shift: Tensor | float = 0.0) -> Tensor:
        return x + self.second(F.leaky_relu(self.first(x) + shift, 0.2))


class Borrowing(nn.Module):
    """Places of a hole borrow what known places look like that are akin from afar, at every scale (Zeng 2019, 3.2; Yi 2020, 3.3)."""

    def __init__(self, width: int, inner: int = 64) -> None:
        super().__init__()
        self.asks, self.offers = nn.Conv2d(width, inner, 1), nn.Conv2d(width, inner, 1)
        self.sharpness = nn.Parameter(torch.tensor(10.0))  # of the choice among offers (Yu 2018, section 4.1)

    def forward(self, h: Tensor, hole: Tensor, lent: Tensor) -> Tensor:
        """h: (n, width, y, x); hole: (n, 1, y, x), the share of each place that is missing; lent: (n, c, y, x) -> (n, c, y, x).

        Nothing is borrowed by places that miss nothing, nor from ones that miss anything.
        """
        asks, offers = (F.normalize(layer(h).flatten(2), dim=1) for layer in (self.asks, self.offers))
        missing, stock = hole.flatten(2), lent.flatten(2).transpose(1, 2)
        at, closed = missing.amax((0, 1)).nonzero()[:, 0], (missing > 0) * -1e4
        borrowed = torch.zeros_like(stock)
        for part in at.split(PART):
            akin = self.sharpness * asks[..., part].transpose(1, 2) @ offers + closed
            borrowed[:, part] = akin.softmax(-1).to(stock) @ stock
        return (borrowed.transpose(1, 2) * (missing > 0)).view_as(lent)


class Filler(nn.Module):
    """What a smooth filling lacks: down to an eighth by gated convolutions, far sight there, and up again beside what was seen on the way

    and what holes borrowed of it.
    """

    def __init__(self, config: InpaintingConfig) -> None:
        super().__init__()
        width, middle, self.z_dim = config.width, config.middle, config.z_dim
        self.enter = Gated(4 * 4, width)
        self.down = nn.ModuleList((Gated(width, 2 * width, 2), Gated(2 * width, middle, 2)))
        self.told = nn.Linear(config.z_dim + 1, config.blocks * middle)
        self.place = nn.Conv2d(GRAIN**2, middle, 1)
        self.middle = nn.ModuleList(Block(middle, DILATIONS[k % len(DILATIONS)]) for k in range(config.blocks))
        self.borrowing = Borrowing(middle)
        self.lend = nn.ModuleList((nn.Conv2d(2 * width, 2 * width, 1), nn.Conv2d(width, width, 1)))
        self.up = nn.ModuleList((nn.Conv2d(middle, 2 * width, 1), nn.Conv2d(2 * width, width, 1)))
        self.beside = nn.ModuleList((Block(2 * width), Block(width)))
        self.grain = nn.Conv2d(1, width, 1)
        self.full = nn.Conv2d(width, 4 * FINE, 3, padding=1)
        self.last = nn.Conv2d(FINE + 7, FINE + 7, 3, padding=1)
        self.tail = nn.Conv2d(FINE + 7, 3, 3, padding=1)
        for parameter in self.tail.parameters():  # it begins with the smooth filling
            nn.init.zeros_(parameter)

    def see(self, base: Tensor, hole: Tensor) -> list[Tensor]:
        """Maps at full size, a half, a quarter and an eighth.

        base: (n, 3, h, w) in [0, 1], holes filled smoothly; hole: (n, 1, h, w), 1 = to be filled.
        """
        given = torch.cat([base - 0.5, hole], dim=1).contiguous(memory_format=torch.channels_last)
        maps = [given, self.enter(F.pixel_unshuffle(given, 2).contiguous(memory_format=torch.channels_last))]
        for layer in self.down:
            maps.append(layer(maps[-1]))
        return maps

    def lacking(self, maps: list[Tensor], chance: Chance, freedom: Tensor) -> Tensor:
        """(n, 3, h, w), to be added to the base. freedom: (n,) in [0, 1], how much chance may decide."""
        given, half, quarter, h = maps
        free = freedom.view(-1, 1, 1, 1)
        h = h + self.place(F.pixel_unshuffle(chance.grain, GRAIN) * free)
        shifts = self.told(torch.cat([chance.whole * freedom[:, None], freedom[:, None]], dim=1))
        for k, (block, shift) in enumerate(zip(self.middle, shifts.view(len(h), len(self.middle), -1, 1, 1).unbind(1), strict=True)):
            h = block(h, shift)
            if k == len(self.middle) // 2 - 1:
                borrowed = self.borrow(h, given, half, quarter)
        h = self.beside[0](larger(self.up[0](h)) + quarter + self.lend[0](borrowed[2]))
        h = self.beside[1](larger(self.up[1](h)) + half + self.lend[1](borrowed[1]) + self.grain(chance.grain))
        h = torch.cat([F.pixel_shuffle(self.full(h), 2), given, borrowed[0]], dim=1)
        return self.tail(F.leaky_relu(self.last(h), 0.2)).float()

    def borrow(self, h: Tensor, given: Tensor, half: Tensor, quarter: Tensor) -> list[Tensor]:
        """Pixels and maps at a half and a quarter, as holes borrow them; zero elsewhere."""
        lent = [F.pixel_unshuffle(x, MULTIPLE >> k) for k, x in enumerate((given[:, :3].to(half), half, quarter))]
        taken = self.borrowing(h, F.avg_pool2d(given[:, 3:], MULTIPLE), torch.cat(lent, dim=1))
        parts = taken.split([x.shape[1] for x in lent], dim=1)
        return [F.pixel_shuffle(x, MULTIPLE >> k).contiguous(memory_format=torch.channels_last) for k, x in enumerate(parts)]

    def forward(self, base: Tensor, hole: Tensor, chance: Chance, freedom: Tensor) -> Tensor:
        """The base with its holes filled, (n, 3, h, w); sides are multiples of 8."""
        return torch.where(hole > 0, base + self.lacking(self.see(base, hole), chance, freedom), base)


def larger(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2.0, mode="nearest")


def reflected(side: int, device: torch.device) -> Tensor:
    """Where each pixel of a side that is padded to a multiple of 8 is taken from: mirrored at the end, as often as it takes."""
    at = torch.arange(-(-side // MULTIPLE) * MULTIPLE, device=device) % max(2 * side - 2, 1)
    return torch.minimum(at, (2 * side - 2 - at).abs())


def smooth(x: Tensor, hole: Tensor) -> Tensor:
    """(n, 3, h, w) with its holes (n, 1, h, w) filled smoothly from around: averages of what is known go down a pyramid until there

    is one everywhere, and come up again into what is unknown (Gortler 1996, section 3.4, "pull-push"). Middle grey where nothing is known.
    """
    known = 1 - hole
    if x.shape[-2:] == (1, 1):
        return torch.where(known > 0, x, 0.5)
    share = F.avg_pool2d(known, 2, ceil_mode=True)
    mean = F.avg_pool2d(x * known, 2, ceil_mode=True) / share.clamp_min(1e-6)
    coarse = smooth(mean, (share == 0).to(x))
    return torch.where(hole > 0, F.interpolate(coarse, size=x.shape[-2:], mode="bilinear", align_corners=False), x)
