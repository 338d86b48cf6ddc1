"""Colours apart from what is drawn with them: one picture's palette given to another (Pitié 2007), and colours without their light."""

from __future__ import annotations

import torch
from torch import Tensor

LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601


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
