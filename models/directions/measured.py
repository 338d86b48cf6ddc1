"""What can be measured on a picture itself: slant, weight and width of a shape, warmth and brightness of colours."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

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


def moments(x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Second moments of the ink about its middle: across, along both, down; each (n,), in squared half-widths of the page."""
    mass = ink(x) + 1e-6
    mass = mass / mass.sum(dim=(1, 2), keepdim=True)
    axis = torch.linspace(-1, 1, x.shape[-1], device=x.device)
    column, row = axis[None, None, :], axis[None, :, None]
    column = column - (mass * column).sum(dim=(1, 2), keepdim=True)
    row = row - (mass * row).sum(dim=(1, 2), keepdim=True)
    return (mass * column.square()).sum((1, 2)), (mass * column * row).sum((1, 2)), (mass * row.square()).sum((1, 2))


def slant(x: Tensor) -> Tensor:
    """How far a stroke leans to the right for each step up."""
    _, both, down = moments(x)
    return -both / down


def width(x: Tensor) -> Tensor:
    """How broad the ink spreads against its height."""
    across, _, down = moments(x)
    return (across / down).sqrt()


def warmth(x: Tensor) -> Tensor:
    """Red over blue."""
    return (x[:, 0] - x[:, 2]).mean(dim=(1, 2))


def lightness(x: Tensor) -> Tensor:
    """Of each pixel, (n, h, w) (Rec. 709 luma)."""
    return (x * x.new_tensor(LUMA)[:, None, None]).sum(1)


def brightness(x: Tensor) -> Tensor:
    """Mean lightness."""
    return lightness(x).mean(dim=(1, 2))


def measurements(spec: GeneratorSpec) -> Mapping[str, Reading]:
    """What can be measured on a generator's pictures: shapes on grey ones, colours on coloured ones."""
    return {"slant": slant, "weight": weight, "width": width} if spec.channels == 1 else {"brightness": brightness, "warmth": warmth}
