"""Touches of a style: what of it is laid where on a content, found by likeness and laid so that no seam is seen."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

CELL = 8  # pixels a side of the places at which touches are laid; they reach half a cell into their neighbours


@dataclass(frozen=True)
class Places:
    """Where styles can be looked up at one level: t places of all their pictures."""

    keys: Tensor  # (n, keys, t)
    values: Tensor  # (n, c, t), levelled features
    weights: Tensor  # (t,), logarithms of how much each counts
    touches: Sequence[Tensor] = ()  # (n, c * k * k, t) each: features of strides 2 and 4 around each place, less their mean


class LookUp(nn.Module):
    """For each place of a content the mean and the deviation of the style where it is alike (Liu 2021, equations 3 to 6)."""

    def __init__(self, channels: int, keys: int) -> None:
        super().__init__()
        self.query, self.key = nn.Conv2d(channels, keys, 1), nn.Conv2d(channels, keys, 1)
        nn.init.orthogonal_(self.query.weight)
        self.key.load_state_dict(self.query.state_dict())  # it begins with what is alike to the encoder

    def places(self, levelled: Tensor, touches: Sequence[Tensor], share: float, most: int) -> Places:
        """levelled: (n, c, h, w) with mean 0 and deviation 1. Of more places than `most` every so many-th is kept."""
        step = math.ceil(levelled.shape[2] * levelled.shape[3] / most)
        keys, values = self.key(levelled).flatten(2)[..., ::step], levelled.flatten(2)[..., ::step]
        weights = torch.full((keys.shape[2],), math.log(max(share, 1e-9) / keys.shape[2]), device=keys.device)
        return Places(keys, values, weights, [x[..., ::step] for x in touches])

    def forward(self, levelled: Tensor, places: Places) -> tuple[Tensor, Tensor]:
        """The content's features (n, c, h, w), levelled, with the style's local statistics; how alike all places are, (n, h * w, t)."""
        query = self.query(levelled).flatten(2).transpose(1, 2)
        shares = ((query @ places.keys).float() / math.sqrt(query.shape[-1]) + places.weights).softmax(-1)
        at, values = shares.to(query.dtype).transpose(1, 2), places.values.to(query.dtype)
        mean, square = (values @ at).float(), (values.square() @ at).float()
        deviation = (square - mean.square()).clamp_min(1e-3).sqrt()
        return deviation.view_as(levelled) * levelled + mean.view_as(levelled), shares


def joined(places: Sequence[Places]) -> Places:
    """The places of several pictures as those of one."""
    keys, values, weights = (torch.cat([getattr(of, part) for of in places], dim=-1) for part in ("keys", "values", "weights"))
    return Places(keys, values, weights, [torch.cat(same, dim=-1) for same in zip(*(of.touches for of in places), strict=True)])


def drawn(alike: Tensor, chance: Tensor) -> Tensor:
    """For each place of a content one of the style, (n, h, w): drawn by how alike they are, (n, h * w, t), with chance (n, h, w).

    Drawn, where Chen 2016 takes the most alike: to an even sky that would be one and the same everywhere.
    """
    heaped = alike.detach().cumsum(-1)
    found = torch.searchsorted(heaped, chance.flatten(1)[..., None] * heaped[..., -1:])
    return found.view_as(chance).clamp_max(alike.shape[-1] - 1)


def cut(features: Tensor, stride: int) -> Tensor:
    """Squares of 16 pixels around each place of stride 8, overlapping by half: (n, c, h, w) -> (n, c * k * k, places)."""
    k = 2 * CELL // stride
    return F.unfold(features, k, padding=k // 4, stride=k // 2)


def laid_out(touches: Tensor, chosen: Tensor, stride: int) -> Tensor:
    """The squares chosen (n, h, w) side by side, each fading into its neighbours: (n, c, 8 * h / stride, 8 * w / stride).

    They fade so that the variance stays as it was (Heitz and Neyret 2018, equation 4), or paint would pale where they overlap.
    """
    k, size = 2 * CELL // stride, (CELL * chosen.shape[1] // stride, CELL * chosen.shape[2] // stride)
    line = torch.sin(torch.pi * (torch.arange(k, device=touches.device) + 0.5) / k).square()
    window = torch.outer(line, line).flatten()
    squares = touches.gather(2, chosen.flatten(1)[:, None].expand(-1, touches.shape[1], -1)).unflatten(1, (-1, k * k))
    faded = (squares * window[:, None]).flatten(1, 2)
    power = window.square()[None, :, None].expand(1, -1, faded.shape[2])
    return F.fold(faded, size, k, padding=k // 4, stride=k // 2) * F.fold(power, size, k, padding=k // 4, stride=k // 2).rsqrt()
