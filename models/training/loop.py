"""The one training loop: batches, smoothed weights, samples, a log, and a state that resumes exactly."""

from __future__ import annotations

import copy
import io
import json
import math
import signal
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F

from models.checkpoint import write_whole
from models.generators.style import Style
from models.latent import truncate
from models.registry import GENERATORS
from models.spec import Condition, Generator, GeneratorSpec
from models.training.datasets.pictures import PictureSet
from models.training.objectives import Batch, Objective, build_objective
from models.training.presets import Preset
from models.training.schedule import Stage, rate, stage


class TrainingError(RuntimeError):
    """A training that cannot go on; the message names the step and the remedy."""


@dataclass
class Run:
    """A training under way. It lives in a folder: run.json, log.jsonl, samples/, state.pt."""

    folder: Path
    preset: Preset
    data: PictureSet
    generator: Generator
    smooth: Generator  # exponential moving average of the weights: what is kept
    objective: Objective
    order: torch.Generator  # draws the batches
    seen: int = 0  # images
    minutes: float = 0.0

    def grow(self, now: Stage) -> None:
        """Networks of a growing training, all three, at this stage."""
        self.objective.grow(now)
        if isinstance(self.smooth, Style):
            self.smooth.grow(now.side, now.fade)


def open_run(folder: Path, preset: Preset, data: PictureSet) -> Run:
    """Start a run in a folder, or go on with the one that is there."""
    torch.manual_seed(preset.seed)
    generator = GENERATORS.get(preset.family).build(options(preset, data)).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    smooth = copy.deepcopy(generator).requires_grad_(False)
    run = Run(folder, preset, data, generator, smooth, build_objective(generator, preset), torch.Generator().manual_seed(preset.seed))
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / "state.pt").exists():
        load_state(run)
    else:
        write_whole(folder / "run.json", json.dumps(asdict(preset), indent=1).encode())
    return run


def options(preset: Preset, data: PictureSet) -> dict[str, Any]:
    """The family's Config as the data completes it: size, channels, names."""
    known = {field.name for field in fields(GENERATORS.get(preset.family).config)}
    of_data = {"size": data.pictures.shape[1], "channels": data.pictures.shape[3], "classes": data.classes, "styles": data.styles}
    return {key: value for key, value in of_data.items() if key in known} | dict(preset.config)


def train(run: Run, *, save_minutes: float = 5.0, report: bool = True) -> None:
    """Train until the preset's images are seen; saves every few minutes, at the end and when asked to stop."""
    stopping: list[int] = []
    previous = signal.signal(signal.SIGTERM, lambda number, frame: stopping.append(number))
    saved = logged = time.monotonic()
    since, sums = run.seen, dict[str, list[float]]()
    try:
        for batch in batches(run):
            number = run.seen // run.preset.batch
            set_rate(run)
            for name, value in run.objective.step(batch, number).items():
                sums.setdefault(name, []).append(value)
            run.seen += run.preset.batch
            smooth_weights(run)
            now = time.monotonic()
            if now - logged > 15:
                log(run, sums, (run.seen - since) / (now - logged), report)
                run.minutes += (now - logged) / 60
                logged, since, sums = now, run.seen, {}
            if stopping or run.seen >= run.preset.images or now - saved > 60 * save_minutes:
                save_state(run)
                saved = time.monotonic()
                if stopping or run.seen >= run.preset.images:
                    return
    finally:
        signal.signal(signal.SIGTERM, previous)


