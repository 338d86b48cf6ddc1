"""Features of the critics that grow beside their generators."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.growth import Grown, levels_of
from models.layers import Conv, Linear, lifted
from models.training.critics.critic import BatchDeviation


class GrownFeatures(nn.Module):
    """Blocks that each halve the side, as wide at each resolution as the generator (Karras 2018, section 2 and table 2).

    It takes pictures of any side that the generator grows through; each resolution has its own first layer. block: widths in and
    out -> a module (n, in, h, w) -> (n, out, h/2, w/2).
    """

    def __init__(self, config: Grown, channels: int, block: Callable[[int, int], nn.Module]) -> None:
        super().__init__()
        self.config, self.fade = config, 1.0
        widths = config.widths  # coarse to fine, as in the generator
        self.starts = nn.ModuleList(Conv(channels, width, 1) for width in widths)
        self.blocks = nn.ModuleList(block(b, a) for a, b in zip(widths, widths[1:], strict=False))
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
