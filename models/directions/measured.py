"""What can be measured on a picture itself: slant, weight and width of a shape, warmth and brightness of colours."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor
from torch.nn import functional as F

from models.spec import GeneratorSpec

LUMA = (0.2126, 0.7152, 0.0722)  # Rec. 709

Reading = Callable[[Tensor], Tensor]  # of pictures (n, 3, h, w) in [-1, 1]: one number each, (n,)


def ink(x: Tensor) -> Tensor:
    """How far each pixel is from the paper, whichever of black and white the paper is: (n, h, w) in [0, 1]."""
    grey = (x.mean(1) + 1) / 2
    paper = grey[:, 0].median(dim=-1).values[:, None, None]
    return (grey - paper).abs()


def weight(x: Tensor) -> Tensor:
    """Ink on the page."""
    return ink(x).mean(dim=(1, 2))


def centred(x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The ink as a distribution, (n, h, w), and how far from its middle each pixel is, in half-widths: across (n, 1, w), down (n, h, 1)."""
    mass = ink(x) + 1e-6
    mass = mass / mass.sum(dim=(1, 2), keepdim=True)
    axis = torch.linspace(-1, 1, x.shape[-1], device=x.device)
    column, row = axis[None, None, :], axis[None, :, None]
    return mass, column - (mass * column).sum(dim=(1, 2), keepdim=True), row - (mass * row).sum(dim=(1, 2), keepdim=True)


def slant(x: Tensor) -> Tensor:
    """How far a stroke leans to the right for each step up."""
    mass, column, row = centred(x)
    return -(mass * column * row).sum((1, 2)) / (mass * row.square()).sum((1, 2))


def width(x: Tensor) -> Tensor:
    """How broad the ink spreads against its height."""
    mass, column, row = centred(x)
    return ((mass * column.square()).sum((1, 2)) / (mass * row.square()).sum((1, 2))).sqrt()


def edge_slant(x: Tensor) -> Tensor:
    """The same by the edges of the strokes: how their gradients turn from across to down, the steeper the edge the more it counts."""
    grey = ink(x)
    across, down = grey[:, 1:-1, 2:] - grey[:, 1:-1, :-2], grey[:, 2:, 1:-1] - grey[:, :-2, 1:-1]
    return (across * down).sum((1, 2)) / (across.square().sum((1, 2)) + 1e-6)


def core(x: Tensor) -> Tensor:
    """Weight by the strokes: the share of the ink that is left when each stroke loses a pixel all around."""
    grey = ink(x)
    return -F.max_pool2d(-grey, 3, 1, 1).sum((1, 2)) / (grey.sum((1, 2)) + 1e-6)


def mean_width(x: Tensor) -> Tensor:
    """Width by mean distances from the middle: a blot far out, which squares make much of, is no breadth."""
    mass, column, row = centred(x)
    return (mass * column.abs()).sum((1, 2)) / (mass * row.abs()).sum((1, 2))


def warmth(x: Tensor) -> Tensor:
    """Red over blue."""
    return (x[:, 0] - x[:, 2]).mean(dim=(1, 2))


def lightness(x: Tensor) -> Tensor:
    """Of each pixel, (n, h, w) (Rec. 709 luma)."""
    return (x * x.new_tensor(LUMA)[:, None, None]).sum(1)


def brightness(x: Tensor) -> Tensor:
    """Mean lightness."""
    return lightness(x).mean(dim=(1, 2))


def measurements(spec: GeneratorSpec, *, second: bool = False) -> Mapping[str, Reading]:
    """What can be measured on a generator's pictures: shapes on grey ones, colours on coloured ones.

    second: shapes in another way, to see whether what the first one found is there; colours leave no doubt.
    """
    if spec.channels > 1:
        return {} if second else {"brightness": brightness, "warmth": warmth}
    return {"slant": edge_slant, "weight": core, "width": mean_width} if second else {"slant": slant, "weight": weight, "width": width}
