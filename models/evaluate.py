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
from typing import Any

import torch

from models.checkpoint import (
    Card,
    CheckpointError,
    commit,
    find,
    find_translators,
    load,
    load_card,
    load_translator,
    save_card,
)
from models.metrics import METRICS, Samples
from models.metrics.projected import projected
from models.metrics.sheets import neighbours_sheet
from models.metrics.steering import steering
from models.metrics.translated import TRANSLATED
from models.registry import TRANSLATORS
from models.report import report
from models.training.datasets import PictureSet, PictureSetError, load as load_pictures, made_by
from models.training.datasets.__main__ import main as make_pictures
from models.training.presets import PRESETS, trained_on
from models.training.sheet import sample_sheet
from models.whole import write_whole

SETS = Path("data")
SEEN_ALL = 480  # pictures, at least, that a translator's shares are of
JUDGED = re.compile("class_accuracy|style_accuracy|inception|reverse_kl")  # scores by classifiers that are trained to measure
SHARES = re.compile("accuracy|precision|recall|coverage|memorised")  # scores that are shares of pictures


def main(argv: list[str] | None = None) -> int:
    """Print each score; write them to a file and to the cards where that is asked for. Returns the exit status."""
    args = arguments().parse_args(argv)
    torch.set_num_threads(args.threads)
    try:
        if args.names == ["directions"]:
            return measure_directions(args)
        if args.names == ["projection"]:
            return measure_projection(args)
        everything = args.all or args.check and not args.names
        named = [args.checkpoints / name for name in args.names]
        folders = [*find(args.checkpoints), *find_translators(args.checkpoints)] if everything else named
        if not folders:
            raise CheckpointError(f"Nothing to measure: name a checkpoint of {args.checkpoints}, or give --all.")
        if args.report:
            return write_reports(folders, args.report)
        if args.check and (lacking := lacking_scores(folders)):
            raise CheckpointError(f"Measure with: python -m models.evaluate {' '.join(lacking)} --write")
        return measure_all(folders, args)
    except (CheckpointError, PictureSetError) as error:
        print(error, file=sys.stderr)
        return 1


def measure_all(folders: list[Path], args: argparse.Namespace) -> int:
    """0 where each could be measured, and agrees with its card where that is asked for.

    One that can't be measured is named with the reason, and the scores of the others are written.
    """
    scores, faults = dict[str, Mapping[str, float]](), list[str]()
    for folder in folders:
        try:
            measured = measure(folder, as_on_its_card(folder, args) if args.check else args)
            scores[folder.name] = measured
            found = differing(folder, measured) if args.check else []
        except (CheckpointError, PictureSetError, ImportError) as error:
            found = [f"{folder.name} was not measured: {error}"]
        print(*found, sep="\n", end="\n" if found else "", file=sys.stderr, flush=True)
        faults += found
        if args.json:
            write_whole(args.json, (json.dumps(scores, indent=1) + "\n").encode())
    print(f"{len(scores)} of {len(folders)} checkpoints measured, {len(faults)} faults.")
    return 1 if faults else 0


def measure_directions(args: argparse.Namespace) -> int:
    """What the named directions of every checkpoint do, as {checkpoint: {direction: {…}}}; 1 where one can't be measured."""
    found, status = dict[str, Mapping[str, Mapping[str, Any]]](), 0
    for folder in find(args.checkpoints):
        try:
            checkpoint = load(folder)
            if not checkpoint.directions:
                continue
            name = trained_on(checkpoint.card.training)
            found[folder.name] = steering(checkpoint, pictures(args.data, name, originals(name, args)), args.data / "judges")
        except (CheckpointError, PictureSetError) as error:
            print(f"{folder.name} was not measured: {error}", file=sys.stderr, flush=True)
            status = 1
            continue
        for direction, told in found[folder.name].items():
            print(f"{folder.name:24}{direction:12}", " ".join(f"{name}={value}" for name, value in told.items()), flush=True)
        if args.json:
            write_whole(args.json, (json.dumps(found, indent=1) + "\n").encode())
    return status


def measure_projection(args: argparse.Namespace) -> int:
    """How near projection comes in the checkpoints of --of, as {checkpoint: {held_out, generated}}."""
    found = dict[str, Mapping[str, Mapping[str, Any]]]()
    for name in args.of:
        checkpoint = load(args.checkpoints / name)
        trained = trained_on(checkpoint.card.training)
        found[name] = projected(checkpoint, pictures(args.data, trained, originals(trained, args)))
        for kind, told in found[name].items():
            print(f"{name:24}{kind:12}", " ".join(f"{what}={value}" for what, value in told.items()), flush=True)
        if args.json:
            write_whole(args.json, (json.dumps(found, indent=1) + "\n").encode())
    return 0


