"""The critics of a Laplacian pyramid: one a level, each with eyes for its own band alone."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.generators.lapgan import FAINT, Lapgan
from models.layers import Conv, Linear, double, lifted
from models.training.critics.critic import BatchDeviation, Critic

WIDEST, LAST, COARSE = 128, 256, 8


class BandFeatures(nn.Module):
    """Convolutions, halved to 8 pixels, over a residual beside the stretched picture that it completes.

    Denton 2015 (section 2.3) adds the two; side by side, both stay to be seen.
    """

    def __init__(self, channels: int, side: int, width: int) -> None:
        super().__init__()
        halvings = max((side // COARSE).bit_length() - 1, 0)
        widths = [channels, *(min(width << k, WIDEST) for k in range(halvings + 1))]
        self.layers = nn.ModuleList(Conv(a, b, 3) for a, b in zip(widths, widths[1:], strict=False))
        self.gather = nn.Sequential(BatchDeviation(), Conv(widths[-1] + 1, widths[-1], 3))
        self.final = Linear(widths[-1] * (side >> halvings) ** 2, LAST)

    def forward(self, x: Tensor) -> Tensor:  # (n, channels, side, side) -> (n, LAST)
        for k, layer in enumerate(self.layers):
            x = lifted(layer(F.avg_pool2d(x, 2) if k else x))
        return lifted(self.final(lifted(self.gather(x)).flatten(1)))


def lapgan_critics(generator: Lapgan) -> list[Critic]:
    """A critic a level, coarse to fine; what it takes: `band`."""
    config = generator.config
    seen = [config.channels * (1 if level == 0 else 2) for level in range(len(config.sides))]
    return [
        Critic(BandFeatures(channels, side, config.width // 2), LAST, generator.spec)
        for channels, side in zip(seen, config.sides, strict=True)
    ]


def band(coarser: Tensor, residual: Tensor) -> Tensor:
    """What a level's critic sees, the residual made as strong as the picture.

    (n, c, side / 2, side / 2) or nothing, (n, c, side, side) -> (n, 2c or c, side, side).
    """
    return torch.cat([double(coarser), residual / FAINT], dim=1) if coarser.shape[1] else residual
