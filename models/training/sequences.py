"""Training on writing instead of pictures."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from models.generators.rvae import Bound, Rvae, RvaeConfig, Writings, collated, negative_elbo
from models.training.datasets.strokes import StrokeSet
from models.training.loop import follow
from models.training.objectives.objective import adam, descend, precision
from models.training.presets import Preset
from models.training.run import STATE, Run, load_state, note, save_state
from models.training.schedule import Stage
from models.training.shards import Shard

# The paper's eta_min, R a step, and w_KL, here of the whole bound: at full weight the writer, who sees all it wrote, has no need of z.
KL_START, KL_SLOWNESS, KL_WEIGHT = 0.01, 0.9995, 0.2
FORGET = 0.15  # of its last steps that the writer is not told, so that it asks z instead (Bowman 2016, section 3.1)
STRETCH, SHIFT, TREMBLE = 0.1, 0.03, 0.004  # augmentation, shares of the side: about the middle, all together, each point by itself
NEIGHBOURHOOD = 16  # a batch is drawn from such a part of the set, in the order of length


@dataclass(frozen=True)
class WritingBatch:
    """What Batch is for pictures."""

    writings: Writings
    rows: np.ndarray  # (n,) which writings of the set they are


class SequenceBound:
    """The bound of a recurrent autoencoder, in nats a point, its divergence let in by and by (Ha and Eck 2017, on training)."""

    def __init__(self, generator: Rvae, preset: Preset, shard: Shard) -> None:
        self.rvae, self.preset, self.shard = generator, preset, shard
        self.adam = adam(generator.parameters(), preset)

    def step(self, batch: WritingBatch, number: int) -> dict[str, float]:
        writings = batch.writings
        points = float(writings.lengths.float().mean())
        with precision(writings.points.device, self.preset):
            bound = Bound(*(term.mean() for term in negative_elbo(self.rvae, writings, FORGET)))
        let_in = 1 - (1 - KL_START) * KL_SLOWNESS**number
        loss = bound.moves + bound.pens + KL_WEIGHT * let_in * bound.kl
        descend(self.adam, loss / points, self.preset, self.shard)
        return {
            "reconstruction": (bound.moves + bound.pens).item() / points,
            "pen": bound.pens.item() / points,
            "kl": bound.kl.item() / points,
        }

    def grow(self, stage: Stage) -> None:
        pass  # writing has no resolution

    def modules(self) -> dict[str, nn.Module]:
        return {}

    def optimisers(self) -> dict[str, torch.optim.Optimizer]:
        return {"generator": self.adam}


def batches(run: Run, data: StrokeSet) -> Iterator[WritingBatch]:
    """Batches of writings about as long as one another, so that little is padding; their order is part of the saved state.

    Around a writing drawn from all, in the order of length, with replacement; beyond either end the neighbourhood folds back.
    """
    rows = data.train()
    rows = rows[np.argsort(data.lengths[rows], kind="stable")]
    reach = max(len(rows) // NEIGHBOURHOOD, 1)
    while True:
        middle = int(torch.randint(len(rows), (1,), generator=run.order))
        chosen = middle + torch.randint(-reach, reach + 1, (run.preset.batch,), generator=run.order).numpy()
        chosen = np.abs(chosen) % (2 * len(rows))
        chosen = rows[np.minimum(chosen, 2 * len(rows) - 1 - chosen)][run.shard.part(run.preset.batch)]
        yield WritingBatch(varied(writings_of(data, chosen), run.order).to(run.device), chosen)


def writings_of(data: StrokeSet, rows: np.ndarray) -> Writings:
    spans = [slice(data.starts[row], data.starts[row + 1]) for row in rows]
    return collated([(data.points[span], data.pens[span]) for span in spans])


def varied(writings: Writings, draw: torch.Generator) -> Writings:
    """The same characters by another hand: stretched each way, shifted, every point a little off."""
    n, t = writings.pens.shape
    uniform = lambda *shape: 2 * torch.rand(*shape, generator=draw) - 1  # noqa: E731
    middle = 0.5 + SHIFT * uniform(n, 1, 2)
    points = middle + (writings.points - 0.5) * (1 + STRETCH * uniform(n, 1, 2))
    points = points + TREMBLE * torch.randn(n, t, 2, generator=draw)
    return writings._replace(points=points.clamp(0, 1))


@torch.no_grad()
def held_out(rvae: Rvae, data: StrokeSet) -> dict[str, float]:
    """Both terms of the bound on writings never trained on, as they are, in nats a point; moves are measured in the network's unit."""
    rows = data.test()
    rows = rows[np.argsort(data.lengths[rows], kind="stable")]
    kept = torch.get_rng_state()
    torch.manual_seed(0)
    device = next(rvae.parameters()).device
    parts = [negative_elbo(rvae, writings_of(data, part).to(device)) for part in np.array_split(rows, max(len(rows) // 64, 1))]
    torch.set_rng_state(kept)
    total: list[Tensor] = [torch.cat(terms).sum() for terms in zip(*parts, strict=True)]
    moves, pens, kl = (float(term) / float(data.lengths[rows].sum()) for term in total)
    return {"held_out": round(moves + pens, 4), "held_out_pen": round(pens, 4), "held_out_kl": round(kl, 4)}


def open_run(folder: Path, preset: Preset, data: StrokeSet, config: RvaeConfig | None = None) -> Run:
    """Start a run in a folder, or go on with the one that is there; TrainingError where its state does not fit."""
    torch.manual_seed(preset.seed)
    generator = Rvae(config or RvaeConfig(**preset.config))
    smooth = copy.deepcopy(generator).requires_grad_(False)
    objective: Any = SequenceBound(generator, preset, Shard())
    of_pictures: Any = data  # a run asks its set for train(), source and licence alone
    run = Run(folder, preset, of_pictures, generator, smooth, objective, torch.Generator().manual_seed(preset.seed))
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / STATE).exists():
        load_state(run, folder / STATE)
    return run


def train(run: Run, *, save_minutes: float = 3.0, report: bool = True) -> None:
    """Train until the preset's writings are seen; saves every few minutes, at the end and when asked to stop."""
    of_pictures: Any = run.data
    data: StrokeSet = of_pictures

    def save(run: Run) -> None:
        place_latent(run, data)
        note(run, {"event": "held out", **held_out(as_rvae(run.smooth), data)})
        save_state(run)

    source: Any = batches(run, data)  # of writings, where the loop speaks of pictures
    follow(run, source, save, save_minutes=save_minutes, report=report)


def place_latent(run: Run, data: StrokeSet) -> None:
    """Both networks map to where the averaged one reads the training writings."""
    smooth, rows = as_rvae(run.smooth), data.train()
    rows = rows[np.argsort(data.lengths[rows], kind="stable")]
    smooth.place_latent(writings_of(data, part).to(run.device) for part in np.array_split(rows, max(len(rows) // 256, 1)))
    for kept, new in zip(run.generator.buffers(), smooth.buffers(), strict=True):
        kept.copy_(new)


def as_rvae(generator: nn.Module) -> Rvae:
    assert isinstance(generator, Rvae)
    return generator
