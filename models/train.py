"""Train a preset: `python -m models.train portraits`. Run again to go on from the last save."""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import re
import sys
from pathlib import Path
from typing import Any

import torch

from models.checkpoint import Card, CheckpointError, commit, save
from models.training.courses import Opening, Result, course_of
from models.training.curve import curve
from models.training.datasets.pictures import PictureSetError
from models.training.presets import PRESETS, Preset
from models.training.run import Run, TrainingError, read_log
from models.training.shards import joined

TRAINING = Path(__file__).parent / "training"
CARDS, OWN = TRAINING / "cards.json", TRAINING / "own.json"  # the words of each preset's card; those of a training of one's own


def main(argv: list[str] | None = None) -> int:
    """Train, then write checkpoints/PRESET, or checkpoints/NAME; returns the exit status."""
    args = arguments().parse_args(argv)
    torch.set_num_threads(args.threads)
    torch.backends.cudnn.benchmark = True  # on a graphics card: pictures keep their size, so the fastest kernels are looked for once
    try:
        preset = changed(PRESETS[args.preset], args.set)
        name, course = checked(args.name or args.preset), course_of(preset)
        data = args.data or Path("data") / preset.data
        preset = dataclasses.replace(preset, data=data.absolute().name)  # a card tells what was learned from
        with joined() as shard:
            opening = Opening(args.runs / name, args.checkpoints, torch.device(args.device), shard)
            run = course.open(preset, data, opening)
            if not args.publish:
                course.follow(run, save_minutes=args.save_minutes)
            if shard.leads and (args.publish or run.seen >= preset.images):
                publish(run, args.preset, name, args.checkpoints, course.result(run, opening))
    except (TrainingError, PictureSetError, CheckpointError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m models.train", description=__doc__)
    parser.add_argument("preset", choices=sorted(PRESETS))
    parser.add_argument("--data", type=Path, help="a set to learn from; default data/NAME, made by python -m models.training.datasets NAME")
    parser.add_argument("--name", help="what to call the run and its checkpoint, where its pictures are your own (default: as the preset)")
    parser.add_argument("--set", action="append", default=[], metavar="FIELD=VALUE", help="change a field of the preset")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="where states and samples go")
    parser.add_argument("--checkpoints", type=Path, default=Path("checkpoints"))
    parser.add_argument("--publish", action="store_true", help="write the last saved state to checkpoints/ without training on")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu", help="default: %(default)s")
    parser.add_argument("--save-minutes", type=float, default=5.0)
    return parser


def changed(preset: Preset, changes: list[str]) -> Preset:
    """The preset with some fields replaced; values are JSON. ValueError names an unknown field."""
    values: dict[str, Any] = {}
    known = {field.name for field in dataclasses.fields(Preset)}
    for change in changes:
        name, separator, value = change.partition("=")
        if not separator or name not in known:
            raise ValueError(f"--set {change}: give FIELD=VALUE with one of {', '.join(sorted(known))}.")
        values[name] = json.loads(value)
    return dataclasses.replace(preset, **values)


def checked(name: str) -> str:
    """A name that a folder can have; ValueError where it is none."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,39}", name):
        raise ValueError(f"--name {name}: give small letters, digits and hyphens, at most 40.")
    return name


def publish(run: Run, preset: str, name: str, checkpoints: Path, result: Result) -> None:
    """Write the smoothed weights and a card without scores: these weights have not been measured.

    A training that joins the checkpoint it began with is published as that.
    """
    known, own = (json.loads(path.read_text("utf-8")) for path in (CARDS, OWN))
    name = run.preset.start if run.preset.joins else name
    words = known[name] if name in known else own | {"title": dict.fromkeys(("en", "zh"), name)}
    card = Card(
        id=name,
        family=run.preset.family,
        config=dataclasses.asdict(result.config),
        source=run.data.source,
        licence=run.data.licence,
        training=facts(run, preset),
        **words,
    )
    save(checkpoints / name, result.network, card, result.directions, result.preview)
    print(f"{checkpoints / name}: {run.seen:,} images, {run.minutes:.0f} minutes")


def facts(run: Run, preset: str) -> dict[str, Any]:
    """How the weights came to be, for the card."""
    return {
        "preset": preset,
        "data": run.preset.data,
        **{name: other for name in ("start", "coder") if (other := getattr(run.preset, name))},
        "images": run.seen,
        "minutes": round(run.minutes),
        "pictures": len(run.data.train()),
        "parameters": sum(p.numel() for p in run.smooth.parameters()),
        "device": run.device.type,
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "commit": commit(),
        "curve": curve(read_log(run.folder)),
    }


if __name__ == "__main__":
    sys.exit(main())
