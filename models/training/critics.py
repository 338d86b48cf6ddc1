"""Critics: the other half of a generative adversarial pair. They are trained beside a generator and not kept with it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.generators.dcgan import Dcgan
from models.generators.style import Linear, Style
from models.spec import Condition, Generator, GeneratorSpec


@dataclass(frozen=True)
class Judgement:
    """What a critic says of a batch: higher scores are more like the data."""

    score: Tensor  # (n,)
    classes: Tensor | None  # (n, classes) logits
    styles: Tensor | None  # (n, styles) logits


class Critic(nn.Module):
    """Features, then a projected score (Miyato and Koyama 2018) and the names it recognises (Odena 2017)."""

    def __init__(self, features: nn.Module, width: int, spec: GeneratorSpec) -> None:
        super().__init__()
        self.features = features
        self.spec = spec
        names = len(spec.classes) + len(spec.styles)
        self.score = nn.Linear(width, 1)
        self.embed = nn.Linear(names, width, bias=False) if names else None
        self.name_class = nn.Linear(width, len(spec.classes)) if spec.classes else None
        self.name_style = nn.Linear(width, len(spec.styles)) if spec.styles else None

    def forward(self, x: Tensor, condition: Condition) -> Judgement:
        """x: (n, channels, size, size) in [-1, 1]."""
        h = self.features(x.contiguous(memory_format=torch.channels_last)).float()
        score = self.score(h)[:, 0]
        rows = condition.rows(self.spec)
        if self.embed is not None and rows is not None:
            score = score + (h * self.embed(rows)).sum(1) / math.sqrt(h.shape[1])
        return Judgement(score, self.name_class(h) if self.name_class else None, self.name_style(h) if self.name_style else None)


class BatchDeviation(nn.Module):
    """One more map: how much neighbours in the batch differ (Karras 2018, section 3). Guards against mode collapse.

    Neighbours, because a batch is sorted by condition: four designs side by side differ even when each has collapsed.
    """

    def __init__(self, group: int = 4) -> None:
        super().__init__()
        self.group = group

    def forward(self, x: Tensor) -> Tensor:  # (n, c, h, w) -> (n, c + 1, h, w)
        n, _, h, w = x.shape
        group = self.group if n % self.group == 0 else n
        grouped = x.float().reshape(n // group, group, -1)
        spread = (grouped - grouped.mean(dim=1, keepdim=True)).square().mean(dim=1)
        # the epsilon stands inside the root: its second derivative, which R1 needs, is infinite at zero
        deviation = (spread + 1e-8).sqrt().mean(dim=1)
        column = deviation.repeat_interleave(group).view(n, 1, 1, 1).expand(n, 1, h, w)
        return torch.cat([x, column.to(x.dtype)], dim=1)


def dcgan_features(generator: Dcgan) -> tuple[nn.Module, int]:
    """The generator's resolutions in reverse with strided convolutions and leaky ReLU (Radford 2015, section 3).

    No batch normalisation: R1 takes the place of what it stabilised, at a third of the time on a CPU.
    """
    config = generator.config
    widths = [config.channels, *reversed(config.widths)]
    convolutions: list[nn.Module] = []
    for a, b in zip(widths, widths[1:], strict=False):
        convolutions += [nn.Conv2d(a, b, 4, 2, 1), nn.LeakyReLU(0.2)]
    side, last = config.base, widths[-1]
    final = [BatchDeviation(), nn.Conv2d(last + 1, last, 3, 1, 1), nn.LeakyReLU(0.2), nn.Flatten()]
    return nn.Sequential(*convolutions, *final, nn.Linear(last * side**2, 256), nn.LeakyReLU(0.2)), 256


class Conv(nn.Module):
    """Convolution with equalised learning rate (Karras 2018, section 4.1)."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1, bias: bool = True) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(outputs)) if bias else None
        self.scale, self.stride = 1 / math.sqrt(inputs * kernel**2), stride

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.weight * self.scale, self.bias, self.stride, self.weight.shape[-1] // 2)


class ResidualBlock(nn.Module):
    """Two convolutions and a skip, halving the side (Karras 2020, figure 7c)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.first = Conv(inputs, inputs, 3)
        self.second = Conv(inputs, outputs, 3)
        self.skip = Conv(inputs, outputs, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:  # (n, c, h, w) -> (n, d, h/2, w/2)
        y = F.leaky_relu(self.first(x), 0.2) * math.sqrt(2)
        # averaging before the second convolution is a quarter of its work, and the low-pass filter that striding needs
        y = F.leaky_relu(self.second(F.avg_pool2d(y, 2)), 0.2) * math.sqrt(2)
        return (y + self.skip(F.avg_pool2d(x, 2))) / math.sqrt(2)


class Scaled(nn.Module):
    """Leaky ReLU that keeps the variance."""

    def forward(self, x: Tensor) -> Tensor:
        return F.leaky_relu(x, 0.2) * math.sqrt(2)


def style_features(generator: Style) -> tuple[nn.Module, int]:
    """Residual critic of StyleGAN2 (Karras 2020, figure 7c), as wide at each resolution as the generator."""
    config = generator.config
    widths = list(reversed(config.widths))
    blocks = [ResidualBlock(a, b) for a, b in zip(widths, widths[1:], strict=False)]
    last = widths[-1]
    start = [Conv(config.channels, widths[0], 1), Scaled()]
    final = [BatchDeviation(), Conv(last + 1, last, 3), Scaled(), nn.Flatten(), Linear(last * 16, last), Scaled()]
    return nn.Sequential(*start, *blocks, *final), last


def build_critic(generator: Generator) -> Critic:
    """The critic that belongs to a generator's family; ValueError where a family is not adversarial."""
    match generator:
        case Dcgan():
            features, width = dcgan_features(generator)
        case Style():
            features, width = style_features(generator)
        case _:
            raise ValueError(f"The family '{generator.spec.family}' has no critic.")
    return Critic(features, width, generator.spec)
