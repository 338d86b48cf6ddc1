"""The one training loop: a step, smoothed weights, a log, a look at the variety now and then, and a save."""

from __future__ import annotations

import math
import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import torch

from models.training.batches import batches
from models.training.objectives import Adversarial, Batch
from models.training.run import HEALTHY, STATE, Run, TrainingError, load_state, note, save_state, settled
from models.training.schedule import rate
from models.training.watch import RAISE, Variety, Watch, look, thumbnails

LOG_EVERY = 15.0  # seconds


@dataclass
class Meter:
    """Mean losses and speed since the last line of the log."""

    since: int  # images
    begun: float = field(default_factory=time.monotonic)
    sums: dict[str, list[float]] = field(default_factory=dict)

    def add(self, losses: dict[str, float]) -> None:
        for name, value in losses.items():
            self.sums.setdefault(name, []).append(value)

    def means(self) -> dict[str, float]:
        return {name: sum(values) / len(values) for name, values in self.sums.items()}


def train(run: Run, *, save_minutes: float = 5.0, report: bool = True) -> None:
    """Train on pictures until the preset's images are seen; saves every few minutes, at the end and when asked to stop."""
    follow(run, batches(run), save_state, save_minutes=save_minutes, report=report)


def follow(run: Run, source: Iterator[Batch], save: Callable[[Run], None], *, save_minutes: float, report: bool) -> None:
    """The loop itself, whatever its batches hold and a save involves."""
    stopping: list[int] = []
    previous = signal.signal(signal.SIGTERM, lambda number, frame: stopping.append(number))
    saved, meter = time.monotonic(), Meter(run.seen)
    try:
        for batch in source:
            losses = step(run, batch)
            meter.add(losses)
            now = time.monotonic()
            if now - meter.begun > LOG_EVERY:
                log(run, meter, now, report)
                meter = Meter(run.seen)
            if run.preset.watch and run.seen // run.preset.watch > (run.seen - run.preset.batch) // run.preset.watch:
                keep_watch(run, report)
            asked = run.shard.average({"stopping": float(bool(stopping))})["stopping"] > 0
            over = asked or run.seen >= run.preset.images
            if over or now - saved > 60 * save_minutes:
                save(run)
                saved = now
            if over:
                return
    finally:
        signal.signal(signal.SIGTERM, previous)


def step(run: Run, batch: Batch) -> dict[str, float]:
    """One update on one batch; TrainingError where a loss is no number, before anything of it is saved."""
    number = run.seen // run.preset.batch
    for optimiser in run.objective.optimisers().values():
        for group in optimiser.param_groups:
            group["lr"] = rate(run.preset, run.seen)
    losses = run.shard.average(run.objective.step(batch, number))
    if broken := [name for name, value in losses.items() if not math.isfinite(value)]:
        pictures = ", ".join(map(str, batch.rows[:8]))
        raise TrainingError(
            f"The loss '{broken[0]}' is not finite at step {number} (image {run.seen}; pictures {pictures}, … of the set). "
            f"The last state is whole: go on from it with --set rate={run.preset.rate / 2}."
        )
    run.seen += run.preset.batch
    smooth_weights(run)
    return losses


@torch.no_grad()
def smooth_weights(run: Run) -> None:
    """Exponential moving average with ramp: early on it forgets faster (Karras 2018; 2020-ADA, appendix C)."""
    half_life = max(min(run.preset.smoothing, run.seen * 0.05), 1)
    share = 1 - 0.5 ** (run.preset.batch / half_life)
    for kept, new in zip(run.smooth.parameters(), run.generator.parameters(), strict=True):
        kept.lerp_(new, share)
    for kept, new in zip(run.smooth.buffers(), run.generator.buffers(), strict=True):
        kept.copy_(new)


def log(run: Run, meter: Meter, now: float, report: bool) -> None:
    """One line: images, speed and the mean losses."""
    speed = (run.seen - meter.since) / max(now - meter.begun, 1e-9)
    run.minutes += (now - meter.begun) / 60
    means = meter.means()
    note(run, {"per_second": round(speed, 1), **{name: round(value, 4) for name, value in means.items()}})
    if report and run.shard.leads:
        left = (run.preset.images - run.seen) / max(speed, 1e-9) / 60
        losses = "  ".join(f"{name} {value:.3f}" for name, value in means.items())
        print(f"{run.seen:>9,} of {run.preset.images:,} images  {speed:6.1f}/s  {left:5.0f} min left  {losses}", flush=True)


def keep_watch(run: Run, report: bool) -> None:
    """Look at the variety. While it is well, keep the state; when it has fallen, augment more and step back to the last that was well."""
    save_state(run)
    now = look(settled(run), run.data, thumbnails)
    if run.watch.fallen(now):
        return step_back(run, now, report)
    note(run, {"event": "look", "diversity": now.diversity, "recall": now.recall})
    if run.shard.leads:
        healthy = run.folder / HEALTHY
        healthy.unlink(missing_ok=True)
        os.link(run.folder / STATE, healthy)  # a new state replaces the file, it never writes into it


def step_back(run: Run, now: Variety, report: bool) -> None:
    """Go on from the last healthy state with other batches and more augmentation; TrainingError where there is none."""
    healthy, fell = run.folder / HEALTHY, run.seen
    if not healthy.exists():
        raise TrainingError(
            f"Variety is {now.diversity:.2f} of the data's at image {fell} and was never better: the training has collapsed. "
            f"Start afresh with --set variety=5 or --set r1={max(run.preset.r1, 0.5) * 4}."
        )
    run.shard.wait()
    load_state(run, healthy)
    run.order.manual_seed(fell)  # the batches that led there are not drawn again
    torch.manual_seed(fell)
    if isinstance(run.objective, Adversarial):
        run.objective.augment.raise_by(RAISE)
    run.watch = Watch()  # it may be judged by the state it went back to
    event = {"event": "stepped back", "from": fell, "diversity": now.diversity, "recall": now.recall}
    note(run, event)
    save_state(run)
    if report and run.shard.leads:
        print(f"Variety fell to {now.diversity:.2f} of the data's at image {fell:,}: back to image {run.seen:,}.", flush=True)