def batches(run: Run) -> Iterator[Batch]:
    """Batches drawn with replacement; their order is part of the saved state.

    Half of a batch is drawn from all pictures, and beside each stands another of the same class and style: what looks for
    variety within a condition compares neighbours.
    """
    data, rows = run.data, run.data.train()
    size = data.pictures.shape[1]
    keys = np.zeros(len(rows), np.int64)
    for labels, names in ((data.style_labels, data.styles), (data.class_labels, data.classes)):
        keys = keys if labels is None else keys * len(names) + labels[rows]
    order = np.argsort(keys, kind="stable")
    first, end = (np.searchsorted(keys[order], keys, side) for side in ("left", "right"))
    half = run.preset.batch // 2
    conditions = np.unique(keys)
    while True:
        if run.preset.balanced:  # a condition, then any picture of it
            drawn = conditions[torch.randint(len(conditions), (half,), generator=run.order).numpy()]
            one = order[np.searchsorted(keys[order], drawn)]
            place = torch.rand(half, generator=run.order, dtype=torch.float64).numpy()
            one = order[first[one] + (place * (end[one] - first[one])).astype(np.int64)]
        else:
            one = torch.randint(len(rows), (half,), generator=run.order).numpy()
        one = one[np.argsort(keys[one], kind="stable")]
        share = torch.rand(half, generator=run.order, dtype=torch.float64).numpy()
        other = order[first[one] + (share * (end[one] - first[one])).astype(np.int64)]
        chosen = rows[np.stack([one, other], axis=1).ravel()]
        pictures = torch.from_numpy(np.asarray(data.pictures[chosen])).permute(0, 3, 1, 2)
        now = stage(run.preset, size, run.seen)
        run.grow(now)
        scaled = shrunk(pictures.float() / 127.5 - 1, now).contiguous(memory_format=torch.channels_last)
        yield Batch(scaled, condition_of(data, chosen))


