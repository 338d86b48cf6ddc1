"""Draw a labelled set of pictures: `python -m models.generate RECIPE.json --n 10000 --out DIR`. Run again to go on after a stop.

Every class and style comes equally often, unless the recipe names them. DIR/CLASS/*.png is what image-folder readers expect;
DIR/manifest.jsonl says of every picture its file, seeds, class, style and the weights it was drawn with.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from models.checkpoint import Checkpoint, CheckpointError
from models.latent import MAX_SEED, draw_z, stratified, truncate
from models.order import Order, OrderError, Shares, chosen, notes, ordered, read_recipe
from models.spec import Condition, GeneratorSpec, Synthesis
from models.whole import write_whole

MAX_PICTURES = 1_000_000
MANIFEST, ORDER = "manifest.jsonl", "order.json"
SAY_EVERY = 2.0  # seconds
BATCHES = (8, 16, 64, 256)  # that are tried for the quickest; a processor's cache holds few pictures, a graphics card wants many
WORTH_TRYING = 500  # pictures; fewer are drawn sooner than the quickest way is found

Precision = Literal["float32", "bfloat16"]
PRECISIONS: tuple[Precision, ...] = get_args(Precision)


@dataclass(frozen=True)
class Row:
    """One picture of a set, as the manifest lists it."""

    file: str
    seed: int
    noise_seed: int
    classes: Shares
    styles: Shares


@dataclass(frozen=True)
class Pace:
    """How a set is drawn: kept with it, so that going on after a stop draws the same values."""

    batch: int  # pictures at once
    dtype: Precision  # of synthesize; map and centre are float32

    def __post_init__(self) -> None:
        if type(self.batch) is not int or self.batch < 1 or self.dtype not in PRECISIONS:
            raise OrderError(f"--batch is at least 1 and --dtype one of {', '.join(PRECISIONS)}, not {self.batch!r} and {self.dtype!r}.")


def main(argv: list[str] | None = None) -> int:
    """Draw what is missing of the set; returns the exit status."""
    args = arguments().parse_args(argv)
    try:
        if not 1 <= args.n <= MAX_PICTURES:
            raise OrderError(
                f"--n is 1 to {MAX_PICTURES:,}, not {args.n:,}. Draw a larger set in parts, each recipe with a seed of its own."
            )
        if args.threads < 1:
            raise OrderError(f"--threads is at least 1, not {args.threads}.")
        torch.set_num_threads(args.threads)
        recipe = read_recipe(args.recipe)
        order = ordered(recipe)
        checkpoint = chosen(args.checkpoints, order)
        for note in notes(recipe, checkpoint):
            print(note, file=sys.stderr)
        generate(
            checkpoint, order, args.n, args.out, device=torch.device(args.device), batch=args.batch, dtype=args.dtype, threads=args.threads
        )
    except (OrderError, CheckpointError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped. The same command goes on from here.", file=sys.stderr)
        return 130
    return 0


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m models.generate", description=__doc__)
    parser.add_argument("recipe", type=Path, metavar="RECIPE.json", help="as the page copies it; the smallest names only its generator")
    parser.add_argument(
        "--n", type=int, required=True, help=f"pictures in all, at most {MAX_PICTURES:,}; a larger number goes on with a set"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="an empty folder, or one that this command began")
    parser.add_argument("--checkpoints", type=Path, default=Path("checkpoints"))
    parser.add_argument("--batch", type=int, help="pictures drawn at once, and the most that a stop loses; default: what is quickest here")
    parser.add_argument("--dtype", choices=PRECISIONS, help="default: what is quickest here")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu", help="default: %(default)s")
    return parser


def generate(
    checkpoint: Checkpoint,
    order: Order,
    n: int,
    folder: Path,
    *,
    device: torch.device,
    batch: int | None = None,
    dtype: Precision | None = None,
    threads: int = 1,
) -> None:
    """Draw the pictures from the first that the folder lacks up to n; OrderError where the folder holds anything else.

    Batch and precision are the quickest unless given, and those of its beginning in a folder that was begun.
    """
    checkpoint = replace(checkpoint, generator=checkpoint.generator.to(device))
    synthesis = cache(lambda dtype: checkpoint.generator.synthesis(getattr(torch, dtype)))
    listed = rows(checkpoint.generator.spec, order, n)
    pace = begun(folder, checkpoint, order)
    if pace is None:
        pace = quickest(lambda pace, part: draw(checkpoint, order, part, device, synthesis(pace.dtype)), listed, batch, dtype)
        begin(folder, checkpoint, order, pace)
    done = counted(folder / MANIFEST)
    say = progress(n, done)
    with ThreadPoolExecutor(threads) as pool, (folder / MANIFEST).open("a", encoding="utf-8") as manifest:
        for part in parts(listed[done:], pace.batch):
            for place in {folder / row.file for row in part}:
                place.parent.mkdir(exist_ok=True)
            pictures = draw(checkpoint, order, part, device, synthesis(pace.dtype))
            list(pool.map(save, pictures, [folder / row.file for row in part]))
            # Named last, all at once: what a stop leaves half done is drawn again.
            manifest.write("".join(line(row, checkpoint) for row in part))
            manifest.flush()
            done += len(part)
            say(done)
    print(f"{folder}: {done:,} pictures", flush=True)


def quickest(draw: Callable[[Pace, Sequence[Row]], object], listed: Sequence[Row], batch: int | None, dtype: Precision | None) -> Pace:
    """The batch and precision that draw most pictures a second, of those that are left open; each is tried twice."""
    best, most = Pace(BATCHES[1] if batch is None else batch, dtype or "float32"), 0.0
    if (batch and dtype) or len(listed) < WORTH_TRYING:
        return best
    batches = BATCHES if batch is None else (batch,)
    precisions: tuple[Precision, ...] = (dtype,) if dtype else PRECISIONS
    for pace in (Pace(size, precision) for precision in precisions for size in batches):
        for _ in range(2):  # the first draw of a size allocates and chooses kernels
            began = time.perf_counter()
            draw(pace, listed[: pace.batch])
            speed = min(pace.batch, len(listed)) / (time.perf_counter() - began)
        if speed > most:
            best, most = pace, speed
    return best


def identity(checkpoint: Checkpoint, order: Order) -> dict[str, Any]:
    """What all pictures of one set share, in JSON's own types."""
    return json.loads(json.dumps({**asdict(order), "weights": checkpoint.card.weights_sha256}))


