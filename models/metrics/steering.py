"""What directions do, judged by eyes that did not find them: how far each moves its own trait, and how far all the others.

`python -m models.evaluate directions`. Traits of portraits are read by a network trained on the pictures themselves, where
directions were found through the frozen encoder; traits of shapes and colours are measured in another way than they were found.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.checkpoint import Checkpoint
from models.directions.find import random_condition, read_off, within
from models.directions.measured import Reading, ink, lightness
from models.directions.traits import traits_of
from models.metrics.judge import kept
from models.spec import Generator
from models.training.datasets.pictures import PictureSet
from models.training.labels import pictures_of

AMOUNTS = (-2.0, -1.0, 0.0, 1.0, 2.0)  # standard deviations
PICTURES = 384
SEEN_AT = 64  # pixels a side


def steering(checkpoint: Checkpoint, data: PictureSet, folder: Path) -> Mapping[str, Mapping[str, Any]]:
    """For each named direction whose trait can be judged: how far it moves it, from -2 to +2, in standard deviations of the trait among

    pictures of the same class and style; `steps`, at each amount; `others`, the most that any other trait moves, and which; whether
    the trait rises at each step. folder: where a trained judge is kept.
    """
    judged = judges(checkpoint, data, folder)
    names = [name for name in judged if name in checkpoint.directions]
    spec, draw = checkpoint.generator.spec, torch.Generator().manual_seed(1)
    generator = checkpoint.generator.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    condition = random_condition(spec, PICTURES, draw)
    w = generator.map(torch.randn(PICTURES, spec.z_dim, generator=draw), condition)
    still = read(generator, w, judged)
    spread = {name: max(within(values, condition).std().item(), 1e-8) for name, values in still.items()}
    return {name: moved(name, checkpoint, w, judged, still, spread) for name in names}


@torch.inference_mode()
def moved(
    name: str, checkpoint: Checkpoint, w: Tensor, judged: Mapping[str, Reading], still: Mapping[str, Tensor], spread: Mapping[str, float]
) -> Mapping[str, Any]:
    """What one direction does."""
    steps: dict[str, list[float]] = {trait: [] for trait in judged}
    for amount in AMOUNTS:
        seen = still if amount == 0 else read(checkpoint.generator, w + amount * checkpoint.directions[name], judged)
        for trait, values in seen.items():
            steps[trait].append(((values - still[trait]).mean() / spread[trait]).item())
    reach = {trait: abs(values[-1] - values[0]) for trait, values in steps.items()}
    most = max((trait for trait in judged if trait != name), key=lambda trait: reach[trait])
    own = steps[name]
    return {
        "moved": round(own[-1] - own[0], 4),
        "steps": [round(step, 4) for step in own],
        "others": round(reach[most], 4),
        "most_moved_other": most,
        "ratio": round(reach[name] / max(reach[most], 1e-8), 4),
        "monotone": all(a < b for a, b in zip(own, own[1:], strict=False)),
    }


def read(generator: Generator, w: Tensor, judged: Mapping[str, Reading]) -> Mapping[str, Tensor]:
    """Each trait of the pictures of w, (n,)."""
    return dict(zip(judged, read_off(generator, w, tuple(judged.values())), strict=True))


def judges(checkpoint: Checkpoint, data: PictureSet, folder: Path) -> Mapping[str, Reading]:
    """Other eyes than those the directions were found with."""
    if checkpoint.generator.spec.channels == 1:
        return {"slant": shear, "weight": thickness, "width": breadth}
    told = traits_of(data)
    if not told:
        return {"brightness": median_lightness, "warmth": share_of_warm}
    judge = trained_trait_judge(data, told, folder)
    return {name: lambda x, k=k: judge(x)[:, k] for k, name in enumerate(told)}


class TraitJudge(nn.Module):
    """(n, 3, h, w) in [-1, 1] -> (n, traits), in standard deviations of each."""

    def __init__(self, traits: int, width: int = 24) -> None:
        super().__init__()
        widths = [3, width, 2 * width, 4 * width, 4 * width]
        blocks: list[nn.Module] = []
        for a, b in zip(widths, widths[1:], strict=False):
            blocks += [nn.Conv2d(a, b, 3, 2, 1, bias=False), nn.BatchNorm2d(b), nn.ReLU()]
        self.trunk = nn.Sequential(*blocks, nn.Flatten(), nn.Dropout(0.3))
        self.tell = nn.Linear(widths[-1] * (SEEN_AT // 16) ** 2, traits)

    def forward(self, x: Tensor) -> Tensor:
        x = F.adaptive_avg_pool2d(x, SEEN_AT)
        return self.tell(self.trunk(x.contiguous(memory_format=torch.channels_last)))


@torch.inference_mode(False)
def trained_trait_judge(data: PictureSet, told: Mapping[str, np.ndarray], folder: Path, images: int = 100_000) -> TraitJudge:
    """From the folder, or trained now; which file it is follows from the set and its traits."""
    judge = TraitJudge(len(told)).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    values = np.stack(list(told.values()), 1)
    known = hashlib.sha256(
        repr((data.pictures.shape, tuple(told), data.held_out.tobytes(), np.nansum(values, 0).tolist(), images)).encode()
    )
    path = folder / f"traits-{known.hexdigest()[:12]}.safetensors"
    return kept(judge, path, lambda: train_trait_judge(judge, data, values, images))


def train_trait_judge(judge: TraitJudge, data: PictureSet, values: np.ndarray, images: int, batch: int = 128) -> None:
    """Squared errors where a trait is known, on the training split; Adam, cosine schedule, seed 0."""
    torch.manual_seed(0)
    rows = torch.from_numpy(data.train())
    wanted = torch.from_numpy((values - np.nanmean(values, 0)) / np.nanstd(values, 0)).float()
    optimiser = torch.optim.Adam(judge.parameters(), lr=2e-3)
    steps = max(images // batch, 1)
    for step in range(steps):
        for group in optimiser.param_groups:
            group["lr"] = 2e-3 * 0.5 * (1 + math.cos(math.pi * step / steps))
        chosen = rows[torch.randint(len(rows), (batch,))]
        target = wanted[chosen]
        known = target.isfinite()
        loss = (judge(pictures_of(data, chosen))[known] - target[known]).square().mean()
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        if step % 200 == 0:
            print(f"judge of traits: step {step} of {steps}, loss {loss.item():.3f}", flush=True)


def shear(x: Tensor) -> Tensor:
    """The shear under which columns of ink stand out sharpest: how far strokes lean to the right for each step up."""
    grey, tries = ink(x), torch.linspace(-1, 1, 41)
    sharp = torch.stack([(sheared(grey, by).sum(1).square()).sum(1) for by in tries])
    return tries[sharp.argmax(0)]


def sheared(grey: Tensor, by: Tensor) -> Tensor:
    """(n, h, w) with rows moved to the left in proportion to their height, so that strokes leaning by `by` stand upright."""
    n, height, _ = grey.shape
    theta = torch.tensor([[1.0, -by.item(), 0.0], [0.0, 1.0, 0.0]]).expand(n, 2, 3)
    return F.grid_sample(grey[:, None], F.affine_grid(theta, [n, 1, height, grey.shape[2]], align_corners=False), align_corners=False)[:, 0]


def thickness(x: Tensor) -> Tensor:
    """Mean width of the strokes: ink against half of the length of its outline, in pixels."""
    black = (ink(x) > 0.5).float()
    outline = (black[:, 1:] - black[:, :-1]).abs().sum((1, 2)) + (black[:, :, 1:] - black[:, :, :-1]).abs().sum((1, 2))
    return 2 * black.sum((1, 2)) / outline.clamp_min(1)


def breadth(x: Tensor) -> Tensor:
    """Width of the box around the ink against its height."""
    black = ink(x) > 0.35
    across, down = black.any(1).float().sum(1), black.any(2).float().sum(1)
    return across / down.clamp_min(1)


def median_lightness(x: Tensor) -> Tensor:
    """The middle pixel's, where brightness was found as the mean of all."""
    return lightness(x).flatten(1).median(1).values


def share_of_warm(x: Tensor) -> Tensor:
    """The share of pixels in which red is more than blue, where warmth was found as the mean of their difference."""
    return (x[:, 0] > x[:, 2]).float().mean((1, 2))
