"""Distil the encoder: `python -m models.training.distil TEACHER.safetensors --albums data/portraits …`.

The teacher is SqueezeNet 1.0 (Iandola 2016) trained on ImageNet, under torchvision's names. Run again to go on from the last save.
"""

from __future__ import annotations

import argparse
import io
import json
import math
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load as read_tensors
from torch import Tensor, nn
from torchvision.models import squeezenet1_0

from models.checkpoint import Card, save
from models.encoder import FOLDER, Encoder, EncoderConfig
from models.training.crops import Album, album, crops, spoiled
from models.whole import sweep, write_whole

SIDES, SHARES = (64, 96, 128), (0.55, 0.25, 0.2)
BATCH, RATE, WARM_UP = 32, 1.5e-3, 60
MEASURED = 16  # batches a side


class Teacher(nn.Module):
    """SqueezeNet up to its last stride of 16. Its padding is changed so that its maps lie over ours: at most 3 pixels beside."""

    TAPS = (1, 5, 10, 12)  # after conv1, fire4, fire8, fire9: strides 2, 4, 8, 16
    widths: Sequence[int] = (96, 256, 512, 512)
    mean: Tensor
    deviation: Tensor

    def __init__(self, file: Path) -> None:
        super().__init__()
        network = squeezenet1_0()
        network.load_state_dict(read_tensors(file.read_bytes()))
        self.layers = network.features[: self.TAPS[-1] + 1]
        cast(nn.Conv2d, self.layers[0]).padding = (3, 3)
        self.layers[6] = nn.MaxPool2d(3, 2, padding=1)
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1))
        self.register_buffer("deviation", torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1))
        self.eval().requires_grad_(False)

    def forward(self, x: Tensor) -> list[Tensor]:
        """(n, 3, h, w) in [-1, 1] -> four maps as high and wide as the encoder's."""
        x = ((x + 1) / 2 - self.mean) / self.deviation
        maps = []
        for k, layer in enumerate(self.layers):
            x = layer(x)
            if k in self.TAPS:
                maps.append(x)
        return maps


@dataclass
class Distillation:
    """An encoder under way, with the heads that compare it with its teacher and are dropped in the end."""

    folder: Path
    teacher: nn.Module
    encoder: Encoder
    heads: nn.ModuleList  # one 1x1 convolution a level, to the teacher's channels
    scales: list[tuple[Tensor, Tensor]]  # mean and standard deviation of the teacher's channels, (1, c, 1, 1) each
    optimiser: torch.optim.Optimizer
    seen: int = 0  # pictures
    minutes: float = 0.0
    numbers: np.random.Generator = field(default_factory=lambda: np.random.default_rng(0))
    draw: torch.Generator = field(default_factory=lambda: torch.Generator().manual_seed(0))


def start(folder: Path, teacher: Teacher | Encoder, albums: Sequence[Album], config: EncoderConfig) -> Distillation:
    """A fresh distillation, or the one that the folder holds."""
    torch.manual_seed(0)
    encoder = Encoder(config).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    for convolution in (m for m in encoder.modules() if isinstance(m, nn.Conv2d)):
        nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu")
    heads = nn.ModuleList(nn.Conv2d(a, b, 1) for a, b in zip(encoder.widths, teacher.widths, strict=True))
    optimiser = torch.optim.Adam([*encoder.parameters(), *heads.parameters()], lr=RATE)
    calibration = crops([a.training for a in albums], 256, 96, np.random.default_rng(1))
    run = Distillation(folder, teacher, encoder, heads, channel_scales(teacher(calibration)), optimiser)
    folder.mkdir(parents=True, exist_ok=True)
    if (state := folder / "state.pt").exists():
        load_state(run, state)
    return run


def channel_scales(maps: Sequence[Tensor]) -> list[tuple[Tensor, Tensor]]:
    """Mean and deviation of each channel; a channel that hardly ever speaks is not blown up to the size of the others."""
    scales = []
    for features in maps:
        deviation, mean = torch.std_mean(features, (0, 2, 3), keepdim=True)
        scales.append((mean, deviation.clamp_min(max(0.1 * deviation.median().item(), 1e-4))))
    return scales


