"""A run: a training under way, with the folder it lives in and a state that resumes exactly."""

from __future__ import annotations

import copy
import io
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import nn

from models.registry import GENERATORS
from models.spec import Generator
from models.training.datasets.pictures import PictureSet
from models.training.objectives import Objective, build_objective
from models.training.presets import Preset
from models.training.schedule import Stage, stage
from models.training.shards import Shard
from models.training.sheet import measured, sample_sheet
from models.training.watch import Watch
from models.whole import sweep, write_whole

CPU, ALONE = torch.device("cpu"), Shard()
STATE, HEALTHY, LOG = "state.pt", "healthy.pt", "log.jsonl"


class TrainingError(RuntimeError):
    """A training that cannot go on; the message names the step and the remedy."""


@dataclass
class Run:
    """A training under way. It lives in a folder: run.json, log.jsonl, samples/, state.pt and healthy.pt, the last state that varied."""

    folder: Path
    preset: Preset
    data: PictureSet
    generator: Generator
    smooth: Generator  # exponential moving average of the weights: what is kept
    objective: Objective
    order: torch.Generator  # draws the batches
    device: torch.device = CPU
    shard: Shard = ALONE
    seen: int = 0  # images
    minutes: float = 0.0
    watch: Watch = field(default_factory=Watch)

    def grow(self, now: Stage) -> None:
        """Networks of a growing training, all three, at this stage."""
        self.objective.grow(now)
        self.smooth.grow(now.side, now.fade)


def open_run(
    folder: Path,
    preset: Preset,
    data: PictureSet,
    device: torch.device = CPU,
    shard: Shard = ALONE,
    coder: Generator | None = None,
) -> Run:
    """Start a run in a folder, or go on with the one that is there; TrainingError where its state does not fit."""
    torch.manual_seed(preset.seed)
    generator = GENERATORS.get(preset.family).build(options(preset, data)).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    smooth = copy.deepcopy(generator).requires_grad_(False)
    objective = build_objective(generator, preset, shard, coder)
    run = Run(folder, preset, data, generator, smooth, objective, torch.Generator().manual_seed(preset.seed), device, shard)
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / STATE).exists():
        load_state(run, folder / STATE)
        run.watch = Watch.remembered(read_log(folder))
    else:
        write_whole(folder / "run.json", json.dumps(asdict(preset), indent=1).encode())
    return run


def begin_with(run: Run, start: Generator) -> None:
    """Begin a run that has no state yet with the weights of another network of its family, where names and shapes agree.

    What is learned elsewhere is not learned anew: few pictures or little time then go further (Wang 2018, "Transferring GANs").
    TrainingError where nothing fits.
    """
    wanted = run.generator.spec.family
    if start.spec.family != wanted:
        raise TrainingError(f"A '{start.spec.family}' cannot be begun with for a '{wanted}': choose a start of its family.")
    learned = [take_over(network, start) for network in (run.generator, run.smooth)][0]
    note(run, {"event": f"begins with {learned:.0%} of its weights from {run.preset.start}"})


def take_over(network: nn.Module, start: nn.Module) -> float:
    """Give a network the weights of another whose names and shapes agree; the share of its own that are. TrainingError where none are."""
    own = network.state_dict()
    fitting = {name: value for name, value in start.state_dict().items() if name in own and own[name].shape == value.shape}
    if not fitting:
        raise TrainingError("None of its weights fit: choose a start of the same family and width.")
    network.load_state_dict(fitting, strict=False)
    return sum(value.numel() for value in fitting.values()) / sum(value.numel() for value in own.values())


def options(preset: Preset, data: PictureSet) -> dict[str, Any]:
    """The family's Config as the data completes it: size, channels, names. ValueError where its pictures cannot be averaged to the size."""
    known = {field.name for field in fields(GENERATORS.get(preset.family).config)}
    of_data = {"size": data.pictures.shape[1], "channels": data.pictures.shape[3], "classes": data.classes, "styles": data.styles}
    chosen = {key: value for key, value in of_data.items() if key in known} | dict(preset.config)
    if of_data["size"] % chosen["size"]:
        raise ValueError(f"Pictures of {of_data['size']} pixels cannot be averaged to the {chosen['size']} that '{preset.family}' draws.")
    return chosen


def settled(run: Run) -> Generator:
    """The smoothed generator as it would be published now: ready to draw, and of the side it has grown to."""
    side = stage(run.preset, run.smooth.spec.size, run.seen).side
    return measured(run.smooth.up_to(side), run.data)


def save_state(run: Run) -> None:
    """Everything that the next step depends on, and a sheet of samples to look at."""
    if not run.shard.leads:
        return
    write_state(run)
    save_sheet(run, sample_sheet(settled(run)))


def save_sheet(run: Run, sheet: Image.Image) -> None:
    """A sheet among the run's samples, as what it is at this moment."""
    samples, file = run.folder / "samples", io.BytesIO()
    samples.mkdir(exist_ok=True)
    sheet.save(file, "PNG")
    write_whole(samples / f"{run.seen:09d}.png", file.getvalue())


def write_state(run: Run) -> None:
    """Everything that the next step depends on; written whole or not at all."""
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
    write_whole(run.folder / STATE, buffer.getvalue())


def load_state(run: Run, path: Path) -> None:
    """Put a run where a save stood; nothing in the file is executed (weights_only)."""
    if run.shard.leads:
        sweep(run.folder)
    try:
        state = torch.load(path, weights_only=True, map_location=run.device)
        run.generator.load_state_dict(state["generator"])
        run.smooth.load_state_dict(state["smooth"])
        for name, module in run.objective.modules().items():
            module.load_state_dict(state["beside"][name])
        for name, optimiser in run.objective.optimisers().items():
            optimiser.load_state_dict(state["optimisers"][name])
    except (KeyError, RuntimeError, ValueError, EOFError) as error:
        raise TrainingError(f"{path} does not fit this preset ({error}). Move the folder {run.folder} away to start afresh.") from error
    run.seen, run.minutes = state["seen"], state["minutes"]
    run.order.set_state(state["order"].cpu())
    torch.set_rng_state(state["random"].cpu())


def note(run: Run, row: Mapping[str, Any]) -> None:
    """Add a line to the run's log."""
    if not run.shard.leads:
        return
    with (run.folder / LOG).open("a", encoding="utf-8") as file:
        file.write(json.dumps({"images": run.seen, **row}) + "\n")


def read_log(folder: Path) -> list[dict[str, Any]]:
    """The lines of a run's log, oldest first; a last line that a stop cut off is left out."""
    rows: list[dict[str, Any]] = []
    if (path := folder / LOG).exists():
        for line in path.read_text("utf-8").splitlines():
            with suppress(ValueError):
                rows.append(json.loads(line))
    return rows
