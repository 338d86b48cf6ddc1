"""Augmentation of what the critic sees, real and drawn alike, differentiably: few pictures then last longer (Zhao 2020; Karras 2020-ADA).

Only the critic's eyes are augmented and never the data, so that nothing of it leaks into what is drawn, as long as each
change leaves some pictures as they are (Karras 2020-ADA, section 2.2) or is made anew for every picture (Zhao 2020).
"""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

AugmentName = Literal["none", "diff", "adaptive"]

TARGET = 0.6  # how sure of real pictures the critic may be (section 3.1 of ADA: the mean sign of its scores)
SPEED = 100_000  # images in which the strength may go from none to all
STRONGEST = 0.8  # beyond it changes begin to leak (section 2.3)


class Augment(nn.Module):
    """Changes pictures at random with a strength: 1 for "diff", found by the overfitting heuristic for "adaptive"."""

    strength: Tensor

    def __init__(self, name: AugmentName, rank: int = 0) -> None:
        super().__init__()
        self.name, self.rank = name, rank
        self.register_buffer("strength", torch.tensor(1.0 if name == "diff" else 0.0))

    def forward(self, x: Tensor) -> Tensor:
        """x: (n, c, h, w) in [-1, 1] -> the same shape; the draw is new each time."""
        if self.name == "none":
            return x
        # One number from the training's own stream, however many pictures there are: processes beside each other stay in step.
        draw = torch.Generator(x.device).manual_seed(int(torch.randint(2**62, ())) + self.rank)
        if self.strength == 0:
            return x
        x = _colour(x, self._chosen(x, draw), draw)
        geometry = _moved if self.name == "diff" else _turned
        x = geometry(x, self._chosen(x, draw), draw)
        return _cut(x, self._chosen(x, draw), draw)

    def heed(self, sure: float, images: int) -> None:
        """Stronger while the critic is too sure of real pictures, weaker where it is not (ADA, section 3.1, heuristic r_t).

        sure: mean sign of its scores of real pictures in a step, -1 .. 1; images: of that step.
        """
        if self.name == "adaptive":
            self.strength.add_(math.copysign(images / SPEED, sure - TARGET)).clamp_(0, STRONGEST)

    def raise_by(self, amount: float) -> None:
        """At once stronger: what the watch does when variety falls. Of no effect on "none"."""
        if self.name == "adaptive":
            self.strength.add_(amount).clamp_(0, STRONGEST)

    def _chosen(self, x: Tensor, draw: torch.Generator) -> Tensor:
        """Which pictures this change is made to, (n, 1, 1, 1) of 0 and 1."""
        return (torch.rand(len(x), 1, 1, 1, device=x.device, generator=draw) < self.strength).to(x.dtype)


def _spread(x: Tensor, draw: torch.Generator, width: int = 1) -> Tensor:
    """Uniform in [-1, 1], (n, width, 1, 1)."""
    return torch.rand(len(x), width, 1, 1, device=x.device, dtype=x.dtype, generator=draw) * 2 - 1


def _colour(x: Tensor, chosen: Tensor, draw: torch.Generator) -> Tensor:
    """Brightness, saturation and contrast (Zhao 2020, appendix: 'color')."""
    x = x + chosen * _spread(x, draw) * 0.5
    if x.shape[1] == 3:
        grey = x.mean(dim=1, keepdim=True)
        x = grey + (x - grey) * (1 + chosen * _spread(x, draw))
    mean = x.mean(dim=(1, 2, 3), keepdim=True)
    return mean + (x - mean) * (1 + chosen * _spread(x, draw) * 0.5)


def _moved(x: Tensor, chosen: Tensor, draw: torch.Generator, most: float = 0.125) -> Tensor:
    """Shifted by up to an eighth, black coming in ('translation')."""
    move = (_spread(x, draw, 2) * most * 2 * chosen).flatten(1)
    eye = torch.eye(2, device=x.device, dtype=x.dtype).expand(len(x), 2, 2)
    return _sampled(x, torch.cat([eye, move[:, :, None]], dim=2), "zeros")


def _turned(x: Tensor, chosen: Tensor, draw: torch.Generator) -> Tensor:
    """Mirrored, scaled, turned and shifted; the edge is carried on (ADA, appendix B, geometric part)."""
    angle = (_spread(x, draw) * math.pi * 0.1 * chosen).flatten()
    scale = torch.exp2(_spread(x, draw) * 0.3 * chosen).flatten()
    mirror = 1 - 2 * (torch.rand(len(x), device=x.device, dtype=x.dtype, generator=draw) * chosen.flatten() > 0.5).to(x.dtype)
    move = (_spread(x, draw, 2) * 0.25 * chosen).flatten(1)
    rows = torch.stack(
        [
            torch.stack([scale * angle.cos() * mirror, -scale * angle.sin(), move[:, 0]], dim=1),
            torch.stack([scale * angle.sin() * mirror, scale * angle.cos(), move[:, 1]], dim=1),
        ],
        dim=1,
    )
    return _sampled(x, rows, "reflection")


def _sampled(x: Tensor, theta: Tensor, beyond: str) -> Tensor:
    grid = F.affine_grid(theta, list(x.shape), align_corners=False)
    return F.grid_sample(x, grid, padding_mode=beyond, align_corners=False)


def _cut(x: Tensor, chosen: Tensor, draw: torch.Generator, share: float = 0.5) -> Tensor:
    """A square of half the side made grey ('cutout')."""
    n, _, h, w = x.shape
    rows, columns = (torch.linspace(-1, 1, side, device=x.device, dtype=x.dtype) for side in (h, w))
    centre = _spread(x, draw, 2)
    inside = ((rows[None, None, :, None] - centre[:, :1]).abs() < share) & ((columns[None, None, None, :] - centre[:, 1:]).abs() < share)
    return x * (1 - inside.to(x.dtype) * chosen)
