"""Any picture painted like any others, at once: the statistics of their features, place by place (Huang and Belongie 2017, Liu 2021)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import count, product

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.encoder import Encoder, load_encoder
from models.gram import moments
from models.layers import double
from models.registry import TRANSLATORS
from models.translators.canvas import STRIDE, enlarged, finished, framed, reduced, styles_seen, underpainting
from models.translators.gatys import FINE, painted_slowly
from models.translators.glazing import glazed
from models.translators.tiling import Span, spans
from models.translators.touches import CELL, LookUp, Places, cut, drawn, joined, laid_out
from models.translators.translator import NONE, Beside, Option, Others, Tell, Translator, TranslatorSpec, as_pixels, as_tensor, unheard

FEATURES, STRIDES = (32, 64, 128, 256), (2, 4, 8, 16)  # the encoder's
PLACES = 2048  # of all styles together that are looked up at a level, at most
PART, REACH = 640, 160  # pixels a side of what is painted at once, and of what a pixel depends on: multiples of 16
LARGEST = 512  # pixels a side of what is painted in one layer
FINER = 0.5  # strength of the layers over the first, as a part of its strength
STYLES = 4
GLAZES, MOST_GLAZES = 2, 12
MOST_STEPS = 300  # of painting slowly


@dataclass(frozen=True)
class StyleTransferConfig:
    widths: tuple[int, ...] = (192, 160, 96, 48, 24)  # the decoder's maps at strides 16, 8, 4, 2, 1
    code: int = 256  # numbers that tell a style as a whole
    keys: int = 64  # channels in which places of content and style are compared

    def __post_init__(self) -> None:
        if len(self.widths) != 5 or min(*self.widths, self.code, self.keys) < 1:
            raise ValueError(f"A style transfer has five widths, a code and keys, all at least 1, not {self}.")


Moments = Sequence[tuple[Tensor, Tensor]]  # of each level: mean and deviation of each channel, (n, c, 1, 1)


@dataclass(frozen=True)
class Style:
    """All that is taken from style pictures."""

    code: Tensor  # (n, code)
    moments: Moments
    places: Sequence[Places]  # at strides 8 and 16


class Lead(nn.Module):
    """How a style leads maps: it scales and shifts them (Perez 2018)."""

    def __init__(self, width: int, code: int) -> None:
        super().__init__()
        self.told = nn.Linear(code, 2 * width)
        for parameter in self.told.parameters():
            nn.init.zeros_(parameter)

    def forward(self, x: Tensor, code: Tensor) -> Tensor:
        gain, shift = (part.to(x.dtype) for part in self.told(code)[:, :, None, None].chunk(2, dim=1))
        return torch.addcmul(shift, x, 1 + gain)


class Stroke(nn.Module):
    """What one convolution adds to maps that the style leads."""

    def __init__(self, width: int, code: int) -> None:
        super().__init__()
        self.lead, self.conv = Lead(width, code), nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x: Tensor, code: Tensor) -> Tensor:
        return x + self.conv(F.leaky_relu(self.lead(x, code), 0.2))


class Level(nn.Module):
    """One resolution of the decoder: what came from the coarser one, led; what was fed to this one; and strokes."""

    def __init__(self, coarser: int, fed: int, width: int, code: int, strokes: int) -> None:
        super().__init__()
        self.narrow, self.lead = (nn.Conv2d(coarser, width, 1), Lead(width, code)) if coarser else (None, None)
        self.join = nn.Conv2d(fed, width, 1) if fed else None
        self.strokes = nn.ModuleList(Stroke(width, code) for _ in range(strokes))

    def forward(self, x: Tensor | None, fed: Sequence[Tensor], code: Tensor) -> Tensor:
        """x: (n, coarser, h / 2, w / 2), fed: (n, some, h, w) each -> (n, width, h, w)."""
        parts = []
        if self.narrow and self.lead and x is not None:
            parts.append(double(self.lead(self.narrow(x), code)))
        if self.join:
            parts.append(self.join(torch.cat(list(fed), dim=1).contiguous(memory_format=torch.channels_last)))
        y = sum(parts[1:], parts[0])
        for stroke in self.strokes:
            y = stroke(y, code)
        return y


@TRANSLATORS.register("style_transfer", StyleTransferConfig)
class StyleTransfer(Translator):
    """Our frozen encoder; statistics of its three coarser levels exchanged; a decoder that the style leads.

    A content of any size is painted in parts: its statistics are of the whole, and no pixel depends on more than REACH around it.
    """

    def __init__(self, config: StyleTransferConfig) -> None:
        super().__init__()
        self.config = config
        options = [Option("strength", 1.0), Option("keep_colours", 0.0), Option("stroke", 1.0, 0.25, 2.0)]
        options += [Option(f"share_{k + 1}", 1.0) for k in range(STYLES)]
        options += [Option("glazes", GLAZES, 0, MOST_GLAZES, whole=True, slow=True)]
        options += [Option("patience", 0, 0, MOST_STEPS, unit="steps", whole=True, slow=True), Option("seed", 0, 0, 9999, whole=True)]
        self.spec = TranslatorSpec(
            "style_transfer", options=tuple(options), beside=(Beside("style", "picture", 1, STYLES), Beside("mask", "mask"))
        )
        sixteen, eight, four, two, one = config.widths
        self.whole = nn.Sequential(nn.Linear(2 * sum(FEATURES), config.code), nn.LeakyReLU(0.2), nn.Linear(config.code, config.code))
        self.look_ups = nn.ModuleList(LookUp(channels, config.keys) for channels in FEATURES[2:])
        seen_2, seen_4, seen_8, seen_16 = FEATURES
        sizes = [(0, seen_16, sixteen, 4), (sixteen, seen_8, eight, 3), (eight, 2 * seen_4, four, 3)]
        sizes += [(four, seen_2, two, 2), (two, 0, one, 1)]
        self.levels = nn.ModuleList(Level(coarser, fed, width, config.code, strokes) for coarser, fed, width, strokes in sizes)
        self.picture = nn.Conv2d(one, 3, 3, padding=1)
        for parameter in self.picture.parameters():  # it begins as the underpainting
            nn.init.zeros_(parameter)

    @cached_property
    def encoder(self) -> Encoder:
        """Frozen, and not among the weights: every checkpoint would hold the same ones again."""
        with torch.inference_mode(False):  # whoever comes first, painting slowly needs gradients through it later
            return load_encoder()

    def seen(self, x: Tensor) -> list[Tensor]:
        """The encoder's maps of (n, 3, h, w) in [0, 1]."""
        return self.encoder.to(x.device)(2 * x - 1)

    def forward(self, contents: Tensor, styles: Tensor, strength: Tensor) -> Tensor:
        """Contents (n, 3, h, w) in [0, 1], sides multiples of 16, each like the style of its row (n, 3, h', w') by a share (n,).

        Gives pictures like the contents, whose values are not bounded. Chance is torch's own.
        """
        with torch.no_grad():
            maps = self.seen(contents)
            own = [moments(features) for features in maps]
        chance = torch.rand(len(contents), contents.shape[-2] // CELL, contents.shape[-1] // CELL, device=contents.device)
        ground = underpainting(contents, [styles], [1.0], strength)
        return self.paint(maps, own, ground, self.style([styles], [1.0]), strength, chance)

    def style(self, pictures: Sequence[Tensor], shares: Sequence[float]) -> Style:
        """Of pictures (n, 3, h, w) in [0, 1] of any sizes: their moments mixed by shares, which add up to 1, and all their places."""
        with torch.no_grad():
            maps = [self.seen(x) for x in pictures]
            known = [[moments(features) for features in levels] for levels in maps]
        mixed = [mixture([levels[k] for levels in known], shares) for k in range(len(FEATURES))]
        places = []
        for k, look_up in zip((2, 3), self.look_ups, strict=True):
            assert isinstance(look_up, LookUp)
            found = []
            for levels, of, share in zip(maps, known, shares, strict=True):
                touches = [cut(levels[fine].float() - of[fine][0], STRIDES[fine]) for fine in (0, 1)] if k == 2 else []
                found.append(look_up.places((levels[k].float() - of[k][0]) / of[k][1], touches, share, PLACES // len(maps)))
            places.append(joined(found))
        return Style(self.read(mixed), mixed, places)

    def read(self, known: Moments) -> Tensor:
        """(n, code): a style as a whole, from the moments of all levels."""
        return F.leaky_relu(self.whole(torch.cat([part.flatten(1) for level in known for part in level], dim=1)), 0.2).float()

    def paint(self, maps: Sequence[Tensor], own: Moments, ground: Tensor, style: Style, strength: Tensor, chance: Tensor) -> Tensor:
        """maps: the encoder's of a content, or of a part of it; own: moments of the whole; chance: (n, h / 8, w / 8) in [0, 1)."""
        code = torch.lerp(self.read(own), style.code, strength[:, None])
        levelled = [(features.float() - mean) / deviation for features, (mean, deviation) in zip(maps, own, strict=True)]
        eight, sixteen = self.look_ups
        levelled[2], alike = eight(levelled[2], style.places[0])
        levelled[3], _ = sixteen(levelled[3], style.places[1])
        exchanged = [x * deviation + mean for x, (mean, deviation) in zip(levelled, style.moments, strict=True)]
        chosen = drawn(alike, chance)
        laid = [laid_out(style.places[0].touches[k], chosen, STRIDES[k]) + style.moments[k][0] for k in (0, 1)]
        fed = [[exchanged[3]], [exchanged[2]], [exchanged[1], laid[1]], [laid[0]], []]
        x, share = None, strength[:, None, None, None]
        for k, level in enumerate(self.levels):
            x = level(x, [torch.lerp(maps[3 - k].float(), y, share) for y in fed[k]], code)
        assert x is not None
        return ground + self.picture(x).float()

    def translate(self, pictures: Tensor, options: Mapping[str, float], beside: Others = NONE) -> Tensor:
        told = self.spec.read(options)
        return torch.cat([self.painted(x, told, beside) for x in pictures.split(1)])

    def work(self, pixels: np.ndarray, options: Mapping[str, float], beside: Others = NONE, tell: Tell = unheard) -> np.ndarray:
        x = as_tensor(pixels).to(next(self.parameters()).device)
        return as_pixels(self.painted(x, self.spec.read(options), beside, tell))

    def painted(self, x: Tensor, told: Mapping[str, float], beside: Others, tell: Tell = unheard) -> Tensor:
        """One picture (1, 3, h, w). A large one is painted small first and finer over it, so that strokes can be seen.

        The first layer is glazed, and gone over step by step as often as patience asks. tell is called after each part and step with
        how many are done, of how many; what it raises ends the work.
        """
        layers = math.ceil(math.log(max(x.shape[-2] * x.shape[-1] / LARGEST**2, 1), 4))
        sizes = [reduced(x, 2**k) for k in range(layers, -1, -1)]
        patience, glazes, strength = int(told["patience"]), int(told["glazes"]), told["strength"]
        total, done = patience + glazes + sum(len(parts(framed(own))) for own in sizes), count(1)
        painted, share = sizes[0], strength
        for k, own in enumerate(sizes):
            if k:  # half of its own detail is left where the style is strongest
                detail = own - enlarged(sizes[k - 1], own)
                painted, share = (enlarged(painted, own) + (1 - strength / 2) * detail).clamp(0, 1), strength * FINER
            styles = styles_seen(painted, told, beside, 2**k)
            painted = self.layer(painted, share, told, styles, lambda: tell(next(done), total))
            if glazes and not k:
                painted = self.glazed(painted, styles, told, lambda: tell(next(done), total))
            if patience and not k:
                painted = self.slowly(own, painted, told, beside, lambda so_far: tell(next(done), total, as_pixels(so_far)))
        return finished(painted, x, told, beside)

    def layer(
        self, x: Tensor, strength: float, told: Mapping[str, float], styles: tuple[list[Tensor], list[float]], done: Callable[[], None]
    ) -> Tensor:
        """x: (1, 3, h, w) in [0, 1] -> the same, part by part, within a frame of its own reflection."""
        whole, share = framed(x), x.new_tensor([strength])
        grid, style, ground = parts(whole), self.style(*styles), underpainting(whole, *styles, share)
        draw = torch.Generator().manual_seed(int(told["seed"]))
        chance = torch.rand(1, whole.shape[-2] // CELL, whole.shape[-1] // CELL, generator=draw).to(x)
        own, painted = self.measured(whole, grid), torch.empty_like(whole)
        for rows, columns in grid:
            near, under = (y[..., rows.seen(), columns.seen()] for y in (whole, ground))
            part = self.paint(self.seen(near), own, under, style, share, chance[:, rows.seen(CELL), columns.seen(CELL)])
            painted[..., rows.kept(), columns.kept()] = part[..., rows.within(), columns.within()]
            done()
        return painted[..., STRIDE : STRIDE + x.shape[-2], STRIDE : STRIDE + x.shape[-1]].clamp(0, 1)

    def glazed(
        self, painted: Tensor, styles: tuple[list[Tensor], list[float]], told: Mapping[str, float], done: Callable[[], None]
    ) -> Tensor:
        """What was painted at once, nearer the style by a few steps."""
        with torch.inference_mode(False):  # gradients are needed
            seen, count = [style.clone() for style in styles[0]], int(told["glazes"])
            for layer in glazed(self.encoder.to(painted.device), painted.clone(), seen, styles[1], told["strength"], count):
                painted = layer
                done()
        return painted

    def slowly(self, x: Tensor, painted: Tensor, told: Mapping[str, float], beside: Others, done: Callable[[Tensor], None]) -> Tensor:
        """What was painted at once, gone over step by step (Gatys 2016)."""
        with torch.inference_mode(False):  # gradients are needed
            styles, patience = {"style": [style.clone() for style in beside["style"]]}, replace(FINE, steps=int(told["patience"]))
            for _, finer in painted_slowly(self.encoder.to(x.device), x.clone(), told, styles, patience, painted.clone()):
                painted = finer
                done(finer)
        return painted

    def measured(self, whole: Tensor, grid: Sequence[tuple[Span, Span]]) -> Moments:
        """Moments of a whole content, from its parts."""
        sums = [torch.zeros(2, channels, dtype=torch.float64, device=whole.device) for channels in FEATURES]
        for rows, columns in grid:
            maps = self.seen(whole[..., rows.seen(), columns.seen()])
            for total, features, stride in zip(sums, maps, STRIDES, strict=True):
                kept = features[0, :, rows.within(stride), columns.within(stride)].double()
                total += torch.stack([kept.sum((1, 2)), kept.square().sum((1, 2))])
        places = [whole.shape[-2] * whole.shape[-1] / stride**2 for stride in STRIDES]
        ratios = [(total / number).float()[:, None, :, None, None] for total, number in zip(sums, places, strict=True)]
        return [(mean, (square - mean.square()).clamp_min(0).add(1e-5).sqrt()) for mean, square in ratios]


def parts(whole: Tensor) -> list[tuple[Span, Span]]:
    """Rows and columns of what is painted at once."""
    height, width = (spans(length, PART, REACH) for length in whole.shape[-2:])
    return list(product(height, width))


def mixture(known: Moments, shares: Sequence[float]) -> tuple[Tensor, Tensor]:
    """Moments of one level in several pictures, averaged."""
    means, deviations = ([share * x for share, x in zip(shares, of, strict=True)] for of in zip(*known, strict=True))
    return torch.stack(means).sum(0), torch.stack(deviations).sum(0)