def begun(folder: Path, checkpoint: Checkpoint, order: Order) -> Pace | None:
    """The pace of the set that was begun here; None in a new or empty folder, OrderError where something else lies."""
    path = folder / ORDER
    if not path.is_file():
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise OrderError(f"{folder} is not empty, and no set was begun in it. Name another folder with --out.")
        return None
    wanted = identity(checkpoint, order)
    try:
        there = json.loads(path.read_text("utf-8"))
        other = [name for name in wanted if there.get(name) != wanted[name]]
        pace = Pace(**there["pace"])
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise OrderError(f"{path} cannot be read. Name another folder with --out.") from error
    if other:
        raise OrderError(f"{folder} holds a set by another order: it differs in {', '.join(other)}. Name another folder with --out.")
    return pace


def begin(folder: Path, checkpoint: Checkpoint, order: Order, pace: Pace) -> None:
    """Make the folder and say in it what will lie there."""
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / ORDER, (json.dumps({**identity(checkpoint, order), "pace": asdict(pace)}, indent=1) + "\n").encode())


def counted(manifest: Path) -> int:
    """How many pictures the manifest lists; a last line that a stop cut off is taken away."""
    if not manifest.exists():
        return 0
    data = manifest.read_bytes()
    whole = data.rfind(b"\n") + 1
    if whole < len(data):
        os.truncate(manifest, whole)
    return data.count(b"\n")


def rows(spec: GeneratorSpec, order: Order, n: int) -> list[Row]:
    """Every picture of a set. A longer set begins with the shorter one."""
    of_class = [order.classes] if order.classes else [{name: 1.0} for name in spec.classes] or [{}]
    of_style = [order.styles] if order.styles else [{name: 1.0} for name in spec.styles] or [{}]
    strata = [(classes, styles) for classes in of_class for styles in of_style]
    labels = [label(classes or styles) or order.generator for classes, styles in strata]
    folders = folder_names(labels)
    listed = []
    for number, stratum in enumerate(stratified(len(strata), n, order.seed).tolist()):
        classes, styles = strata[stratum]
        style = f"{safe(label(styles))}-" if classes and styles else ""
        seed, noise_seed = ((first + number) % (MAX_SEED + 1) for first in (order.seed, order.noise_seed))
        listed.append(Row(f"{folders[labels[stratum]]}/{style}{number:06d}.png", seed, noise_seed, classes, styles))
    return listed


