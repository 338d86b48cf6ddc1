"""Repairing: what a mask hides is filled in several ways, each likely."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F

from models.encoder import load_encoder, unit
from models.training.critics.projected import ScaleCritic
from models.training.games import GAMES
from models.training.lessons.lesson import Sets, device_of, drawn_rows, held_out_rows, turned
from models.training.masks import free_form, missing
from models.training.objectives import Objective
from models.training.objectives.objective import adam, descend, precision
from models.training.presets import Preset
from models.training.run import Run
from models.training.schedule import Stage, stage
from models.training.shards import Shard
from models.training.sheet import sheet
from models.translators.filler import Chance, Filler, chance, smooth
from models.translators.inpainting import Inpainting
from models.translators.translator import Translator

PATCH = 128  # pixels a side of what the critic is made for
ADVERSE, NEAR = 0.1, 2.0  # weights of the critic's word and of the pixels beside likeness
FIRM = 2.0  # weight of squared distances beside plain ones
FREE = 0.6  # share of pictures whose two fillings may differ
SHOWN = 8  # held-out pictures on a sheet


@dataclass(frozen=True)
class Hidden:
    """Pictures, what of them is hidden, and two draws of chance for each: fillings 0 … n - 1, then n … 2n - 1."""

    pictures: Tensor  # (n, 3, s, s) in [0, 1]
    hole: Tensor  # (n, 1, s, s), 1 = hidden
    base: Tensor  # (n, 3, s, s), the pictures with something smooth in their holes
    freedom: Tensor  # (n,) in [0, 1]
    luck: Chance  # of 2n


class Proposals:
    """Two fillings a picture, scored as forecasts are: near the truth, and as far from each other as each is from the truth.

    That is the energy score (Gneiting 2007, section 4.2; for networks Bouchacourt 2016): its mean is least where fillings are spread as
    the truth is. It is taken over what our eyes see at each place and over pixels; freedom weighs the second half, so that at none
    the likeliest filling is learned. A critic of patches, told what was hidden (Yu 2019, section 3.3), compares filled and real ones.
    """

    def __init__(self, filler: nn.Module, preset: Preset) -> None:
        self.filler, self.preset, self.shard, device = cast(Filler, filler), preset, Shard(), device_of(filler)
        self.critic = ScaleCritic(4, PATCH, names=0, inner=32, patches=PATCH // 8).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.encoder, self.game = load_encoder().to(device), GAMES["relativistic"]
        self.adam, self.judges = adam(filler.parameters(), preset), adam(self.critic.parameters(), preset)

    def step(self, batch: Hidden, number: int) -> dict[str, float]:
        n, hole = len(batch.pictures), torch.cat([batch.hole] * 2)
        with precision(hole.device, self.preset):
            maps = self.filler.see(batch.base, batch.hole)
            lacking = self.filler.lacking([m.repeat(2, 1, 1, 1) for m in maps], batch.luck, batch.freedom.repeat(2))
        made = torch.cat([batch.base] * 2) + lacking * hole
        real = torch.cat([batch.pictures, batch.hole], dim=1)
        with precision(hole.device, self.preset):
            scores = self.critic(torch.cat([real, torch.cat([made.detach(), hole], dim=1)]), None).float()
        known, filled = scores[:n].repeat(2, 1), scores[n:]
        critic = self.game.judge(known, filled)
        descend(self.judges, critic, self.preset, self.shard)
        with precision(hole.device, self.preset):
            filled = self.critic(torch.cat([made, hole], dim=1), None).float()
            seen, true = self.encoder(2 * made - 1), self.encoder(2 * batch.pictures - 1)
        eyes = scored([unit(m) for m in seen], [unit(m) for m in true], batch.freedom)
        pixels = scored([made], [batch.pictures], batch.freedom)
        loss = eyes + ADVERSE * self.game.draw(filled, known.detach()) + NEAR * pixels
        descend(self.adam, loss, self.preset, self.shard)
        between = apart([made[:n]], [made[n:]]).mean()
        return {"critic": critic.item(), "eyes": eyes.item(), "pixels": pixels.item(), "between": between.item()}

    def grow(self, stage: Stage) -> None:
        """It is as large as it will ever be."""

    def modules(self) -> dict[str, nn.Module]:
        return {"critic": self.critic}

    def optimisers(self) -> dict[str, torch.optim.Optimizer]:
        return {"filler": self.adam, "judges": self.judges}


def squared(a: Sequence[Tensor], b: Sequence[Tensor]) -> Tensor:
    """(n,): squared distance at each place, averaged over places and maps, by which pictures are compared (models/encoder.py)."""
    return torch.stack([(p - q).square().sum(1).mean((1, 2)) for p, q in zip(a, b, strict=True)]).mean(0)


def apart(a: Sequence[Tensor], b: Sequence[Tensor]) -> Tensor:
    """(n,): Euclidean distance at each place, averaged over places and maps; not squared, or the energy score would see only means."""
    return torch.stack([((p - q).square().sum(1) + 1e-6).sqrt().mean((1, 2)) for p, q in zip(a, b, strict=True)]).mean(0)


def scored(made: Sequence[Tensor], true: Sequence[Tensor], freedom: Tensor) -> Tensor:
    """The energy score of two fillings, maps (2n, c, h, w), of each of n pictures; where there is no freedom, the squared distance,

    which one filling that is the mean of all likely ones keeps least.
    """
    n, twice = len(freedom), [m.repeat(2, 1, 1, 1) for m in true]
    free = apart(made, twice).view(2, n).mean(0) - freedom * apart([m[:n] for m in made], [m[n:] for m in made]) / 2
    return torch.where(freedom > 0, free, FIRM * squared(made, twice).view(2, n).mean(0)).mean()


class Repairing:
    """One training teaches to fill at every freedom."""

    def network(self, translator: Translator, preset: Preset) -> nn.Module:
        return cast(Inpainting, translator).filler

    def objective(self, network: nn.Module, preset: Preset) -> Objective:
        chosen: Any = Proposals  # its batches are hidden pictures, where others speak of pictures
        return chosen(network, preset)

    def batches(self, run: Run, data: Sets) -> Iterator[Hidden]:
        """Pictures turned and mirrored at random, each with a mask of its own; first small ones, later of full size."""
        n, z_dim = run.preset.batch, cast(Filler, run.generator).z_dim
        while True:
            pictures = turned(data.pictures(drawn_rows(data, n, run.order)), run.order)
            pictures = framed(pictures, stage(run.preset, pictures.shape[-1], run.seen).side, run.order)
            height, width = pictures.shape[-2:]
            masks = np.stack([missing(height, width, run.order) for _ in range(n)])
            yield hidden(pictures, masks, z_dim, run.order)

    @torch.no_grad()
    def look(self, network: nn.Module, data: Sets) -> tuple[dict[str, float], Image.Image]:
        """Distance to our eyes where a fifth is hidden, of smooth fillings and of ours, and between two of ours; a sheet of the like."""
        filler, rows, draw = cast(Filler, network), held_out_rows(data, 64), torch.Generator().manual_seed(0)
        pictures = data.pictures(rows)
        height, width = pictures.shape[-2:]
        masks = np.stack([free_form(height, width, 0.2, draw) for _ in rows])
        batch = hidden(pictures, masks, filler.z_dim, draw)
        ways = [filler(batch.base, batch.hole, luck, torch.full((len(rows),), 0.5)).clamp(0, 1) for luck in batch.luck.halves()]
        eyes = load_encoder()
        seen, *others = ([unit(m) for m in eyes(2 * x - 1)] for x in (batch.pictures, batch.base, *ways))
        plain, ours, _ = (apart(maps, seen).mean().item() for maps in others)
        figures = {"eyes": ours, "smooth_eyes": plain, "between": apart(others[1], others[2]).mean().item()}
        shown = torch.stack([x[:SHOWN] for x in (batch.pictures * (1 - batch.hole), batch.base, *ways, batch.pictures)]).flatten(0, 1)
        return {name: round(value, 4) for name, value in figures.items()}, sheet(2 * shown - 1, SHOWN)

    def finish(self, translator: Translator, network: nn.Module, preset: Preset) -> None:
        cast(Inpainting, translator).filler.load_state_dict(network.state_dict())


def framed(pictures: Tensor, side: int, draw: torch.Generator) -> Tensor:
    """(n, 3, s, s) uint8 at a smaller side: averaged, or a part cut out, by chance."""
    factor = pictures.shape[-1] // side
    if torch.rand((), generator=draw) < 0.5:
        return F.avg_pool2d(pictures.float(), factor).round().to(torch.uint8)
    top, left = torch.randint(pictures.shape[-1] - side + 1, (2,), generator=draw).tolist()
    return pictures[..., top : top + side, left : left + side]


def hidden(pictures: Tensor, masks: np.ndarray, z_dim: int, draw: torch.Generator) -> Hidden:
    """pictures: (n, 3, s, s) uint8; masks: (n, s, s), True = hidden."""
    n, side = len(pictures), pictures.shape[-1]
    whole, hole = pictures.float() / 255, torch.from_numpy(masks).float()[:, None]
    freedom = torch.rand(n, generator=draw) * (torch.rand(n, generator=draw) < FREE)
    return Hidden(whole, hole, torch.where(hole > 0, smooth(whole, hole), whole), freedom, chance(z_dim, side, side, draw, 2 * n))