def as_on_its_card(folder: Path, args: argparse.Namespace) -> argparse.Namespace:
    """The arguments, with as many samples and the seed that a card's scores were measured with."""
    return argparse.Namespace(
        **{**vars(args), **{name: n for name, n in load_card(folder).measured.items() if name in ("samples", "seed")}}
    )


def differing(folder: Path, scores: Mapping[str, float]) -> list[str]:
    """Each score that is off its card's by more than its spread, in a sentence."""
    card = load_card(folder)
    most = {name: spread(name, card.scores.get(name, math.inf), card.measured.get("samples", SEEN_ALL)) for name in scores}
    return [
        f"{folder.name}: {name} is {value}, and {card.scores.get(name)} on the card; {most[name]:.2g} may lie between."
        for name, value in scores.items()
        if not abs(value - card.scores.get(name, math.inf)) <= most[name]
    ]


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m models.evaluate", description=__doc__)
    parser.add_argument(
        "names",
        nargs="*",
        metavar="CHECKPOINT",
        help="'directions' alone: how far each direction moves what it is named after; 'projection' alone: how near pictures are found",
    )
    parser.add_argument("--of", nargs="+", default=["portraits"], metavar="CHECKPOINT", help="whose projection (default: %(default)s)")
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
    parser.add_argument(
        "--data",
        type=Path,
        default=SETS,
        help="where the picture sets are (default: %(default)s); one that is missing is made first. A translator that is named is measured "
        "on the very pictures in that folder",
    )
    parser.add_argument("--digits", type=Path, metavar="NPZ", help="an MNIST file to make the digits from, instead of a download")
    parser.add_argument(
        "--sources", type=Path, metavar="DIR", help="a folder of the originals, ukiyoe/ landscapes/ paintings/ kodak/ digits/*.npz"
    )
    parser.add_argument("--samples", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="fewer where the machine has other work (default: all)")
    return parser


def spread(name: str, value: float, samples: int) -> float:
    """How far a score may lie from itself when it is measured again: three standard errors of a share, a twentieth of anything else.

    The seed is the same, so what differs is the machine: its arithmetic, and the judges that it trained: two of them told 0.82 and 0.89
    of the prints that were named right.
    """
    judged = bool(JUDGED.search(name))
    if SHARES.search(name):
        return max(3 * math.sqrt(max(value * (1 - value), 1 / samples) / samples), 0.08 * judged)
    return (0.2 if judged else 0.05) * abs(value) + 1e-3


def lacking_scores(folders: list[Path]) -> list[str]:
    """The checkpoints whose cards lack scores that apply, each told in a line."""
    lacking = []
    for folder in folders:
        if load_card(folder).family in TRANSLATORS.names():
            lacking += [] if load_card(folder).scores else [folder.name]
            continue
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
    name = trained_on(checkpoint.card.training)
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
    """The same for a checkpoint that makes pictures of pictures."""
    translation = load_translator(folder)
    ground = pictures_given(translation.card, args)
    found = TRANSLATED[translation.card.family].scores(translation.translator, ground)
    scores = {name: float(f"{value:.4g}") for name, value in found.items()}
    print(f"{folder.name}, {ground}:", " ".join(f"{name}={value}" for name, value in scores.items()), flush=True)
    if args.write:
        save_card(folder, dataclasses.replace(translation.card, scores=scores, measured={"pictures": ground.name, "commit": commit()}))
    return scores


def pictures_given(card: Card, args: argparse.Namespace) -> Path:
    """The folder a translator is measured on: --data itself where one is named with it, or what its family is measured on."""
    wanted = TRANSLATED[card.family].originals
    if args.names and args.data != SETS:
        return args.data
    if not wanted:
        for name in trained_on(card.training).split("+"):
            pictures(args.data, name, originals(name, args))
        return args.data / trained_on(card.training)
    for root in (args.data, args.sources):
        if root and all((root / name).is_dir() for name in wanted.split("+")):
            return root / wanted
    raise PictureSetError(
        f"No pictures to measure on: put {wanted.replace('+', '/ and ')}/ into {args.data}, or name their folder with --sources."
    )


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
    made = made_by(name)
    if not (root / name).exists() and made[0] in {preset.data for preset in PRESETS.values()}:
        print(f"Making the picture set {root / name}", flush=True)
        make_pictures([*made, "--out", str(root / name), *(["--source", str(source)] if source else [])])
    return load_pictures(root / name)


def originals(name: str, args: argparse.Namespace) -> Path | None:
    """Where the originals of a set lie, as far as the command was told."""
    name = made_by(name)[0]
    if name in ("digits", "stacked"):
        return args.digits or (next((args.sources / "digits").glob("*.npz"), None) if args.sources else None)
    return args.sources / name if args.sources and (args.sources / name).is_dir() else None


if __name__ == "__main__":
    sys.exit(main())
