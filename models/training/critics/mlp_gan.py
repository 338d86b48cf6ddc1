"""The critic of the first adversarial pair: maxout and dropout."""

from __future__ import annotations

from torch import Tensor, nn

from models.generators.mlp_gan import MlpGanConfig

UNITS, PIECES = 240, 5


class Maxout(nn.Module):
    """Units that take the largest of some linear functions (Goodfellow 2013, equation 1)."""

    def __init__(self, inputs: int, units: int = UNITS, pieces: int = PIECES) -> None:
        super().__init__()
        self.linear = nn.Linear(inputs, units * pieces)
        self.pieces = pieces

    def forward(self, x: Tensor) -> Tensor:  # (n, inputs) -> (n, units)
        return self.linear(x).unflatten(1, (-1, self.pieces)).amax(2)


def mlp_gan_features(config: MlpGanConfig) -> tuple[nn.Module, int]:
    """Two layers of maxout units, a fifth of the pixels and half of the units left out at each step (section 5)."""
    pixels = config.channels * config.size**2
    layers = [nn.Flatten(), nn.Dropout(0.2), Maxout(pixels), nn.Dropout(0.5), Maxout(UNITS), nn.Dropout(0.5)]
    return nn.Sequential(*layers), UNITS
