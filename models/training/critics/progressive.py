"""The critic of the progressively grown generators: the generator in reverse."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from models.generators.progressive import ProgressiveConfig
from models.layers import Conv, lifted
from models.training.critics.grown import GrownFeatures


class PlainBlock(nn.Module):
    """Two convolutions, halving the side between them (Karras 2018, table 2, where it is halved after both)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.first = Conv(inputs, inputs, 3)
        self.second = Conv(inputs, outputs, 3)

    def forward(self, x: Tensor) -> Tensor:  # (n, c, h, w) -> (n, d, h/2, w/2)
        return lifted(self.second(F.avg_pool2d(lifted(self.first(x)), 2)))


class ProgressiveFeatures(GrownFeatures):
    """Critic without skips, batch deviation before its last layers (Karras 2018, table 2; section 3)."""

    def __init__(self, config: ProgressiveConfig) -> None:
        super().__init__(config, config.channels, PlainBlock)
