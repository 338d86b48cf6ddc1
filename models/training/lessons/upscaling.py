"""Enlarging, in two temperaments: faithful to each pixel, or crisp to the eye."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from models.encoder import distance, load_encoder
from models.metrics.likeness import psnr
from models.metrics.upscaled import bicubic
from models.training.critics.projected import ScaleCritic
from models.training.games import GAMES
from models.training.lessons.lesson import Sets, device_of, drawn_rows, held_out_rows, turned
from models.training.objectives import Objective
from models.training.objectives.objective import adam, descend, precision
from models.training.presets import Preset
from models.training.run import Run
from models.training.schedule import Stage
from models.training.shards import Shard
from models.training.sheet import sheet
from models.translators.translator import Translator
from models.translators.upscaler import Enlarger, Upscaler

NOISE, WORST = 30 / 255, 30  # standard deviation, and JPEG quality, that the slider "clean" takes away at its end
PATCH = 128  # pixels a side of what is learned from
ADVERSE, NEAR = 5e-3, 1e-2  # weights of the critic's word and of the pixels beside likeness (Wang 2018, section 4.1)
SHOWN = 8  # held-out pictures on a sheet


@dataclass(frozen=True)
class Pair:
    """What an upscaler is given and what it was made from."""

    small: Tensor  # (n, 3, s, s) in [0, 1], of 8 bits
    large: Tensor  # (n, 3, factor * s, factor * s)
    clean: Tensor  # (n,) in [0, 1], how spoilt the small one is


class Pixels:
    """Mean absolute error of each pixel: the faithful temperament (Lim 2017, section 3.3)."""

    def __init__(self, enlarger: nn.Module, preset: Preset) -> None:
        self.enlarger, self.preset, self.shard = enlarger, preset, Shard()
        self.adam = adam(enlarger.parameters(), preset)

    def step(self, batch: Pair, number: int) -> dict[str, float]:
        with precision(batch.small.device, self.preset):
            loss = (self.enlarger(batch.small, batch.clean) - batch.large).abs().mean()
        descend(self.adam, loss, self.preset, self.shard)
        return {"error": loss.item() * 255}

    def grow(self, stage: Stage) -> None:
        """It is as large as it will ever be."""

    def modules(self) -> dict[str, nn.Module]:
        return {}

    def optimisers(self) -> dict[str, torch.optim.Optimizer]:
        return {"enlarger": self.adam}


class Crisp:
    """Likeness to our eyes, a critic's word, and a little of each pixel: the crisp temperament (Wang 2018, section 3.3).

    The critic scores patches; a pair is judged relative to each other, one made, one real (Jolicoeur-Martineau 2018).
    """

    def __init__(self, enlarger: nn.Module, preset: Preset) -> None:
        self.enlarger, self.preset, self.shard, device = enlarger, preset, Shard(), device_of(enlarger)
        self.critic = ScaleCritic(3, PATCH, names=0, inner=48, patches=PATCH // 8).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.encoder, self.game = load_encoder().to(device), GAMES["relativistic"]
        self.adam, self.judges = adam(enlarger.parameters(), preset), adam(self.critic.parameters(), preset)

    def step(self, batch: Pair, number: int) -> dict[str, float]:
        with precision(batch.small.device, self.preset):
            made = self.enlarger(batch.small, batch.clean)
            judged, real = self.critic(made.detach(), None).float(), self.critic(batch.large, None).float()
        critic = self.game.judge(real, judged)
        descend(self.judges, critic, self.preset, self.shard)
        with precision(batch.small.device, self.preset):
            seen, known = self.encoder(2 * made - 1), self.encoder(2 * batch.large - 1)
            judged, real = self.critic(made, None).float(), self.critic(batch.large, None).float()
        unlike, error = distance(seen, known).mean(), (made - batch.large).abs().mean()
        loss = unlike + ADVERSE * self.game.draw(judged, real.detach()) + NEAR * error
        descend(self.adam, loss, self.preset, self.shard)
        return {"critic": critic.item(), "unlike": unlike.item(), "error": error.item() * 255}

    def grow(self, stage: Stage) -> None:
        """It is as large as it will ever be."""

    def modules(self) -> dict[str, nn.Module]:
        return {"critic": self.critic}

    def optimisers(self) -> dict[str, torch.optim.Optimizer]:
        return {"enlarger": self.adam, "judges": self.judges}


class Upscaling:
    """The faithful temperament is learned first; a preset that starts with a checkpoint learns the crisp one beside it."""

    def network(self, translator: Translator, preset: Preset) -> nn.Module:
        return cast(Upscaler, translator).faithful  # a crisp one begins with the faithful weights

    def objective(self, network: nn.Module, preset: Preset) -> Objective:
        chosen: Any = Crisp if preset.joins else Pixels  # their batches are pairs, where others speak of pictures
        return chosen(network, preset)

    def batches(self, run: Run, data: Sets) -> Iterator[Pair]:
        """Pictures turned and mirrored at random, half of them spoilt."""
        factor, n = cast(Enlarger, run.generator).factor, run.preset.batch
        while True:
            large = turned(data.pictures(drawn_rows(data, n, run.order)), run.order)
            clean = torch.rand(n, generator=run.order) * (torch.rand(n, generator=run.order) < 0.5)
            yield spoilt(large, factor, clean, run.order)

    @torch.no_grad()
    def look(self, network: nn.Module, data: Sets) -> tuple[dict[str, float], Image.Image]:
        """Decibels, and what bicubic enlargement reaches; a sheet: bicubic, ours, the original."""
        enlarger, rows = cast(Enlarger, network), held_out_rows(data, 256)
        pair = spoilt(data.pictures(rows), enlarger.factor, torch.zeros(len(rows)), torch.Generator().manual_seed(0))
        plain = bicubic(pair.small, enlarger.factor)
        ours = torch.cat([enlarger(part, part.new_zeros(len(part))) for part in pair.small.split(16)]).clamp(0, 1)
        shown = torch.stack([plain[:SHOWN], ours[:SHOWN], pair.large[:SHOWN]]).flatten(0, 1)
        figures = {"psnr": round(psnr(ours, pair.large).mean().item(), 3), "bicubic_psnr": round(psnr(plain, pair.large).mean().item(), 3)}
        return figures, sheet(2 * shown - 1, SHOWN)

    def finish(self, translator: Translator, network: nn.Module, preset: Preset) -> None:
        """A faithful run's weights are both temperaments until a crisp one stands beside."""
        upscaler = cast(Upscaler, translator)
        for enlarger in (upscaler.crisp,) if preset.joins else (upscaler.faithful, upscaler.crisp):
            enlarger.load_state_dict(network.state_dict())


def spoilt(large: Tensor, factor: int, clean: Tensor, draw: torch.Generator) -> Pair:
    """large: (n, 3, h, w) uint8. Reduced, then with noise and compression by `clean` (a part of Wang 2021, section 3)."""
    whole = large.float() / 255
    small = bicubic(whole, 1 / factor)
    small = small + torch.randn(small.shape, generator=draw) * (NOISE * clean.view(-1, 1, 1, 1))
    bytes_ = (small.clamp(0, 1) * 255).round().to(torch.uint8)
    for i in torch.nonzero(clean > 0).flatten().tolist():
        bytes_[i] = compressed(bytes_[i], round(95 + (WORST - 95) * float(clean[i])))
    return Pair(bytes_.float() / 255, whole, clean)


def compressed(x: Tensor, quality: int) -> Tensor:
    """(3, h, w) uint8 through JPEG."""
    file = io.BytesIO()
    Image.fromarray(x.permute(1, 2, 0).numpy()).save(file, "JPEG", quality=quality)
    return torch.from_numpy(np.asarray(Image.open(file)).copy()).permute(2, 0, 1)
