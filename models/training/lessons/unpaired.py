"""Redrawing pictures of one kind as another, of which there are no pairs (Park 2020) but those that we make.

Prints, spoilt until they look like photographs, are to be drawn again as they were: that teaches flat colour, outline and
paper at once, from real examples. On photographs themselves a critic says how like prints they have become, and the contrast
of places that they are still the same pictures.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F

from models.encoder import distance, load_encoder
from models.metrics.kid import kernel_distance
from models.metrics.unpaired import BATCH, views
from models.spec import GeneratorSpec
from models.training.augment import Augment
from models.training.critics.projected import MOST, ProjectedCritic
from models.training.games import GAMES
from models.training.lessons.lesson import Sets, device_of, held_out_rows
from models.training.objectives import Objective
from models.training.objectives.objective import adam, descend, precision, scoring
from models.training.presets import Preset
from models.training.run import Run
from models.training.schedule import Stage
from models.training.shards import Shard
from models.training.sheet import sheet
from models.translators.cut import Cut, Redrawer
from models.translators.translator import Translator

SOURCE, TARGET = 0, 1  # places of the two kinds among the sets of a preset
PATCH = 96  # pixels a side of what is learned from
LEVELS, PLACES = (1, 2, 3), 128  # maps of the encoder whose places are told apart, and at most how many of each
INNER, TEMPERATURE = 64, 0.07  # numbers that tell a place, and how sharply (Park 2020, section 3.2)
LIKED, KEPT, AGAIN = 1.0, 0.5, 5.0  # weights of the critic's word, of the contrast, and of spoilt prints drawn again
TINTED, SOFTEST, COARSEST = 0.6, 5, 12  # how far a print takes a photograph's colours; pixels that it is softened by, and of texture
SHOWN = 6  # held-out pictures on a row of the sheet


@dataclass(frozen=True)
class Kinds:
    """Pictures of both kinds, which have nothing to do with one another; (n, 3, s, s) in [0, 1]."""

    given: Tensor  # of the source
    wanted: Tensor  # of the target
    spoilt: Tensor  # the same of the target, as if they were of the source
    shares: Tensor  # (n, styles) one-hot: whose hand those of the target are by, and those of the source are to be redrawn in
    rows: np.ndarray  # of the source


class Heads(nn.Module):
    """What of the encoder's features tells a place: two layers for each map (Park 2020, section 3.2)."""

    def __init__(self, widths: Sequence[int]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Sequential(nn.Linear(width, INNER), nn.ReLU(), nn.Linear(INNER, INNER)) for width in widths)

    def forward(self, places: Sequence[Tensor]) -> list[Tensor]:  # (n, k, width) each -> (n, k, INNER), of unit length
        return [F.normalize(layer(x).float(), dim=2) for layer, x in zip(self.layers, places, strict=True)]