def losses(run: Distillation, x: Tensor, thin: bool = True) -> tuple[list[Tensor], list[Tensor]]:
    """Squared error of each level and the variance of what was to be told, both means over places and channels.

    x: (n, 3, side, side). The finest levels are compared at every other place, which is enough of them (thin).
    """
    with torch.autocast("cpu", torch.bfloat16):
        with torch.no_grad():
            wanted = run.teacher(x)
        found = run.encoder(x)
        errors, variances = [], []
        for level, (head, (mean, deviation)) in enumerate(zip(run.heads, run.scales, strict=True)):
            told, target = found[level], wanted[level]
            if thin and level < 2:
                top, left = torch.randint(2, (2,), generator=run.draw).tolist()
                told, target = told[..., top::2, left::2], target[..., top::2, left::2]
            target = ((target - mean) / deviation).float()
            errors.append((head(told).float() - target).square().mean())
            variances.append(target.var((0, 2, 3), correction=0).mean())
    return errors, variances


def train(run: Distillation, albums: Sequence[Album], images: int, save_minutes: float = 3.0) -> None:
    """Regression of all levels at once; Adam, warm-up and cosine, crops of three sides."""
    training = [a.training for a in albums]
    begun = saved = logged = time.monotonic()
    before, sums = run.minutes, torch.zeros(2, len(run.heads))
    while run.seen < images:
        for group in run.optimiser.param_groups:
            group["lr"] = RATE * min(1, run.seen / BATCH / WARM_UP) * (0.02 + 0.98 * (1 + math.cos(math.pi * run.seen / images)) / 2)
        side = int(run.numbers.choice(SIDES, p=SHARES))
        errors, variances = losses(run, spoiled(crops(training, BATCH, side, run.numbers), run.draw))
        run.optimiser.zero_grad(set_to_none=True)
        torch.stack(errors).sum().backward()
        run.optimiser.step()
        run.seen += BATCH
        sums += torch.stack([torch.stack(errors).detach(), torch.stack(variances)])
        now = time.monotonic()
        run.minutes = before + (now - begun) / 60
        if now - logged > 15 or run.seen >= images:
            explained = (1 - sums[0] / sums[1]).tolist()
            note(run, explained, images)
            logged, sums = now, torch.zeros_like(sums)
        if now - saved > 60 * save_minutes or run.seen >= images:
            save_state(run)
            saved = now


def note(run: Distillation, explained: Sequence[float], images: int) -> None:
    """A line in the log and on the screen."""
    row = {"images": run.seen, "minutes": round(run.minutes, 2), "explained": [round(e, 4) for e in explained]}
    with (run.folder / "log.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")
    print(f"{run.seen:>8,} of {images:,} pictures, {run.minutes:.1f} min, explained {' '.join(f'{e:.3f}' for e in explained)}", flush=True)


@torch.no_grad()
def explained_variance(run: Distillation, albums: Sequence[Sequence[Image.Image]]) -> list[float]:
    """Share of the variance of the teacher's normalised features that the encoder explains, by level, on pictures as they are."""
    numbers = np.random.default_rng(2)
    sums = torch.zeros(2, len(run.heads))
    for side in SIDES:
        for _ in range(MEASURED):
            errors, variances = losses(run, crops(albums, BATCH, side, numbers), thin=False)
            sums += torch.stack([torch.stack(errors), torch.stack(variances)])
    return (1 - sums[0] / sums[1]).tolist()


