"""Glazing: thin layers over what was painted at once, each a step towards the style; a handful does most of what hundreds on pixels do.

A step on pixels is mostly grain (Gatys 2016 takes hundreds). A step on the bands of a Laplacian pyramid (Burt and Adelson 1983) moves
large places and small ones together, and the first of them are taken on a picture of half the size, which costs a quarter.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.optim.lr_scheduler import LambdaLR

from models.colours import Palette
from models.encoder import Encoder
from models.gram import gram, seen_twice, style_distance
from models.translators.canvas import enlarged, framed
from models.translators.gatys import FINE, mixed_grams, restless

BANDS, SMALLEST = 4, 8  # bands but the coarsest, and pixels a side of what is still parted into two
FAR = 64  # pixels a side that the encoder can look at from four times as far
RATE, FINER = 0.006, 0.9  # of a pixel's range in the coarsest band, and of that in each finer one
LAST = 0.2  # of the rate, towards which it falls


def glazed(
    encoder: Encoder, painted: Tensor, styles: Sequence[Tensor], shares: Sequence[float], strength: float, count: int
) -> Iterator[Tensor]:
    """After each of `count` glazes the picture so far, (1, 3, h, w) in [0, 1]; as many from twice as far come before the first.

    painted: (1, 3, h, w) in [0, 1], begun by another; so few steps leave its content alone. styles (1, 3, h', w') and their shares,
    which add up to 1; strength: in [0, 1], 0 = nothing is done. Gradients are needed: not within torch.inference_mode.
    """
    if min(side for x in (painted, *styles) for side in x.shape[-2:]) >= FAR:
        far = halved(painted)
        *_, last = layers(encoder, far, [halved(style) for style in styles], shares, strength, count)
        painted = (painted + enlarged(last - far, painted)).clamp(0, 1)
    for layer in layers(encoder, painted, styles, shares, strength, count):
        yield layer.clamp(0, 1)


def layers(
    encoder: Encoder, painted: Tensor, styles: Sequence[Tensor], shares: Sequence[float], strength: float, count: int
) -> Iterator[Tensor]:
    """`count` steps on the bands of what was painted, and the picture after each."""
    bands = [band.detach().clone().requires_grad_() for band in pyramid(painted)]
    rates = [RATE * strength * FINER**k for k in reversed(range(len(bands)))]
    adam = torch.optim.Adam([{"params": [band], "lr": rate} for band, rate in zip(bands, rates, strict=True)], betas=(0.5, 0.9))
    fall = LambdaLR(adam, lambda step: 1 - (1 - LAST) * step / count)
    wanted, palette = mixed_grams(encoder, styles, shares, 0), Palette.of(styles, shares)
    for _ in range(count):
        with torch.enable_grad():
            picture = whole(bands)
            found = seen_twice(encoder, framed(picture))
            style = style_distance([gram(features) for features in found], wanted)
            loss = style + FINE.palette * palette.distance(picture) + restless(picture, FINE)
            adam.zero_grad()
            loss.sum().backward()
        adam.step()
        fall.step()
        yield whole(bands).detach()


def halved(x: Tensor) -> Tensor:
    return F.avg_pool2d(x, 2)


def pyramid(x: Tensor) -> list[Tensor]:
    """(1, 3, h, w) as what each halving loses, fine to coarse, and what is left at last; whole() undoes it."""
    bands = []
    while len(bands) < BANDS and min(x.shape[-2:]) >= SMALLEST:
        smaller = halved(x)
        bands.append(x - stretched(smaller, x))
        x = smaller
    return [*bands, x]


def whole(bands: Sequence[Tensor]) -> Tensor:
    x = bands[-1]
    for band in reversed(bands[:-1]):
        x = band + stretched(x, band)
    return x


def stretched(x: Tensor, to: Tensor) -> Tensor:
    return F.interpolate(x, to.shape[-2:], mode="bilinear")
