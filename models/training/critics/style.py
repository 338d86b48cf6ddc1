"""The critic of the style-based generators: residual, and grown beside them."""

from __future__ import annotations

import math

from torch import Tensor, nn
from torch.nn import functional as F

from models.generators.style import StyleConfig
from models.layers import Conv, lifted
from models.training.critics.grown import GrownFeatures


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


class StyleFeatures(GrownFeatures):
    """Residual critic of StyleGAN2 (Karras 2020, figure 7c)."""

    def __init__(self, config: StyleConfig) -> None:
        super().__init__(config, config.channels, ResidualBlock)