@torch.no_grad()
def level(encoder: Encoder, x: Tensor) -> None:
    """Rescale the maps so that each has a root mean square of 1 on x (n, 3, side, side), undoing it where they are read.

    A ReLU lets a positive factor through, so what later stages see stays the same; distances no longer hang on how loud
    a channel happened to become. A channel that hardly ever speaks is raised at most tenfold above the others.
    """
    stages = list(encoder.stages)
    for k, features in enumerate(encoder(x)):
        loudness = features.float().square().mean((0, 2, 3)).sqrt()
        loudness = loudness.clamp_min(0.1 * loudness.median().clamp_min(1e-6).item())
        last = [m for m in stages[k].modules() if isinstance(m, nn.Conv2d)][-1]  # type: ignore[union-attr]
        last.weight.div_(loudness.view(-1, 1, 1, 1))
        assert last.bias is not None
        last.bias.div_(loudness)
        if k + 1 < len(stages):
            first = next(m for m in stages[k + 1].modules() if isinstance(m, nn.Conv2d))  # type: ignore[union-attr]
            first.weight.mul_(loudness.view(1, -1, 1, 1))


def save_state(run: Distillation) -> None:
    """Everything the next step depends on, written whole or not at all."""
    buffer = io.BytesIO()
    networks = {"encoder": run.encoder.state_dict(), "heads": run.heads.state_dict(), "optimiser": run.optimiser.state_dict()}
    numbers = json.dumps(run.numbers.bit_generator.state)
    torch.save({**networks, "seen": run.seen, "minutes": run.minutes, "draw": run.draw.get_state(), "numbers": numbers}, buffer)
    write_whole(run.folder / "state.pt", buffer.getvalue())


def load_state(run: Distillation, path: Path) -> None:
    """Put a distillation where a save stood; nothing in the file is executed (weights_only)."""
    sweep(run.folder)
    state = torch.load(path, weights_only=True)
    run.encoder.load_state_dict(state["encoder"])
    run.heads.load_state_dict(state["heads"])
    run.optimiser.load_state_dict(state["optimiser"])
    run.seen, run.minutes = state["seen"], state["minutes"]
    run.draw.set_state(state["draw"])
    run.numbers.bit_generator.state = json.loads(state["numbers"])


def publish(run: Distillation, albums: Sequence[Album], folder: Path) -> Card:
    """Level the maps, drop the heads, write weights and a card that says what was seen, by whose grace, and how well it went."""
    explained = explained_variance(run, [a.measuring for a in albums])
    level(run.encoder, crops([a.training for a in albums], 256, 96, np.random.default_rng(3)))
    words = json.loads((Path(__file__).parent / "encoder.json").read_text("utf-8"))
    card = Card(
        id="encoder",
        family="encoder",
        config={"widths": list(run.encoder.widths)},
        rendering="smooth",
        training={
            "images": run.seen,
            "minutes": round(run.minutes),
            "parameters": sum(p.numel() for p in run.encoder.parameters()),
            "albums": {a.name: len(a.training) for a in albums},
        },
        scores={f"explained_variance_{2 << k}": round(e, 4) for k, e in enumerate(explained)},
        measured={"albums": {a.name: len(a.measuring) for a in albums}, "crops": MEASURED * BATCH * len(SIDES)},
        **words,
    )
    return save(folder, run.encoder, card)


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m models.training.distil", description=__doc__)
    parser.add_argument("teacher", type=Path, help="SqueezeNet 1.0, ImageNet, under torchvision's names (.safetensors)")
    parser.add_argument("--albums", type=Path, nargs="+", required=True, help="picture sets and folders of photographs")
    parser.add_argument("--images", type=int, default=80_000)
    parser.add_argument("--runs", type=Path, default=Path("runs/encoder"), help="where the state goes (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=FOLDER, help="where the encoder goes (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=1)
    return parser


def main(argv: list[str] | None = None) -> int:
    """Distil, then write the encoder; returns the exit status."""
    args = arguments().parse_args(argv)
    torch.set_num_threads(args.threads)
    try:
        albums = [album(folder) for folder in args.albums]
        run = start(args.runs, Teacher(args.teacher).to(memory_format=torch.channels_last), albums, EncoderConfig())
    except (OSError, ValueError, RuntimeError) as fault:
        print(fault, file=sys.stderr)
        return 1
    train(run, albums, args.images)
    card = publish(run, albums, args.out)
    print(args.out, json.dumps(card.scores))
    return 0


if __name__ == "__main__":
    sys.exit(main())
