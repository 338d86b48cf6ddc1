"""Our own eyes: a small frozen network whose features tell pictures apart somewhat as people do.

Distilled from SqueezeNet by `python -m models.training.distil`; the basis of perceptual distances, of the scores in
models/metrics and of the projected critic.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.checkpoint import fitting, load_card, load_tensors

FOLDER = Path(__file__).parent / "weights" / "encoder"  # not in checkpoints/, where everything draws
SEEN_AT = 128  # pixels a side at which pictures are compared, whatever they were drawn at


@dataclass(frozen=True)
class EncoderConfig:
    widths: tuple[int, ...] = (32, 64, 128, 256)  # feature maps at strides 2, 4, 8, 16


class Encoder(nn.Module):
    """Plain convolutions; averages where others take the maximum, so that a gradient through it is smooth."""

    def __init__(self, config: EncoderConfig | None = None) -> None:
        super().__init__()
        self.config = config or EncoderConfig()
        self.widths: Sequence[int] = self.config.widths
        stem = nn.Sequential(nn.Conv2d(3, self.widths[0], 7, 2, 3), nn.ReLU())
        pairs = zip(self.widths, self.widths[1:], strict=False)
        self.stages = nn.ModuleList([stem, *(stage(a, b) for a, b in pairs)])

    def forward(self, x: Tensor) -> list[Tensor]:
        """(n, 3 or 1, h, w) in [-1, 1], h and w multiples of 16 -> maps (n, widths[k], h / 2^(k+1), w / 2^(k+1)), none negative."""
        x = x.expand(-1, 3, -1, -1).contiguous(memory_format=torch.channels_last)
        maps = []
        for layer in self.stages:
            x = layer(x)
            maps.append(x)
        return maps

    def vector(self, x: Tensor) -> Tensor:
        """The same pictures -> (n, sum of widths) float32: each map's mean, fine to coarse."""
        return torch.cat([features.float().mean((2, 3)) for features in self(x)], dim=1)


def stage(inputs: int, outputs: int) -> nn.Sequential:
    """Half the side, then two convolutions."""
    first, second = nn.Conv2d(inputs, outputs, 3, padding=1), nn.Conv2d(outputs, outputs, 3, padding=1)
    return nn.Sequential(nn.AvgPool2d(2), first, nn.ReLU(), second, nn.ReLU())


def load_encoder(folder: Path = FOLDER) -> Encoder:
    """The distilled encoder: frozen, evaluation mode, CPU, float32. CheckpointError where its files are missing or damaged."""
    card = load_card(folder)
    tensors = load_tensors(folder, card)
    with fitting(folder), torch.device("meta"):
        encoder = Encoder(EncoderConfig(tuple(card.config["widths"])))
        encoder.load_state_dict(tensors, assign=True)
    return encoder.eval().requires_grad_(False).to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def seen(x: Tensor, side: int = SEEN_AT) -> Tensor:
    """(n, c, h, w) -> (n, c, side, side): small pictures enlarged smoothly, large ones averaged."""
    if x.shape[-2:] == (side, side):
        return x
    return F.interpolate(x, size=(side, side), mode="bilinear", align_corners=False, antialias=max(x.shape[-2:]) > side)


def distance(a: Sequence[Tensor], b: Sequence[Tensor], where: Tensor | None = None) -> Tensor:
    """Perceptual distance of pictures by their maps, (n,), 0 (same) to 2 (Zhang 2018, equation 1, without learned weights).

    At each level channels are brought to unit length at every place; their squared differences are summed over
    channels, then averaged over places and levels. Where one side has one picture, it is compared with all of the other.
    where: (1, 1, h, w), how much each place counts, none below zero and some above; all alike where it is left out.
    """
    levels = [(unit(p) - unit(q)).square().sum(1) for p, q in zip(a, b, strict=True)]
    if where is None:
        return torch.stack([level.mean((1, 2)) for level in levels]).mean(0)
    counts = [F.adaptive_avg_pool2d(where, (level.shape[1], level.shape[2]))[:, 0] for level in levels]
    return torch.stack([(level * count).sum((1, 2)) / count.sum() for level, count in zip(levels, counts, strict=True)]).mean(0)


def unit(features: Tensor) -> Tensor:
    """Channels brought to unit length at every place; the epsilon stands inside the root, so that gradients stay finite at zero."""
    features = features.float()
    return features * (features.square().sum(1, keepdim=True) + 1e-8).rsqrt()