def shrunk(pictures: Tensor, now: Stage) -> Tensor:
    """Pictures at the side of a stage; while it fades in, mixed with what they were before it (Karras 2018, section 2)."""
    if (times := pictures.shape[-1] // now.side) > 1:
        pictures = F.avg_pool2d(pictures, times)
    if now.fade == 1:
        return pictures
    coarse = F.interpolate(F.avg_pool2d(pictures, 2), scale_factor=2.0, mode="bilinear", align_corners=False)
    return torch.lerp(coarse, pictures, now.fade)


def set_rate(run: Run) -> None:
    """The schedule's rate, in every optimiser."""
    now = rate(run.preset, run.seen)
    for optimiser in run.objective.optimisers().values():
        for group in optimiser.param_groups:
            group["lr"] = now


def condition_of(data: PictureSet, rows: np.ndarray) -> Condition:
    """The labels of some rows as one-hot mixtures."""

    def one_hot(labels: np.ndarray | None, names: tuple[str, ...]) -> Tensor | None:
        return None if labels is None or not names else torch.eye(len(names))[torch.from_numpy(labels[rows])]

    return Condition(one_hot(data.class_labels, data.classes), one_hot(data.style_labels, data.styles))


@torch.no_grad()
def smooth_weights(run: Run) -> None:
    """Exponential moving average with ramp: early on it forgets faster (Karras 2018; 2020-ADA, appendix C)."""
    half_life = max(min(run.preset.smoothing, run.seen * 0.05), 1)
    share = 1 - 0.5 ** (run.preset.batch / half_life)
    for kept, new in zip(run.smooth.parameters(), run.generator.parameters(), strict=True):
        kept.lerp_(new, share)
    for kept, new in zip(run.smooth.buffers(), run.generator.buffers(), strict=True):
        kept.copy_(new)


def log(run: Run, sums: dict[str, list[float]], rate: float, report: bool) -> None:
    """One line a few seconds: images, speed and the mean losses. A loss that is no number stops the training."""
    means = {name: sum(values) / len(values) for name, values in sums.items()}
    if broken := [name for name, value in means.items() if not math.isfinite(value)]:
        raise TrainingError(
            f"The loss '{broken[0]}' is not finite near image {run.seen}. "
            f"The last state is whole: go on from it with --set rate={run.preset.rate / 2}."
        )
    row = {"images": run.seen, "per_second": round(rate, 1), **{name: round(value, 4) for name, value in means.items()}}
    with (run.folder / "log.jsonl").open("a") as file:
        file.write(json.dumps(row) + "\n")
    if report:
        left = (run.preset.images - run.seen) / max(rate, 1e-9) / 60
        losses = "  ".join(f"{name} {value:.3f}" for name, value in means.items())
        print(f"{run.seen:>9,} of {run.preset.images:,} images  {rate:6.1f}/s  {left:5.0f} min left  {losses}", flush=True)


def save_state(run: Run) -> None:
    """Everything that the next step depends on, and a sheet of samples to look at; written whole or not at all."""
    state = {
        "seen": run.seen,
        "minutes": run.minutes,
        "order": run.order.get_state(),
        "random": torch.get_rng_state(),
        "generator": run.generator.state_dict(),
        "smooth": run.smooth.state_dict(),
        "beside": {name: module.state_dict() for name, module in run.objective.modules().items()},
        "optimisers": {name: optimiser.state_dict() for name, optimiser in run.objective.optimisers().items()},
    }
    buffer = io.BytesIO()
    torch.save(state, buffer)
    write_whole(run.folder / "state.pt", buffer.getvalue())
    samples = run.folder / "samples"
    samples.mkdir(exist_ok=True)
    sample_sheet(settled(run)).save(samples / f"{run.seen:09d}.png")


def load_state(run: Run) -> None:
    """Put a run where its last save stood; nothing in the file is executed (weights_only)."""
    path = run.folder / "state.pt"
    try:
        state = torch.load(path, weights_only=True)
        run.generator.load_state_dict(state["generator"])
        run.smooth.load_state_dict(state["smooth"])
        for name, module in run.objective.modules().items():
            module.load_state_dict(state["beside"][name])
        for name, optimiser in run.objective.optimisers().items():
            optimiser.load_state_dict(state["optimisers"][name])
    except (KeyError, RuntimeError, ValueError, EOFError) as error:
        raise TrainingError(f"{path} does not fit this preset ({error}). Move the folder {run.folder} away to start afresh.") from error
    run.seen, run.minutes = state["seen"], state["minutes"]
    run.order.set_state(state["order"])
    torch.set_rng_state(state["random"])


@torch.no_grad()
def settled(run: Run) -> Generator:
    """The smoothed generator ready to draw: batch statistics measured anew for its weights, centres of w measured."""
    generator = copy.deepcopy(run.smooth)
    if isinstance(generator, Style) and run.preset.growth:
        generator = generator.up_to(stage(run.preset, generator.config.size, run.seen).side)
    norms = [m for m in generator.modules() if isinstance(m, nn.BatchNorm2d)]
    if norms:
        generator.train()
        for norm in norms:
            norm.reset_running_stats()
            norm.momentum = None  # a plain mean over all batches
        draw = torch.Generator().manual_seed(0)
        rows = run.data.train()
        for _ in range(32):
            chosen = rows[torch.randint(len(rows), (128,), generator=draw).numpy()]
            z = torch.randn(128, generator.spec.z_dim, generator=draw)
            generator.synthesize(generator.map(z, condition_of(run.data, chosen)))
    if isinstance(generator, Style):
        generator.measure_centres()
    return generator.eval()


@torch.no_grad()
def sample_sheet(generator: Generator, columns: int = 10, rows: int = 8, psi: float = 1.0) -> Image.Image:
    """A contact sheet, the same seeds each time: names by turn along the rows, the generator's own order."""
    spec = generator.spec
    n = columns * rows
    z = torch.randn(n, spec.z_dim, generator=torch.Generator().manual_seed(1))
    condition = sheet_condition(spec, n)
    w = truncate(generator.map(z, condition), generator.centre(condition, n), psi)
    x = generator.synthesize(w, list(range(n)))
    pixels = ((x.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
    sheet = pixels.view(rows, columns, 3, spec.size, spec.size).permute(0, 3, 1, 4, 2).reshape(rows * spec.size, -1, 3)
    return Image.fromarray(sheet.numpy())


def sheet_condition(spec: GeneratorSpec, n: int) -> Condition:
    """Classes spread over the whole sheet, styles by turn."""
    place = torch.arange(n)
    classes = torch.eye(len(spec.classes))[place * len(spec.classes) // n % len(spec.classes)] if spec.classes else None
    styles = torch.eye(len(spec.styles))[place % len(spec.styles)] if spec.styles else None
    return Condition(classes, styles)
