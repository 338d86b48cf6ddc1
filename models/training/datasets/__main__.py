"""Prepare a set to train on: `python -m models.training.datasets portraits`, or `… folder DIR` for pictures of your own."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from models.training.datasets import PictureSet, PictureSetError, digits, fashion, folder, letters, originals, portraits, stacked, strokes


def parser() -> argparse.ArgumentParser:
    arguments = argparse.ArgumentParser(prog="python -m models.training.datasets", description=__doc__)
    sets = arguments.add_subparsers(dest="name", required=True)
    faces = sets.add_parser("portraits", help="drawn faces in four styles (needs Node)")
    faces.add_argument("--n", type=int, default=24_000, help="how many portraits (default: %(default)s)")
    faces.add_argument("--size", type=int, default=128, help="pixels a side (default: %(default)s)")
    types = sets.add_parser("letters", help="A-Z a-z 0-9 in open typefaces (needs Node)")
    types.add_argument("--n", type=int, help="at most so many families a style (default: all)")
    types.add_argument("--size", type=int, default=64, help="pixels a side (default: %(default)s)")
    hands = sets.add_parser("digits", help="handwritten digits (MNIST)")
    hands.add_argument("--n", type=int, help="at most so many a split (default: all)")
    triples = sets.add_parser("stacked", help="three digits (MNIST) as red, green and blue")
    triples.add_argument("--n", type=int, default=60_000, help="how many to train on (default: %(default)s)")
    for one in (hands, triples):
        one.add_argument("--source", type=Path, help=".npz with x_train y_train x_test y_test (default: download)")
    garments = sets.add_parser("fashion", help="garments (Fashion-MNIST)")
    garments.add_argument("--n", type=int, help="at most so many a split (default: all)")
    garments.add_argument("--source", type=Path, metavar="DIR", help="a folder of its four files (default: download)")
    characters = sets.add_parser("hanzi", help="Chinese characters as strokes (needs Node)")
    characters.add_argument("--n", type=int, help="at most so many (default: all)")
    for name, collection in originals.COLLECTIONS.items():
        one = sets.add_parser(name, help=f"squares of {name}, from --source DIR")
        one.add_argument("--source", type=Path, metavar="DIR", help=f"a folder that holds {collection.origin}")
        one.add_argument("--size", type=int, default=collection.crops.size, help="pixels a side (default: %(default)s)")
    add_folder(sets.add_parser("folder", help="squares of the pictures in a folder of yours"))
    for one in sets.choices.values():
        one.add_argument("--out", type=Path, help="the folder to leave it in (default: data/NAME)")
    return arguments


def add_folder(own: argparse.ArgumentParser) -> None:
    own.add_argument("source", type=Path, metavar="DIR", help="pictures of any size; its subfolders are their classes")
    own.add_argument("--size", type=int, default=128, help="pixels a side (default: %(default)s)")
    own.add_argument("--crops", type=int, help=f"squares of each picture (default: what makes some {folder.SQUARES:,} of all)")
    own.add_argument("--least", type=float, help="smallest square, as a part of the shorter side (default: 0.6, or 1 for a single one)")
    own.add_argument("--styles", action="store_true", help="the subfolders are styles, not classes")
    own.add_argument("--licence", default="not stated", help="of the pictures, for the card of what is trained on them")


def prepare(options: argparse.Namespace) -> tuple[Path, PictureSet | strokes.StrokeSet]:
    if options.name == "folder":
        return prepare_folder(options)
    out = options.out or Path("data") / options.name
    if options.name == "portraits":
        return out, portraits.prepare(out, options.n, options.size)
    if options.name == "letters":
        return out, letters.prepare(out, options.n, options.size)
    if options.name == "hanzi":
        return out, strokes.prepare(out, options.n)
    if options.name in (small := {"digits": digits, "fashion": fashion, "stacked": stacked}):
        return out, small[options.name].prepare(out, options.n, options.source)
    return out, originals.prepare(options.name, out, options.source, options.size)


def prepare_folder(options: argparse.Namespace) -> tuple[Path, PictureSet]:
    name = options.source.resolve().name
    out = options.out or Path("data") / name
    found = folder.found(options.source)
    crops = folder.crops_for(len(found), options.size, options.crops, options.least)
    kind = "style" if options.styles else "class"
    return out, folder.prepare(out, found, crops, kind, f"{len(found):,} pictures of the folder {name}", options.licence)


def main(argv: list[str] | None = None) -> int:
    try:
        out, made = prepare(parser().parse_args(argv))
    except PictureSetError as fault:
        print(fault, file=sys.stderr)
        return 1
    what = "pictures" if isinstance(made, PictureSet) else "writings"
    print(f"{out}: {len(made.train()):,} {what} to train on, {len(made.test()):,} held out. {made.licence}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
