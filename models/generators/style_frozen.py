"""The style-based generator as it is drawn with, trained no more: the same pictures in fewer and quicker steps."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.frozen import frozen
from models.latent import Turned
from models.layers import Linear, double
from models.spec import Inside

if TYPE_CHECKING:
    from models.generators.style import ModulatedConv, Style, StyledLayer


KEPT = 16  # pictures' noise, for as many hands at once


class FrozenStyle:
    """Style.synthesize with all that its weights decide computed once.

    What demodulation multiplies a layer's output by is left to the next style, which is multiplied by it: a leaky ReLU is the
    same before and after a positive factor, as bending is, and maps are fewer than pixels. What is added meanwhile is divided by it.
    """

    @torch.no_grad()
    def __init__(self, style: Style, dtype: torch.dtype) -> None:
        self.style, self.dtype = style, dtype
        pairs = list(zip(style.firsts, style.seconds, strict=True))[: style.levels]
        layers = cast("list[StyledLayer]", list(chain.from_iterable(pairs)))
        self.layers = [FrozenLayer(layer, dtype, 4 << max(k - 1, 0) // 2) for k, layer in enumerate(layers)]
        shares = [1.0] * (style.levels - 1) + [style.fade]
        pictures = cast("list[ModulatedConv]", list(style.pictures))
        self.pictures = [FrozenPicture(picture, dtype, share) for picture, share in zip(pictures, shares, strict=False)]
        self.start = as_pixels(style.start.to(dtype=dtype, memory_format=torch.channels_last))
        self.ground = style.ground[None, :, None, None]
        self.areas = [(4 << layer // 2) ** 2 for layer in range(style.spec.layers)]
        self.grain = lru_cache(KEPT)(self._kept)

    def __call__(self, w: Tensor, noise_seeds: Sequence[int] | None, inside: Inside | None = None) -> Tensor:
        modulations, kernels = self.modulated(w)
        noises = self.noises(len(w), noise_seeds, w.device)
        pixels, picture = self.start.repeat(len(w), 1, 1), self.ground
        for k, (layer, modulation, noise) in enumerate(zip(self.layers, modulations, noises, strict=False)):
            pixels = layer(pixels, modulation, noise)
            if inside:
                pixels = as_pixels(inside(k, as_maps(pixels)))
            if k % 2:
                shown = as_maps(torch.bmm(pixels, kernels[k // 2])).float()
                picture = (double(picture) if k > 1 else picture) + shown
        return picture.expand(-1, 3, -1, -1)

    def modulated(self, w: Tensor) -> tuple[list[Modulation], list[Tensor]]:
        """What w (n, layers, w_dim) comes to in every layer, and each resolution's kernel (n, inputs, channels).

        Before any convolution: between two of them, each of these small matrices would be fetched from memory anew.
        """
        rows, factor = w.unbind(1), torch.ones(1, device=w.device)
        modulations: list[Modulation] = []
        for layer, row in zip(self.layers, rows, strict=False):
            modulations.append(layer.modulation(row, factor))
            factor = modulations[-1].factor
        seconds = zip(self.pictures, rows[1::2], modulations[1::2], strict=False)
        return modulations, [picture.kernel(row, second.factor) for picture, row, second in seconds]

    def noises(self, n: int, seeds: Sequence[int] | None, device: torch.device) -> Sequence[Tensor]:
        """Each layer's noise beside ones, (n, pixels, 2)."""
        maps = [self.grain(int(seed), getattr(seed, "turn", 0.0), device) for seed in seeds or ()] or [self._beside_ones(n, None, device)]
        return torch.cat(maps).split(self.areas, dim=1)

    def _kept(self, seed: int, turn: float, device: torch.device) -> Tensor:
        """One picture's, of all layers. A hand seldom moves it, and drawing it anew takes as long as a small convolution."""
        return self._beside_ones(1, [Turned(seed, turn)], device)

    def _beside_ones(self, n: int, seeds: Sequence[int] | None, device: torch.device) -> Tensor:
        noise = torch.cat([one.flatten(1) for one in self.style.noise(n, seeds, device)], dim=1).to(self.dtype)
        return torch.stack((noise, torch.ones_like(noise)), dim=2)


@dataclass(frozen=True)
class Modulation:
    """What w comes to in one layer."""

    style: Tensor  # (n, 1, inputs), what its input is multiplied by
    added: Tensor  # (n, 2, outputs), how much of the noise, and of one, it adds
    factor: Tensor  # (n, outputs) float32, what its output is yet to be multiplied by


class FrozenLayer:
    """A StyledLayer; the root of two behind its leaky ReLU comes before it, with the weights."""

    def __init__(self, layer: StyledLayer, dtype: torch.dtype, side: int) -> None:
        outputs, inputs, kernel, _ = layer.conv.weight.shape
        weight = layer.conv.weight * layer.conv.scale
        convolution = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=False)
        convolution.weight.data = weight * math.sqrt(2)
        self.convolve = frozen(convolution, dtype, side=side)
        self.style = Affine(layer.conv.style)
        self.energy = weight.square().sum((2, 3)).T.contiguous()
        self.added = torch.stack((layer.noise.expand_as(layer.bias), layer.bias)) * math.sqrt(2)
        self.up, self.dtype = layer.up, dtype

    def modulation(self, w: Tensor, factor: Tensor) -> Modulation:
        """(n, w_dim), and the factor that the layer before has left."""
        style = self.style(w)
        norm = (style.square() @ self.energy + 1e-8).sqrt_()
        added = (self.added * norm.unsqueeze(1)).to(self.dtype)
        return Modulation((style * factor).to(self.dtype).unsqueeze(1), added, norm.reciprocal())

    def __call__(self, pixels: Tensor, modulation: Modulation, noise: Tensor) -> Tensor:
        """(n, pixels, inputs), which it overwrites, -> (n, pixels, outputs)."""
        x = self.convolve(as_maps(pixels.mul_(modulation.style)))
        if self.up:
            x = double(x)
        return F.leaky_relu_(as_pixels(x).baddbmm_(noise, modulation.added), 0.2)


class FrozenPicture:
    """What makes a picture of maps: a product, because its kernel is one pixel wide."""

    def __init__(self, picture: ModulatedConv, dtype: torch.dtype, share: float) -> None:
        self.weight = picture.weight[:, :, 0, 0].T * (picture.scale * share)
        self.style, self.dtype = Affine(picture.style), dtype

    def kernel(self, w: Tensor, factor: Tensor) -> Tensor:
        """(n, w_dim), (n, inputs) -> (n, inputs, channels)."""
        return (self.weight * (self.style(w) * factor).unsqueeze(2)).to(self.dtype)


class Affine:
    """A Linear with its scale in its weights."""

    def __init__(self, linear: Linear) -> None:
        self.weight, self.bias = linear.weight * linear.scale, linear.bias * linear.rate

    def __call__(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight, self.bias)


def as_pixels(maps: Tensor) -> Tensor:
    """(n, c, h, w) -> (n, h * w, c), nothing moved where it is channels_last."""
    return maps.permute(0, 2, 3, 1).flatten(1, 2)


def as_maps(pixels: Tensor) -> Tensor:
    """(n, side * side, c) -> (n, c, side, side) in channels_last."""
    side = math.isqrt(pixels.shape[1])
    return pixels.unflatten(1, (side, side)).permute(0, 3, 1, 2)
