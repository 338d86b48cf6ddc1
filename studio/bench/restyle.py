"""Painting like another picture at once against painting step by step: how near both come to the style, and the seconds they take."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from models.checkpoint import load_translator
from models.gram import gram, seen_twice, style_distance
from models.metrics.painted import Pairing, pairings
from models.training.distil import Teacher
from models.translators.gatys import Patience, painted_slowly
from models.translators.style_transfer import StyleTransfer
from studio.device import quicker_dtype

Eyes = Callable[[Tensor], list[Tensor]]  # (1, 3, h, w) in [0, 1] -> maps


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--translator", default="restyle", help="a checkpoint of the family 'style_transfer' (default: %(default)s)")
    parser.add_argument(
        "--pictures",
        type=Path,
        default=Path("data/kodak+paintings"),
        help="two folders, of photographs and of paintings (default: %(default)s)",
    )
    parser.add_argument("--contents", type=int, metavar="N", help="so many of the photographs")
    parser.add_argument("--styles", type=int, metavar="N", help="so many of the paintings")
    parser.add_argument("--steps", type=int, default=300, help="of painting step by step (default: %(default)s)")
    parser.add_argument("--second", type=Path, metavar="FILE", help="SqueezeNet 1.0 (.safetensors): eyes that neither was made with")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads(), help="default: %(default)s")


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Every photograph like every painting, both ways in turn, in the precision that is quicker here; means over the pairs."""
    torch.set_num_threads(options.threads)
    painter = load_translator(options.checkpoints / options.translator).translator
    assert isinstance(painter, StyleTransfer), f"{options.translator} is not of the family 'style_transfer'."
    eyes: dict[str, Eyes] = {"": partial(seen_twice, painter.encoder)}
    if options.second:
        teacher = Teacher(options.second)
        eyes["second_"] = lambda x: teacher(2 * x - 1)
    dtype, rows = quicker_dtype(torch.device("cpu")), []
    for pair in pairings(options.pictures, options.contents, options.styles):
        with torch.autocast("cpu", dtype, enabled=dtype != torch.float32):
            made, seconds = both(painter, pair, options.steps, warm=bool(rows))
        rows.append({**distances(eyes, pair, made), **seconds})
        print(f"{len(rows):4} ", " ".join(f"{name}={value:.4g}" for name, value in rows[-1].items()), flush=True)
    means = {name: round(float(np.mean([row[name] for row in rows])), 4) for name in rows[0]}
    return {**means, "pairs": len(rows), "steps": options.steps, "threads": options.threads, "dtype": str(dtype).removeprefix("torch.")}


def both(painter: StyleTransfer, pair: Pairing, steps: int, warm: bool) -> tuple[dict[str, Tensor], dict[str, float]]:
    """A pair painted at once and step by step, and the seconds of each."""
    beside, made, seconds = {"style": [pair.style[0]]}, {"untouched": pair.content}, {}
    if not warm:
        painter.translate(pair.content, {}, beside)  # the first builds what the others use
    begun = time.monotonic()
    with torch.inference_mode():
        made["ours"] = painter.translate(pair.content, {}, beside)
    seconds["ours_seconds"], begun = time.monotonic() - begun, time.monotonic()
    for _, made["gatys"] in painted_slowly(painter.encoder, pair.content, painter.spec.read({}), beside, Patience(steps)):
        pass
    return made, {**seconds, "gatys_seconds": time.monotonic() - begun}


@torch.no_grad()
def distances(eyes: Mapping[str, Eyes], pair: Pairing, made: Mapping[str, Tensor]) -> dict[str, float]:
    """Of each picture from the style, in these eyes."""
    found: dict[str, float] = {}
    for whose, see in eyes.items():
        wanted = [gram(features) for features in see(pair.style)]
        found |= {f"{whose}{way}": style_distance([gram(features) for features in see(x)], wanted).item() for way, x in made.items()}
    return found


def table(figures: Mapping[str, Any]) -> str:
    """The figures side by side."""
    eyes = [("distance from the style", ""), ("the same, in other eyes", "second_")]
    lines = [f"{figures['pairs']} pairs, {figures['threads']} threads, {figures['dtype']}"]
    lines.append(f"{'':26}{'untouched':>11}{'ours':>11}{'slowly':>11}")
    for label, whose in eyes:
        if f"{whose}ours" in figures:
            lines.append(f"{label:26}" + "".join(f"{figures[whose + way]:>11.4f}" for way in ("untouched", "ours", "gatys")))
    lines.append(f"{'seconds':26}{'':>11}{figures['ours_seconds']:>11.3f}{figures['gatys_seconds']:>11.3f}")
    away, quicker = figures["ours"] / figures["gatys"], figures["gatys_seconds"] / figures["ours_seconds"]
    return "\n".join([*lines, f"{away:.2f} times as far from the style as {figures['steps']} steps are, {quicker:.0f} times quicker"])
