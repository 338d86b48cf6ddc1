"""Colours apart from what is drawn with them: one picture's palette given to another (Pitié 2007), and colours without their light."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601
FAINT = 1e-3  # variance of a colour that no palette is too narrow for


def matched(pictures: Tensor, palette: Tensor) -> Tensor:
    """pictures (n, 3, h, w) in [0, 1] with the mean and covariance of the colours of palette (n or 1, 3, h', w').

    Of all linear maps that do so, the one that moves colours least (Pitié 2007, section 4), so that red stays the reddest.
    """
    own, wanted = pictures.flatten(2).double(), palette.flatten(2).double()
    own_mean, wanted_mean = own.mean(2, keepdim=True), wanted.mean(2, keepdim=True)
    spread, wanted_spread = covariance(own - own_mean), covariance(wanted - wanted_mean)
    root, inverse = power(spread, 0.5), power(spread, -0.5)
    move = inverse @ power(root @ wanted_spread @ root, 0.5) @ inverse
    return (move @ (own - own_mean) + wanted_mean).clamp(0, 1).to(pictures.dtype).view_as(pictures)


@dataclass(frozen=True)
class Palette:
    """The colours of pictures as a whole, and how far another's lie beside them."""

    mean: Tensor  # (1, 3, 1) float64
    spread: Tensor  # (1, 3, 3)
    unit: Tensor  # (1, 3, 3): by it colours are measured in the palette's own deviations, so that a narrow one forgives little

    @classmethod
    def of(cls, pictures: Sequence[Tensor], shares: Sequence[float]) -> Palette:
        """Of pictures (1, 3, h, w) in [0, 1] by shares, which add up to 1."""
        known = [colours_of(x) for x in pictures]
        mean, spread = (torch.stack([share * x for share, x in zip(shares, of, strict=True)]).sum(0) for of in zip(*known, strict=True))
        return cls(mean, spread, power(spread + FAINT * torch.eye(3).to(spread), -0.5))

    def distance(self, x: Tensor) -> Tensor:
        """(n, 3, h, w) -> (n,): squared distance of mean and covariance, 0 the same palette."""
        mean, spread = colours_of(x)
        moved, widened = self.unit @ (mean - self.mean), self.unit @ (spread - self.spread) @ self.unit
        return (moved.square().sum((1, 2)) + widened.square().sum((1, 2))).float()


def colours_of(x: Tensor) -> tuple[Tensor, Tensor]:
    """Mean (n, 3, 1) and covariance (n, 3, 3) of colours that fill four pixels, float64: autocast leaves that alone."""
    colours = F.avg_pool2d(x, 2, ceil_mode=True).flatten(2).double()
    mean = colours.mean(2, keepdim=True)
    return mean, covariance(colours - mean)


def covariance(centred: Tensor) -> Tensor:
    """(n, 3, k) -> (n, 3, 3), kept away from 0 by a grey level's rounding: a picture of one colour has no palette to move."""
    return centred @ centred.transpose(1, 2) / centred.shape[2] + torch.eye(3, dtype=centred.dtype, device=centred.device) * 1e-5


def power(matrices: Tensor, exponent: float) -> Tensor:
    """Of symmetric positive matrices (n, k, k)."""
    values, vectors = torch.linalg.eigh(matrices)
    return vectors * values.clamp_min(1e-12).pow(exponent).unsqueeze(1) @ vectors.transpose(1, 2)


def recoloured(light: Tensor, colours: Tensor) -> Tensor:
    """The light of one picture (n, 3, h, w) in [0, 1] with the colours of another of its size (Gatys 2017, luminance-only transfer)."""
    return (colours + luma(light) - luma(colours)).clamp(0, 1)


def luma(x: Tensor) -> Tensor:
    """(n, 3, h, w) -> (n, 1, h, w)."""
    return (x * x.new_tensor(LUMA).view(3, 1, 1)).sum(1, keepdim=True)