def label(shares: Shares) -> str:
    """A class or style by name; a mixture by all of its names."""
    return "+".join(shares)


def safe(label: str) -> str:
    """A label as a part of a path, whatever a card calls its classes."""
    return re.sub(r"[^\w+-]", "_", label) or "_"


def folder_names(labels: Iterable[str]) -> dict[str, str]:
    """A folder for each label. Those that some file systems could not tell apart, as A and a, have their number before them."""
    alike = Counter(safe(label).casefold() for label in set(labels))
    unlike = list(dict.fromkeys(labels))
    return {label: safe(label) if alike[safe(label).casefold()] == 1 else f"{i:02d}-{safe(label)}" for i, label in enumerate(unlike)}


def parts(listed: Sequence[Row], batch: int) -> Iterator[Sequence[Row]]:
    return (listed[start : start + batch] for start in range(0, len(listed), batch))


@torch.inference_mode()
def draw(checkpoint: Checkpoint, order: Order, part: Sequence[Row], device: torch.device, synthesize: Synthesis) -> np.ndarray:
    """(n, size, size, channels) uint8: each picture as the studio draws the recipe with the row's seeds, class and style.

    OrderError for NaN or infinity in what was drawn.
    """
    generator, spec = checkpoint.generator, checkpoint.generator.spec
    condition = Condition(_weights(spec.classes, [row.classes for row in part]), _weights(spec.styles, [row.styles for row in part])).to(
        device
    )
    z = torch.stack([draw_z(row.seed, spec.z_dim) for row in part]).to(device)
    w = generator.map(z, condition)
    if order.truncation != 1:
        w = truncate(w, generator.centre(condition, len(part)), order.truncation)
    x = synthesize(w, [row.noise_seed for row in part])[:, : spec.channels]
    if not x.isfinite().all():
        raise OrderError(f"'{order.generator}' drew no valid picture (NaN or infinity) among the seeds {part[0].seed} to {part[-1].seed}.")
    return ((x + 1) * 127.5).round_().clamp_(0, 255).to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()


def _weights(names: Sequence[str], given: Sequence[Shares]) -> Tensor | None:
    """(n, names), rows that sum to one; None where there are no names."""
    return torch.tensor([[shares.get(name, 0.0) for name in names] for shares in given]) if names else None


def save(picture: np.ndarray, path: Path) -> None:
    """Write one picture, grey where it has one channel."""
    Image.fromarray(picture.squeeze(2) if picture.shape[2] == 1 else picture).save(path)


def line(row: Row, checkpoint: Checkpoint) -> str:
    """A row of the manifest: with these fields in a recipe the studio draws the same picture."""
    told: dict[str, Any] = {"file": row.file, "seed": row.seed}
    if checkpoint.generator.spec.has_noise:
        told["noise_seed"] = row.noise_seed
    for name, shares in (("class", row.classes), ("style", row.styles)):
        if shares:
            told[name] = label(shares) if len(shares) == 1 else dict(shares)
    return json.dumps({**told, "weights": checkpoint.short_hash}, ensure_ascii=False) + "\n"


def progress(n: int, done: int) -> Callable[[int], None]:
    """Says now and then how many are drawn, how fast, and how long the others will take."""
    begun = said = time.monotonic()
    first = done

    def say(done: int) -> None:
        nonlocal said
        now = time.monotonic()
        if now - said < SAY_EVERY and done < n:
            return
        said = now
        speed = (done - first) / max(now - begun, 1e-9)
        minutes, seconds = divmod(math.ceil((n - done) / speed), 60)
        print(f"{done:>9,} of {n:,} pictures  {speed:7.1f}/s  {minutes}:{seconds:02d} left", flush=True)

    return say


if __name__ == "__main__":
    sys.exit(main())
