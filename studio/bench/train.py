"""Images a second of a training step, beside the textbook's: float32, NCHW, and a kernel for every picture."""

from __future__ import annotations

import argparse
import math
import statistics
import time
from collections.abc import Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.generators.style import ModulatedConv, StyledLayer
from models.training.batches import batches
from models.training.datasets import PictureSet
from models.training.loop import step
from models.training.presets import PRESETS, Preset
from models.training.run import Run, open_run

BLUR = (1.0, 3.0, 3.0, 1.0)
BATCH = 16
PAPER: Mapping[str, Any] = {"critic": "own", "game": "nonsaturating", "r1": 1.0}  # what StyleGAN2 is trained by, whatever a preset has


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--preset", default="portraits", help="a preset of the family 'style' (default: %(default)s)")
    parser.add_argument("--size", type=int, default=64, help="pixels a side (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="in turns (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads(), help="default: %(default)s")


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Steps of one and the other in turns, on the same pictures and the same networks; the medians over the rounds.

    A round is as many steps as lie between two gradient penalties, so that each holds one.
    """
    torch.set_num_threads(options.threads)
    preset = replace(PRESETS[options.preset], growth=(), watch=0, batch=BATCH, **PAPER)
    data = _noise(options.size)
    with TemporaryDirectory() as folder:
        runs = {
            "ours": _open(Path(folder) / "ours", preset, data),
            "textbook": _textbook(_open(Path(folder) / "textbook", replace(preset, bf16=False), data)),
        }
        speeds: dict[str, list[float]] = {name: [] for name in runs}
        for run in runs.values():
            _steps(run, 1)  # the first builds what the others use
        for _ in range(options.rounds):
            for name, run in runs.items():
                begun = time.monotonic()
                _steps(run, preset.r1_every)
                speeds[name].append(preset.r1_every * preset.batch / (time.monotonic() - begun))
    figures = {name: round(statistics.median(speed), 2) for name, speed in speeds.items()}
    times = statistics.median(a / b for a, b in zip(speeds["ours"], speeds["textbook"], strict=True))
    return {**figures, "times": round(times, 2), "size": options.size, "batch": preset.batch, "threads": options.threads}


def table(figures: Mapping[str, Any]) -> str:
    return (
        f"{figures['size']} px, batch {figures['batch']}, {figures['threads']} threads\n"
        f"{'ours':28}{figures['ours']:>10.1f} images a second\n"
        f"{'textbook':28}{figures['textbook']:>10.1f} images a second\n"
        f"{figures['times']:.1f} times as fast"
    )


def _noise(size: int) -> PictureSet:
    pictures = np.random.default_rng(0).integers(0, 256, (64, size, size, 3), dtype=np.uint8)
    return PictureSet(pictures, np.zeros(64, bool), None, np.arange(64) % 4, (), ("a", "b", "c", "d"), "noise", "none")


def _open(folder: Path, preset: Preset, data: PictureSet) -> Run:
    widths = tuple(preset.config["widths"])[: round(math.log2(data.pictures.shape[1] / 4)) + 1]
    return open_run(folder, replace(preset, config={**preset.config, "widths": widths}), data)


def _steps(run: Run, count: int) -> None:
    for batch in islice(batches(run), count):
        step(run, batch)


def _textbook(run: Run) -> Run:
    """The same networks as StyleGAN2's paper describes them: a kernel a picture, doubling inside the convolution, plain memory."""
    for module in list(run.generator.modules()):
        if isinstance(module, StyledLayer):
            module.conv = KernelAPicture(module.conv, module.up)
            module.up = False
    run.generator.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    critic = run.objective.modules()["critic"].to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    critic.features = nn.Sequential(Plain(), critic.get_submodule("features"))
    return run


class Plain(nn.Module):
    """Pictures laid out channel by channel: NCHW."""

    def forward(self, x: Tensor) -> Tensor:
        return x.contiguous()


class KernelAPicture(ModulatedConv):
    """Modulated convolution with a kernel for each picture, as one grouped convolution (Karras 2020, section 2.2)."""

    def __init__(self, conv: ModulatedConv, up: bool) -> None:
        nn.Module.__init__(self)  # it shares the weights of the one it takes the place of
        self.style, self.weight, self.scale, self.up = conv.style, conv.weight, conv.scale, up
        self.blur = torch.outer(torch.tensor(BLUR), torch.tensor(BLUR))[None, None] / 16

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        n, c, height, width = x.shape
        kernels = self.weight * self.scale * self.style(w)[:, None, :, None, None]  # (n, outputs, inputs, k, k)
        kernels = kernels * (kernels.square().sum((2, 3, 4), keepdim=True) + 1e-8).rsqrt()
        grouped = x.contiguous().view(1, n * c, height, width)
        if not self.up:
            return F.conv2d(grouped, kernels.flatten(0, 1), padding=1, groups=n).view(n, -1, height, width)
        y = F.conv_transpose2d(grouped, kernels.transpose(1, 2).flatten(0, 1), stride=2, groups=n)
        y = y.view(n * kernels.shape[1], 1, 2 * height + 1, 2 * width + 1)
        return F.conv2d(y, self.blur, padding=1).view(n, -1, 2 * height, 2 * width)
