"""Super-resolution in two temperaments: faithful, trained on pixels, and crisp, trained against a critic (Ledig 2017, Wang 2018)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F

from models.registry import TRANSLATORS
from models.translators.translator import NONE, Option, Others, Translator, TranslatorSpec


@dataclass(frozen=True)
class UpscalerConfig:
    factor: int = 4
    width: int = 48  # feature maps
    blocks: int = 10

    def __post_init__(self) -> None:
        if self.factor not in (2, 4) or min(self.width, self.blocks) < 1:
            raise ValueError(f"An upscaler's factor is 2 or 4, its width and blocks at least 1, not {self}.")


class Block(nn.Module):
    """Two convolutions beside a straight way, no normalisation (Lim 2017, section 3.1)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first, self.second = (nn.Conv2d(width, width, 3, padding=1) for _ in range(2))
        nn.init.zeros_(self.second.weight)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.second(F.leaky_relu(self.first(x), 0.1))


class Enlarger(nn.Module):
    """What bicubic enlargement lacks: convolutions at the small size, then their maps laid out as pixels (Shi 2016)."""

    def __init__(self, config: UpscalerConfig) -> None:
        super().__init__()
        self.factor = config.factor
        self.head = nn.Conv2d(4, config.width, 3, padding=1)
        self.blocks = nn.Sequential(*(Block(config.width) for _ in range(config.blocks)))
        self.tail = nn.Conv2d(config.width, 3 * config.factor**2, 3, padding=1)
        for parameter in self.tail.parameters():  # it begins as bicubic enlargement
            nn.init.zeros_(parameter)

    def forward(self, x: Tensor, clean: Tensor) -> Tensor:
        """x: (n, 3, h, w) in [0, 1]; clean: (n,) in [0, 1], how much noise and compression is to be taken away."""
        told = clean.view(-1, 1, 1, 1).expand(-1, 1, *x.shape[-2:])
        h = self.head(torch.cat([x - 0.5, told], dim=1).contiguous(memory_format=torch.channels_last))
        lacking = F.pixel_shuffle(self.tail(h + self.blocks(h)), self.factor)
        return F.interpolate(x, scale_factor=float(self.factor), mode="bicubic") + lacking.float()


@TRANSLATORS.register("upscaler", UpscalerConfig)
class Upscaler(Translator):
    """Two enlargers of one shape; between them lies every mixture of their weights (Wang 2018, section 3.4)."""

    def __init__(self, config: UpscalerConfig) -> None:
        super().__init__()
        self.config = config
        self.spec = TranslatorSpec("upscaler", config.factor, (Option("crispness", 0.5), Option("clean", 0.0)))
        self.reach: int = 2 * config.blocks + 2
        self.faithful, self.crisp = Enlarger(config), Enlarger(config)

    def translate(self, pictures: Tensor, options: Mapping[str, float], beside: Others = NONE) -> Tensor:
        told = self.spec.read(options)
        clean = pictures.new_full((len(pictures),), told["clean"])
        return functional_call(self.faithful, self.mixed(told["crispness"]), (pictures, clean)).clamp(0, 1)

    def mixed(self, crispness: float) -> dict[str, Tensor]:
        """Weights that lie at a share between faithful and crisp."""
        pairs = zip(self.faithful.named_parameters(), self.crisp.parameters(), strict=True)
        return {name: torch.lerp(faithful, crisp, crispness) for (name, faithful), crisp in pairs}
