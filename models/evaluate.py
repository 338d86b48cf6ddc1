"""Measure checkpoints: `python -m models.evaluate --all --json scores.json`."""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
import os
import re
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import torch

from models.checkpoint import CheckpointError, commit, find, load, load_card, load_translator, save_card
from models.metrics import METRICS, Samples
from models.metrics.sheets import neighbours_sheet
from models.metrics.translated import TRANSLATED
from models.registry import TRANSLATORS
from models.report import report
from models.training.datasets import PictureSet, PictureSetError, load as load_pictures
from models.training.datasets.__main__ import main as make_pictures
from models.training.presets import PRESETS
from models.training.sheet import sample_sheet

SHARES = re.compile("accuracy|precision|recall|coverage|memorised")  # scores that are shares of pictures


def main(argv: list[str] | None = None) -> int:
    """Print each score; write them to a file and to the cards where that is asked for. Returns the exit status."""
    args = arguments().parse_args(argv)
    torch.set_num_threads(args.threads)
    try:
        folders = find(args.checkpoints) if args.all or args.check and not args.names else [args.checkpoints / name for name in args.names]
        if not folders:
            raise CheckpointError(f"Nothing to measure: name a checkpoint of {args.checkpoints}, or give --all.")
        if args.check:
            return check(folders, args)
        if args.report:
            return write_reports(folders, args.report)
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
    parser.add_argument("--write", action="store_true", help="put the scores on the cards, and sheet.webp and neighbours.webp beside them")
    parser.add_argument(
        "--check",
        action="store_true",
        help="measure anew, as the cards say they were measured, and name each score that is off by more than its spread",
    )
    parser.add_argument(
        "--report", type=Path, metavar="DIR", help="measure nothing: write DIR/CHECKPOINT.html with all that is known of it"
    )
    parser.add_argument("--checkpoints", type=Path, default=Path("checkpoints"))
    parser.add_argument("--data", type=Path, default=Path("data"), help="where the picture sets are; one that is missing is made first")
    parser.add_argument("--digits", type=Path, metavar="NPZ", help="an MNIST file to make the digits from, instead of a download")
    parser.add_argument(
        "--sources", type=Path, metavar="DIR", help="a folder of the originals, ukiyoe/ landscapes/ paintings/ digits/*.npz"
    )
    parser.add_argument("--samples", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="fewer where the machine has other work (default: all)")
    return parser


def check(folders: list[Path], args: argparse.Namespace) -> int:
    """0 where every card has every score that applies, and measuring again gives it within its spread."""
    if lacking := lacking_scores(folders):
        print(f"Measure with: python -m models.evaluate {' '.join(lacking)} --write", file=sys.stderr)
        return 1
    off = 0
    for folder in folders:
        card = load_card(folder)
        args.samples, args.seed = card.measured["samples"], card.measured["seed"]
        for name, value in measure(folder, args).items():
            told, most = card.scores[name], spread(name, card.scores[name], args.samples)
            if abs(value - told) > most:
                off += 1
                print(f"{folder.name}: {name} is {value}, and {told} on the card; {most:.2g} may lie between.", file=sys.stderr)
    print(f"{len(folders)} cards checked, {off} scores off.")
    return 1 if off else 0


def spread(name: str, value: float, samples: int) -> float:
    """How far a score may lie from itself when it is measured again: three standard errors of a share, a twentieth of anything else.

    The seed is the same, so what differs is the machine: its arithmetic, and the judges that it trained.
    """
    if SHARES.search(name):
        return 3 * math.sqrt(max(value * (1 - value), 1 / samples) / samples)
    return 0.05 * abs(value) + 1e-3


