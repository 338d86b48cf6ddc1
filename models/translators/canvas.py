"""What is painted on and painted like: its size, its frame, its colours."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from models.colours import matched, recoloured
from models.layers import double
from models.translators.translator import Others

STRIDE = 16  # of the encoder's coarsest level, and pixels of reflection around a content
SEEN, MOST_SEEN = 256, 1024  # pixels a side at which styles are seen where `stroke` is 1, and at most


def styles_seen(x: Tensor, told: Mapping[str, float], beside: Others, scale: float = 1.0) -> tuple[list[Tensor], list[float]]:
    """The styles (1, 3, h', w') for a content (1, 3, h, w), of the size and in the colours that are asked for, and their shares.

    scale: how many times nearer than usual they are seen, as far as they have detail to be seen.
    """
    styles, usual = [], SEEN * told["stroke"]
    for style in beside["style"]:
        there = max(usual, math.sqrt(style.shape[-2] * style.shape[-1]))
        styles.append(resized(style[None].to(x), min(scale * usual, there, MOST_SEEN)))
    if kept := told["keep_colours"]:
        styles = [torch.lerp(style, matched(style, x), kept) for style in styles]
    return styles, normalised([told[f"share_{k + 1}"] for k in range(len(styles))])


def finished(painted: Tensor, x: Tensor, told: Mapping[str, float], beside: Others) -> Tensor:
    """A content as painted, in colours of its own as far as they are kept, and where the mask lets it be seen."""
    if kept := told["keep_colours"]:
        painted = torch.lerp(painted, recoloured(painted, x), kept)
    for mask in beside.get("mask", ()):
        painted = torch.lerp(x, painted, mask.to(x))
    return painted


def underpainting(contents: Tensor, styles: Sequence[Tensor], shares: Sequence[float], strength: Tensor) -> Tensor:
    """Contents (n, 3, h, w), sides multiples of 4, in the colours of styles, without anything finer than four pixels."""
    coloured = torch.stack([share * matched(contents, style) for style, share in zip(styles, shares, strict=True)]).sum(0)
    return double(double(F.avg_pool2d(torch.lerp(contents, coloured, strength[:, None, None, None]), 4)))


def normalised(shares: Sequence[float]) -> list[float]:
    """Shares that add up to 1; all alike where all are 0."""
    total = sum(shares)
    return [share / total for share in shares] if total else [1 / len(shares)] * len(shares)


def resized(x: Tensor, side: float) -> Tensor:
    """(1, 3, h, w) with as many pixels as a square of that side, to the nearest multiples of 16."""
    scale = side / math.sqrt(x.shape[-2] * x.shape[-1])
    height, width = (max(2 * STRIDE, round(length * scale / STRIDE) * STRIDE) for length in x.shape[-2:])
    return F.interpolate(x, (height, width), mode="bicubic", antialias=True).clamp(0, 1)


def framed(x: Tensor, above: int = STRIDE, left: int = STRIDE) -> Tensor:
    """(n, 3, h, w) in a frame of its reflection, at least 16 pixels below and to the right: sides multiples of 16."""
    for dimension, before in ((2, above), (3, left)):
        length = x.shape[dimension]
        whole = (length + before + 2 * STRIDE - 1) // STRIDE * STRIDE
        at = torch.arange(-before, whole - before, device=x.device) % (2 * length)
        x = x.index_select(dimension, torch.minimum(at, 2 * length - 1 - at))
    return x


def reduced(x: Tensor, times: int) -> Tensor:
    """(n, 3, h, w) so many times smaller."""
    height, width = (max(1, round(length / times)) for length in x.shape[-2:])
    return x if times == 1 else F.interpolate(x, (height, width), mode="bilinear", antialias=True)


def enlarged(x: Tensor, to: Tensor) -> Tensor:
    """(n, 3, h, w) as large as another."""
    return F.interpolate(x, to.shape[-2:], mode="bicubic")
