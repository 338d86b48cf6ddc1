"""Prepare a set to train on: `python -m models.training.datasets portraits|letters|digits|hanzi`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from models.training.datasets import PictureSet, PictureSetError, digits, letters, portraits, strokes


def parser() -> argparse.ArgumentParser:
    arguments = argparse.ArgumentParser(prog="python -m models.training.datasets", description=__doc__)
    sets = arguments.add_subparsers(dest="name", required=True)
    faces = sets.add_parser("portraits", help="drawn faces in four styles (needs Node)")
    faces.add_argument("--n", type=int, default=40_000, help="how many portraits (default: %(default)s)")
    faces.add_argument("--size", type=int, default=64, help="pixels a side (default: %(default)s)")
    types = sets.add_parser("letters", help="A-Z a-z 0-9 in open typefaces (needs Node)")
    types.add_argument("--n", type=int, help="at most so many families a style (default: all)")
    types.add_argument("--size", type=int, default=64, help="pixels a side (default: %(default)s)")
    hands = sets.add_parser("digits", help="handwritten digits (MNIST)")
    hands.add_argument("--n", type=int, help="at most so many a split (default: all)")
    hands.add_argument("--source", type=Path, help=".npz with x_train y_train x_test y_test (default: download)")
    characters = sets.add_parser("hanzi", help="Chinese characters as strokes (needs Node)")
    characters.add_argument("--n", type=int, help="at most so many (default: all)")
    for one in (faces, types, hands, characters):
        one.add_argument("--out", type=Path, help="the folder to leave it in (default: data/NAME)")
    return arguments


def prepare(options: argparse.Namespace) -> tuple[Path, PictureSet | strokes.StrokeSet]:
    folder = options.out or Path("data") / options.name
    if options.name == "portraits":
        return folder, portraits.prepare(folder, options.n, options.size)
    if options.name == "letters":
        return folder, letters.prepare(folder, options.n, options.size)
    if options.name == "hanzi":
        return folder, strokes.prepare(folder, options.n)
    return folder, digits.prepare(folder, options.n, options.source)


def main(argv: list[str] | None = None) -> int:
    try:
        folder, made = prepare(parser().parse_args(argv))
    except PictureSetError as fault:
        print(fault, file=sys.stderr)
        return 1
    what = "pictures" if isinstance(made, PictureSet) else "writings"
    print(f"{folder}: {len(made.train())} {what} to train on, {len(made.test())} held out. {made.licence}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
