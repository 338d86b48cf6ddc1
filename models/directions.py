"""Directions in w that change one measured thing: slant, weight, width, warmth, brightness."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from models.spec import Condition, Generator, GeneratorSpec

Measurement = Callable[[Tensor], Tensor]  # (n, 3, h, w) in [-1, 1] -> (n,)


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


def brightness(x: Tensor) -> Tensor:
    """Mean lightness (Rec. 709 luma)."""
    return (x * x.new_tensor([0.2126, 0.7152, 0.0722])[:, None, None]).sum(1).mean(dim=(1, 2))


def measurements(spec: GeneratorSpec) -> Mapping[str, Measurement]:
    """What can be measured on a generator's pictures: shapes on grey ones, colours on coloured ones."""
    return {"slant": slant, "weight": weight, "width": width} if spec.channels == 1 else {"brightness": brightness, "warmth": warmth}


@torch.inference_mode()
def find_directions(generator: Generator, count: int = 2048) -> dict[str, Tensor]:
    """One direction a measurement, (w_dim,), one standard deviation of w along it long.

    The gradient of a linear regression of the measurement on z's share of w, within each condition, so that a direction
    does not turn one class into another. A map of two numbers has none: it shows all it can draw already.
    """
    spec = generator.spec
    if spec.is_map:
        return {}
    draw = torch.Generator().manual_seed(0)
    z = torch.randn(count, spec.z_dim, generator=draw)
    condition = _random_condition(spec, count, draw)
    w = generator.map(z, condition)[:, 0]
    centred = w - generator.centre(condition, count)[:, 0]
    pictures = [generator.synthesize(part[:, None].expand(-1, spec.layers, -1), [0] * len(part)) for part in w.split(64)]
    x = torch.cat(pictures).clamp(-1, 1)
    found = {}
    for name, measure in measurements(spec).items():
        values = _within(measure(x), condition)
        # a little ridge: w's spread differs by orders of magnitude between its axes
        gram = centred.T @ centred / count
        ridge = gram + 0.01 * gram.diagonal().mean() * torch.eye(spec.w_dim)
        slope = torch.linalg.solve(ridge, centred.T @ values / count)
        direction = slope / slope.norm().clamp_min(1e-8)
        found[name] = direction * (centred @ direction).std()
    return found


def _random_condition(spec: GeneratorSpec, n: int, draw: torch.Generator) -> Condition:
    def one_hot(names: tuple[str, ...]) -> Tensor | None:
        return torch.eye(len(names))[torch.randint(len(names), (n,), generator=draw)] if names else None

    return Condition(one_hot(spec.classes), one_hot(spec.styles))


def _within(values: Tensor, condition: Condition) -> Tensor:
    """Values less what their class and their style explain on average."""
    values = values - values.mean()
    for shares in (condition.classes, condition.styles):
        if shares is not None:
            means = (shares.T @ values) / shares.sum(0).clamp_min(1)
            values = values - shares @ means
    return values / values.std().clamp_min(1e-8)
