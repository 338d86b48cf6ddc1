"""Painting one picture like another: near in style, near in content, and what is like itself stays as it is."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from models.gram import content_distance, gram, seen_twice, style_distance, tilted
from models.training.lessons.lesson import Sets, turned
from models.training.objectives import Objective
from models.training.objectives.objective import adam, descend, precision
from models.training.presets import Preset
from models.training.run import Run
from models.training.schedule import Stage
from models.training.shards import Shard
from models.training.sheet import sheet
from models.translators.style_transfer import StyleTransfer
from models.translators.translator import Translator

PAINTED, LIKE = slice(None, 3), slice(-2, None)  # the sets of a preset that contents are drawn from, and those that styles are
CONTENT, SAME = 0.3, 1.0  # weights of likeness to the content, and of pixels where the style is the content itself, beside the style's
ASIDE = 8  # one of so many contents is left as it is: painted like itself, at no strength
SHOWN = 8  # held-out pictures on a sheet


@dataclass(frozen=True)
class Sitting:
    """What is painted, and like what."""

    contents: Tensor  # (n, 3, s, s) in [0, 1]
    styles: Tensor
    strength: Tensor  # (n,) 0 or 1; where it is 0 the style is the content itself


class Likeness:
    """Distance of style and of content, in the eyes of the encoder (Gatys 2016, equation 7; Johnson 2016)."""

    def __init__(self, network: StyleTransfer, preset: Preset) -> None:
        self.network, self.preset, self.shard = network, preset, Shard()
        self.adam = adam(network.parameters(), preset)

    def step(self, batch: Sitting, number: int) -> dict[str, float]:
        encoder, angle = self.network.encoder, math.pi / 2 * torch.rand(()).item() * (number % 2)
        with precision(batch.contents.device, self.preset):
            made = self.network(batch.contents, batch.styles, batch.strength)
            found = seen_twice(encoder, tilted(made, angle))
            with torch.no_grad():
                known, wanted = encoder(2 * tilted(batch.contents, angle) - 1), seen_twice(encoder, tilted(batch.styles, angle))
        style = style_distance([gram(x) for x in found], [gram(x) for x in wanted]).mean()
        content = content_distance(found, known).mean()
        same = (made - batch.contents)[batch.strength == 0].abs().mean()
        descend(self.adam, style + CONTENT * content + SAME * same, self.preset, self.shard)
        return {"style": style.item(), "content": content.item(), "same": same.item() * 255}

    def grow(self, stage: Stage) -> None:
        """It is as large as it will ever be."""

    def modules(self) -> dict[str, nn.Module]:
        return {}

    def optimisers(self) -> dict[str, torch.optim.Optimizer]:
        return {"painter": self.adam}


class Restyling:
    """All of it learns at once; the encoder is frozen."""

    def network(self, translator: Translator, preset: Preset) -> nn.Module:
        return translator

    def objective(self, network: nn.Module, preset: Preset) -> Objective:
        chosen: Objective = Likeness(cast(StyleTransfer, network), preset)  # type: ignore[assignment]
        return chosen

    def batches(self, run: Run, data: Sets) -> Iterator[Sitting]:
        """Contents mirrored at random; styles turned as well, and half of them with their three colours exchanged."""
        n = run.preset.batch
        while True:
            contents, styles = drawn(data, PAINTED, n, run.order), turned(drawn(data, LIKE, n, run.order), run.order)
            mirrored = torch.rand(n, 1, 1, 1, generator=run.order) < 0.5
            contents = torch.where(mirrored, contents.flip(-1), contents).float() / 255
            styles = exchanged(styles.float() / 255, run.order)
            strength = (torch.arange(n) >= max(1, n // ASIDE)).float()
            yield Sitting(contents, torch.where(strength.view(-1, 1, 1, 1) > 0, styles, contents), strength)

    @torch.no_grad()
    def look(self, network: nn.Module, data: Sets) -> tuple[dict[str, float], Image.Image]:
        """Distances of style and content, and how far in style the contents were; a sheet: contents, styles, ours as the studio paints."""
        painter = cast(StyleTransfer, network)
        contents, styles = (held_out(data, kind, 32) for kind in (PAINTED, LIKE))
        with torch.random.fork_rng():
            torch.manual_seed(0)
            pairs = zip(contents.split(8), styles.split(8), strict=True)
            ours = torch.cat([painter(a, b, torch.ones(len(a))) for a, b in pairs]).clamp(0, 1)
        found, known, wanted = (seen_twice(painter.encoder, x) for x in (ours, contents, styles))
        grams = [[gram(x) for x in maps] for maps in (found, known, wanted)]
        figures = {
            "style": style_distance(grams[0], grams[2]).mean().item(),
            "untouched": style_distance(grams[1], grams[2]).mean().item(),
            "content": content_distance(found, known).mean().item(),
        }
        painted = [painter.translate(a, {}, {"style": [b]}) for a, b in zip(contents[: 2 * SHOWN].split(1), styles, strict=False)]
        shown = [x[k : k + SHOWN] for k in (0, SHOWN) for x in (contents, styles, torch.cat(painted))]
        return {name: round(value, 4) for name, value in figures.items()}, sheet(2 * torch.cat(shown) - 1, SHOWN)

    def finish(self, translator: Translator, network: nn.Module, preset: Preset) -> None:
        translator.load_state_dict(network.state_dict())


def drawn(data: Sets, kind: slice, count: int, draw: torch.Generator) -> Tensor:
    """(count, 3, s, s) uint8 to learn from, each of these sets as often as any other."""
    parts = [(data.parts.index(part), part.train()) for part in data.parts[kind]]
    sets, places = torch.randint(len(parts), (count,), generator=draw).tolist(), torch.rand(count, generator=draw).tolist()
    rows = [(parts[k][0], parts[k][1][int(place * len(parts[k][1]))]) for k, place in zip(sets, places, strict=True)]
    return data.pictures(np.array(rows))


def held_out(data: Sets, kind: slice, count: int) -> Tensor:
    """(count, 3, s, s) in [0, 1], the same ones each time, from these sets by turns."""
    parts = [(data.parts.index(part), np.random.default_rng(0).permutation(part.test())) for part in data.parts[kind]]
    rows = [(parts[k % len(parts)][0], parts[k % len(parts)][1][k // len(parts)]) for k in range(count)]
    return data.pictures(np.array(rows)).float() / 255


def exchanged(pictures: Tensor, draw: torch.Generator) -> Tensor:
    """(n, 3, h, w), half of them with red, green and blue in another order: many more palettes than were painted."""
    orders = torch.stack([torch.randperm(3, generator=draw) if torch.rand((), generator=draw) < 0.5 else torch.arange(3) for _ in pictures])
    return torch.stack([x[order] for x, order in zip(pictures, orders, strict=True)])
