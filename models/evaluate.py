"""Measure checkpoints: `python -m models.evaluate --all --json scores.json`."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from collections.abc import Mapping
from pathlib import Path

from models.checkpoint import CheckpointError, find, load, save_card
from models.metrics import METRICS, Samples
from models.training.datasets import PictureSet, PictureSetError, load as load_pictures
from models.training.datasets.__main__ import main as make_pictures
from models.training.presets import PRESETS


def main(argv: list[str] | None = None) -> int:
    """Print each score; write them to a file and to the cards where that is asked for. Returns the exit status."""
    args = arguments().parse_args(argv)
    try:
        folders = find(args.checkpoints) if args.all else [args.checkpoints / name for name in args.names]
        if not folders:
            raise CheckpointError(f"Nothing to measure: name a checkpoint of {args.checkpoints}, or give --all.")
        scores = {folder.name: measure(folder, args) for folder in folders}
    except (CheckpointError, PictureSetError) as error:
        print(error, file=sys.stderr)
        return 1
    if args.json:
        args.json.write_text(json.dumps(scores, indent=1) + "\n")
    return 0


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m models.evaluate", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="CHECKPOINT")
    parser.add_argument("--all", action="store_true", help="every checkpoint there is")
    parser.add_argument("--json", type=Path, help="write {checkpoint: {score: value}} to a file")
    parser.add_argument("--write", action="store_true", help="put the scores on the cards")
    parser.add_argument("--checkpoints", type=Path, default=Path("checkpoints"))
    parser.add_argument("--data", type=Path, default=Path("data"), help="where the picture sets are; one that is missing is made first")
    parser.add_argument("--digits", type=Path, metavar="NPZ", help="an MNIST file to make the digits from, instead of a download")
    parser.add_argument("--samples", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    return parser


def measure(folder: Path, args: argparse.Namespace) -> Mapping[str, float]:
    """All scores that apply to one checkpoint, rounded as they stand on its card."""
    checkpoint = load(folder)
    data = pictures(args.data, PRESETS[checkpoint.card.training["preset"]].data, args.digits)
    samples = Samples(checkpoint, data, args.data / "judges", args.samples, args.seed)
    scores: dict[str, float] = {}
    for metric in METRICS:
        if metric.applies(checkpoint):
            scores |= {name: round(value, 4) for name, value in metric.measure(samples).items()}
    print(folder.name, " ".join(f"{name}={value}" for name, value in scores.items()), flush=True)
    if args.write:
        measured = {"samples": args.samples, "seed": args.seed}
        save_card(folder, dataclasses.replace(checkpoint.card, scores=scores, measured=measured))
    return scores


def pictures(root: Path, name: str, digits: Path | None) -> PictureSet:
    """The picture set of that name, made first where it is missing; PictureSetError where it cannot be."""
    if not (root / name).exists():
        print(f"Making the picture set {root / name}", flush=True)
        source = ["--source", str(digits)] if digits and name == "digits" else []
        make_pictures([name, "--out", str(root / name), *source])
    return load_pictures(root / name)


if __name__ == "__main__":
    sys.exit(main())
