"""The kinds of training behind one command: on pictures, on writing, and of translators.

A course opens, follows and concludes a run; what differs is what is learned from, and what a save involves.
"""

from __future__ import annotations

import copy
import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import torch
from PIL import Image
from torch import Tensor, nn

from models.checkpoint import load
from models.directions import find_directions
from models.registry import TRANSLATORS
from models.training import loop, run as runs, sequences
from models.training.datasets import pictures, strokes
from models.training.lessons import LESSONS, Sets
from models.training.lessons.lesson import begun, sent
from models.training.presets import Preset
from models.training.run import STATE, Run, load_state, note, save_sheet, write_state
from models.training.shards import Shard
from models.training.sheet import sample_sheet
from models.whole import write_whole


@dataclass(frozen=True)
class Opening:
    """Where a run lives, and what it runs on."""

    folder: Path
    checkpoints: Path
    device: torch.device
    shard: Shard


@dataclass(frozen=True)
class Result:
    """What a run has to publish."""

    network: nn.Module
    config: Any
    directions: Mapping[str, Tensor] = field(default_factory=dict)
    preview: Image.Image | None = None


class Course(Protocol):
    """Raises TrainingError, PictureSetError, CheckpointError or ValueError with the remedy."""

    def open(self, preset: Preset, data: Path, opening: Opening) -> Run:
        """Start a run on the set in `data`, or go on with the one that is there. Several sets of one folder are joined by +."""
        ...

    def follow(self, run: Run, *, save_minutes: float) -> None:
        """Train until all is seen."""
        ...

    def result(self, run: Run, opening: Opening) -> Result: ...


class Pictures:
    """Generators of pictures."""

    def open(self, preset: Preset, data: Path, opening: Opening) -> Run:
        coder = load(opening.checkpoints / preset.coder).generator if preset.coder else None
        run = runs.open_run(opening.folder, preset, pictures.load(data), opening.device, opening.shard, coder)
        if preset.start and run.seen == 0:
            runs.begin_with(run, load(opening.checkpoints / preset.start).generator)
        return run

    def follow(self, run: Run, *, save_minutes: float) -> None:
        loop.train(run, save_minutes=save_minutes)

    def result(self, run: Run, opening: Opening) -> Result:
        generator = runs.settled(run)
        return Result(
            generator, generator.config, find_directions(generator, run.data), sample_sheet(generator, columns=2, rows=2, psi=0.7)
        )


class Writing(Pictures):
    """Generators of strokes."""

    def open(self, preset: Preset, data: Path, opening: Opening) -> Run:
        return sequences.open_run(opening.folder, preset, strokes.load(data))

    def follow(self, run: Run, *, save_minutes: float) -> None:
        sequences.train(run, save_minutes=save_minutes)


class Translation:
    """Translators, each by the lesson of its family."""

    def open(self, preset: Preset, data: Path, opening: Opening) -> Run:
        sets = Sets([pictures.load(data.with_name(name)) for name in data.name.split("+")])
        return open_translation(opening.folder, preset, sets, opening.checkpoints, opening.device)

    def follow(self, run: Run, *, save_minutes: float) -> None:
        follow_translation(run, save_minutes=save_minutes)

    def result(self, run: Run, opening: Opening) -> Result:
        lesson, translator, sets = LESSONS[run.preset.family], begun(run.preset, opening.checkpoints), as_sets(run)
        lesson.finish(translator, here(run.smooth), run.preset)
        return Result(translator, translator.config, preview=lesson.look(here(run.smooth), sets)[1])


def open_translation(
    folder: Path, preset: Preset, sets: Sets, checkpoints: Path = Path("checkpoints"), device: torch.device = runs.CPU
) -> Run:
    """A run of a translator: its network is the part that the lesson says learns."""
    torch.manual_seed(preset.seed)
    lesson = LESSONS[preset.family]
    network: Any = lesson.network(begun(preset, checkpoints), preset).requires_grad_(True).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    of_sets: Any = sets  # a run asks its set for train(), source and licence alone
    order = torch.Generator().manual_seed(preset.seed)
    smooth = copy.deepcopy(network).requires_grad_(False)
    run = Run(folder, preset, of_sets, network, smooth, lesson.objective(network, preset), order, device)
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / STATE).exists():
        load_state(run, folder / STATE)
    else:
        write_whole(folder / "run.json", json.dumps(dataclasses.asdict(preset), indent=1).encode())
    return run


def follow_translation(run: Run, *, save_minutes: float = 5.0, report: bool = True) -> None:
    """The one loop, with the lesson's batches and its look at pictures never trained on."""
    lesson, sets = LESSONS[run.preset.family], as_sets(run)

    def save(run: Run) -> None:
        figures, shown = lesson.look(here(run.smooth), sets)
        note(run, {"event": "held out", **figures})
        save_sheet(run, shown)
        write_state(run)

    batches = (sent(batch, run.device) for batch in lesson.batches(run, sets))
    loop.follow(run, batches, save, save_minutes=save_minutes, report=report)


def here(network: nn.Module) -> nn.Module:
    """A copy on the CPU: once a save no graphics card is needed, and it is the same everywhere."""
    return copy.deepcopy(network).cpu()


def as_sets(run: Run) -> Sets:
    sets: Any = run.data
    return sets


def course_of(preset: Preset) -> Course:
    """The course that a preset's family belongs to."""
    if preset.family in TRANSLATORS.names():
        return Translation()
    return Writing() if preset.family == "rvae" else Pictures()