class Contrastive:
    """What a redrawer learns by: contrast and critic on the source, and spoilt pictures of the target drawn again."""

    def __init__(self, redrawer: Redrawer, preset: Preset) -> None:
        self.redrawer, self.preset, self.shard, device = redrawer, preset, Shard(), device_of(redrawer)
        told = GeneratorSpec("cut", MOST, 3, 1, 1, 1, styles=redrawer.config.styles)
        self.encoder, self.game, self.augment = load_encoder().to(device), GAMES[preset.game], Augment(preset.augment).to(device)
        self.critic = ProjectedCritic(self.encoder, told).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.heads = Heads([self.encoder.widths[level] for level in LEVELS]).to(device)
        self.learns = [p for p in self.critic.parameters() if p.requires_grad]
        self.draws = adam([*redrawer.parameters(), *self.heads.parameters()], preset)
        self.judges = adam(self.learns, preset)
        self.judging = scoring(self.critic, told, preset)

    def step(self, batch: Kinds, number: int) -> dict[str, float]:
        twice = batch.shares.repeat(2, 1)
        with precision(batch.given.device, self.preset):
            redrawn, again = self.redrawer(torch.cat([batch.given, batch.spoilt]), twice).chunk(2)
        real, fake = self._judged(torch.cat([batch.wanted, redrawn.detach()]), twice).chunk(2)
        critic = self.game.judge(real, fake)
        descend(self.judges, critic, self.preset, self.shard)
        for parameter in self.learns:
            parameter.requires_grad_(False)
        liked = self.game.draw(self._judged(redrawn, batch.shares), real.detach())
        (seen, of_again), (known, of_wanted) = self._seen(redrawn, again), self._seen(batch.given, batch.wanted)
        lost = self._lost(seen, known)
        unlike, error = distance(of_again, of_wanted).mean(), (again - batch.wanted).abs().mean()
        descend(self.draws, LIKED * liked + KEPT * lost + AGAIN * (unlike + error), self.preset, self.shard)
        for parameter in self.learns:
            parameter.requires_grad_(True)
        scores = {"critic": critic.item(), "real": real.mean().item(), "fake": fake.mean().item()}
        return {**scores, "lost": lost.item(), "unlike": unlike.item(), "error": error.item()}

    def grow(self, stage: Stage) -> None:
        """It is as large as it will ever be."""

    def modules(self) -> dict[str, nn.Module]:
        return {"critic": self.critic, "heads": self.heads, "augment": self.augment}

    def optimisers(self) -> dict[str, torch.optim.Optimizer]:
        return {"draws": self.draws, "judges": self.judges}

    def _judged(self, pictures: Tensor, shares: Tensor) -> Tensor:
        return self.judging(self.augment(2 * pictures - 1), shares)

    def _seen(self, one: Tensor, other: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        """The maps of both, looked at together."""
        with precision(one.device, self.preset):
            halves = [features.chunk(2) for features in self.encoder(2 * torch.cat([one, other]) - 1)]
        return [half[0] for half in halves], [half[1] for half in halves]

    def _lost(self, seen: Sequence[Tensor], known: Sequence[Tensor]) -> Tensor:
        """How hard it is to find a place of the picture given in the one redrawn (Park 2020, equation 5).

        On maps of the frozen encoder instead of the redrawer's own: they are there already, and cannot be made to agree.
        """
        chosen = [torch.randperm(known[level][0, 0].numel())[:PLACES] for level in LEVELS]
        with precision(known[0].device, self.preset):
            asked, keys = (
                self.heads([maps[level].flatten(2)[..., places].transpose(1, 2) for level, places in zip(LEVELS, chosen, strict=True)])
                for maps in (seen, known)
            )
        return torch.stack([contrast(a, b.detach()) for a, b in zip(asked, keys, strict=True)]).mean()


class Unpaired:
    """The first set of a preset is the source, the second the target, whose styles are the translator's."""

    def network(self, translator: Translator, preset: Preset) -> nn.Module:
        return cast(Cut, translator).redrawer

    def objective(self, network: nn.Module, preset: Preset) -> Objective:
        chosen: Any = Contrastive  # its batches are of two kinds, where others speak of pictures
        return chosen(network, preset)

    def batches(self, run: Run, data: Sets) -> Iterator[Kinds]:
        """Each hand as often as any other."""
        styles, n, draw = cast(Redrawer, run.generator).config.styles, run.preset.batch, run.order
        source, target = (rows_of(data.train(), part) for part in (SOURCE, TARGET))
        labels = data.parts[TARGET].style_labels if styles else None
        hands = [target] if labels is None else [target[labels[target[:, 1]] == hand] for hand in range(len(styles))]
        while True:
            by = torch.randint(len(hands), (n,), generator=draw)
            theirs = np.stack([hands[hand][int(torch.randint(len(hands[hand]), (), generator=draw))] for hand in by.tolist()])
            mine = source[torch.randint(len(source), (n,), generator=draw).numpy()]
            given, wanted = (windows(data.pictures(rows).float() / 255, PATCH, draw) for rows in (mine, theirs))
            yield Kinds(given, wanted, spoilt(wanted, given, draw), torch.eye(len(styles))[by] if styles else torch.zeros(n, 0), mine[:, 1])

    @torch.no_grad()
    def look(self, network: nn.Module, data: Sets) -> tuple[dict[str, float], Image.Image]:
        """How much is kept, and the distance to the target before and after; a sheet: the source, then redrawn in each hand."""
        redrawer, rows = cast(Redrawer, network), held_out_rows(data, len(data.test()))
        given, wanted = (data.pictures(rows_of(rows, part)[: 4 * SHOWN]).float() / 255 for part in (SOURCE, TARGET))
        shares = torch.eye(len(redrawer.config.styles)) if redrawer.config.styles else torch.zeros(1, 0)
        redrawn = [torch.cat([redrawer(x, hand.expand(len(x), -1)) for x in given.split(BATCH)]) for hand in shares]
        before, after, real = (views(parts) for parts in (given.split(BATCH), torch.cat(redrawn).split(BATCH), wanted.split(BATCH)))
        kept = np.mean([before.kept(views([x])) for x in redrawn])
        far, near = (kernel_distance(x.vectors, real.vectors, 20) for x in (before, after))
        shown = torch.cat([torch.cat([x[k : k + SHOWN] for x in (given, *redrawn)]) for k in (0, SHOWN)])
        return {"kept": round(float(kept), 3), "source_kid": round(far, 4), "target_kid": round(near, 4)}, sheet(2 * shown - 1, SHOWN)

    def finish(self, translator: Translator, network: nn.Module, preset: Preset) -> None:
        cast(Cut, translator).redrawer.load_state_dict(network.state_dict())


def contrast(asked: Tensor, keys: Tensor) -> Tensor:
    """Cross entropy of each place among all of its picture (Park 2020, equations 3 and 4), 1 = no better than a guess.

    (n, k, d) of unit length each, place by place; the other places of the same picture are what it is told apart from.
    """
    n, k, _ = asked.shape
    likeness = asked @ keys.transpose(1, 2) / TEMPERATURE
    return F.cross_entropy(likeness.flatten(0, 1), torch.arange(k, device=asked.device).repeat(n)) / math.log(k)


def rows_of(rows: np.ndarray, part: int) -> np.ndarray:
    """Those of one set."""
    return rows[rows[:, 0] == part]


def windows(pictures: Tensor, side: int, draw: torch.Generator) -> Tensor:
    """A square of each of (n, 3, s, s), anything from `side` pixels to all of it, reduced to `side`; half of them mirrored."""
    whole, parts = pictures.shape[-1], []
    side = min(side, whole)
    for x in pictures:
        extent = round(side * (whole / side) ** float(torch.rand((), generator=draw)))
        top, left = (int(torch.randint(whole - extent + 1, (), generator=draw)) for _ in range(2))
        part = x[None, :, top : top + extent, left : left + extent]
        parts.append(F.interpolate(part, size=(side, side), mode="bilinear", antialias=True))
    small, mirrored = torch.cat(parts), torch.rand(len(pictures), 1, 1, 1, generator=draw) < 0.5
    return torch.where(mirrored, small.flip(-1), small).contiguous(memory_format=torch.channels_last)


def spoilt(prints: Tensor, photographs: Tensor, draw: torch.Generator) -> Tensor:
    """Prints as if photographed: softened, tinted as a photograph is (Reinhard 2001, in RGB), and under its texture."""
    step, coarse = (int(torch.randint(2, most + 1, (), generator=draw)) for most in (SOFTEST, COARSEST))
    tint, texture = (torch.rand(len(prints), 1, 1, 1, generator=draw) for _ in range(2))
    soft = softened(prints, step)
    (mean, spread), (theirs, wide) = ((x.mean((2, 3), keepdim=True), x.std((2, 3), keepdim=True)) for x in (soft, photographs))
    tinted = torch.lerp(soft, (soft - mean) / (spread + 1e-2) * wide + theirs, TINTED * tint)
    made = tinted + 1.2 * texture * (photographs - softened(photographs, coarse))
    return made.clamp(0, 1).contiguous(memory_format=torch.channels_last)


def softened(x: Tensor, step: int) -> Tensor:
    """Without what is finer than `step` pixels."""
    small = F.interpolate(x, size=[max(1, side // step) for side in x.shape[-2:]], mode="bilinear", antialias=True)
    return F.interpolate(small, size=x.shape[-2:], mode="bicubic").clamp(0, 1)
