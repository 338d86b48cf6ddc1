"""The critic of the style-based generators: residual, and grown beside them."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.generators.style import Linear, StyleConfig, levels_of
from models.training.critics.critic import BatchDeviation


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
        y = lifted(self.first(x))
        # averaging before the second convolution is a quarter of its work, and the low-pass filter that striding needs
        y = lifted(self.second(F.avg_pool2d(y, 2)))
        return (y + self.skip(F.avg_pool2d(x, 2))) / math.sqrt(2)


def lifted(x: Tensor) -> Tensor:
    """Leaky ReLU that keeps the variance."""
    return F.leaky_relu(x, 0.2) * math.sqrt(2)


class StyleFeatures(nn.Module):
    """Residual critic of StyleGAN2 (Karras 2020, figure 7c), as wide at each resolution as the generator.

    It takes pictures of any side that the generator grows through; each resolution has its own first layer.
    """

    def __init__(self, config: StyleConfig) -> None:
        super().__init__()
        self.config, self.fade = config, 1.0
        widths = config.widths  # coarse to fine, as in the generator
        self.starts = nn.ModuleList(Conv(config.channels, width, 1) for width in widths)
        self.blocks = nn.ModuleList(ResidualBlock(b, a) for a, b in zip(widths, widths[1:], strict=False))
        self.gather = nn.Sequential(BatchDeviation(), Conv(widths[0] + 1, widths[0], 3))
        self.final = Linear(widths[0] * 16, widths[0])

    def forward(self, x: Tensor) -> Tensor:  # (n, channels, side, side) -> (n, widths[0])
        level = levels_of(self.config, x.shape[-1]) - 1
        h = lifted(self.starts[level](x))
        for k in reversed(range(level)):
            h = self.blocks[k](h)
            if k == level - 1 and self.fade < 1:  # the newest block comes in beside the way that was there before it
                h = torch.lerp(lifted(self.starts[k](F.avg_pool2d(x, 2))), h, self.fade)
        return lifted(self.final(lifted(self.gather(h)).flatten(1)))