def lacking_scores(folders: list[Path]) -> list[str]:
    """The checkpoints whose cards lack scores that apply, each told in a line."""
    lacking = []
    for folder in folders:
        checkpoint = load(folder)
        there = {name for name, value in checkpoint.card.scores.items() if math.isfinite(value)}
        if missing := [name for metric in METRICS for name in metric.names(checkpoint) if name not in there]:
            lacking.append(folder.name)
            print(f"{folder / 'card.json'} lacks {', '.join(missing)}.", file=sys.stderr)
    return lacking


def write_reports(folders: list[Path], out: Path) -> int:
    out.mkdir(parents=True, exist_ok=True)
    for folder in folders:
        (out / f"{folder.name}.html").write_text(report(folder), "utf-8")
        print(out / f"{folder.name}.html")
    return 0


def measure(folder: Path, args: argparse.Namespace) -> Mapping[str, float]:
    """All scores that apply to one checkpoint, with four digits that matter, as they stand on its card."""
    if load_card(folder).family in TRANSLATORS.names():
        return measure_translator(folder, args)
    checkpoint = load(folder)
    training = checkpoint.card.training
    name = training.get("data") or PRESETS[training["preset"]].data
    data = pictures(args.data, name, originals(name, args))
    samples = Samples(checkpoint, data, args.data / "judges", args.samples, args.seed)
    begun, scores = time.monotonic(), {}
    print(f"{folder.name}: {args.samples:,} samples beside {len(data.train()):,} training pictures", flush=True)
    for metric in METRICS:
        if metric.names(checkpoint):
            found = {name: float(f"{value:.4g}") for name, value in metric.measure(samples).items()}
            print(f"{time.monotonic() - begun:7.0f} s ", " ".join(f"{name}={value}" for name, value in found.items()), flush=True)
            scores |= found
    if args.write:
        write(folder, samples, scores)
    return scores


def measure_translator(folder: Path, args: argparse.Namespace) -> Mapping[str, float]:
    """The same for a checkpoint that makes pictures of pictures, on the pictures in the folder --data."""
    translation = load_translator(folder)
    scores = {name: float(f"{value:.4g}") for name, value in TRANSLATED[translation.card.family](translation.translator, args.data).items()}
    print(f"{folder.name}, {args.data}:", " ".join(f"{name}={value}" for name, value in scores.items()), flush=True)
    if args.write:
        save_card(
            folder, dataclasses.replace(translation.card, scores=scores, measured={"pictures": str(args.data.name), "commit": commit()})
        )
    return scores


def write(folder: Path, samples: Samples, scores: Mapping[str, float]) -> None:
    """Scores on the card, and two sheets beside it; CheckpointError where other weights have come in the meantime."""
    card = load_card(folder)
    if card.weights_sha256 != samples.checkpoint.card.weights_sha256:
        raise CheckpointError(f"{folder} was trained anew while it was measured. Measure it again.")
    measured = {"samples": samples.count, "seed": samples.seed, "features": f"models/encoder {samples.encoder_hash}", "commit": commit()}
    save_card(folder, dataclasses.replace(card, scores=scores, measured=measured))
    sample_sheet(samples.checkpoint.generator).save(folder / "sheet.webp", quality=80, method=6)
    neighbours_sheet(samples).save(folder / "neighbours.webp", quality=80, method=6)


def pictures(root: Path, name: str, source: Path | None) -> PictureSet:
    """The picture set of that name, made first where it is missing; PictureSetError where it cannot be."""
    if not (root / name).exists() and name in {preset.data for preset in PRESETS.values()}:
        print(f"Making the picture set {root / name}", flush=True)
        make_pictures([name, "--out", str(root / name), *(["--source", str(source)] if source else [])])
    return load_pictures(root / name)


def originals(name: str, args: argparse.Namespace) -> Path | None:
    """Where the originals of a set lie, as far as the command was told."""
    if name in ("digits", "stacked"):
        return args.digits or (next((args.sources / "digits").glob("*.npz"), None) if args.sources else None)
    return args.sources / name if args.sources and (args.sources / name).is_dir() else None


if __name__ == "__main__":
    sys.exit(main())
