"""Find the directions of a checkpoint anew: `python -m models.directions portraits`."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from models.checkpoint import CheckpointError, load, save
from models.directions import find_directions
from models.training.datasets import PictureSetError, load as load_pictures
from models.training.presets import trained_on


def main(argv: list[str] | None = None) -> int:
    """Write them beside the weights they belong to. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m models.directions", description=__doc__)
    parser.add_argument("names", nargs="+", metavar="CHECKPOINT")
    parser.add_argument("--checkpoints", type=Path, default=Path("checkpoints"))
    parser.add_argument("--data", type=Path, default=Path("data"), help="where the picture sets are, whose words tell what is to be found")
    args = parser.parse_args(argv)
    try:
        for name in args.names:
            begun, checkpoint = time.monotonic(), load(args.checkpoints / name)
            data = load_pictures(args.data / trained_on(checkpoint.card.training))
            found = find_directions(checkpoint.generator, data)
            save(args.checkpoints / name, checkpoint.generator, checkpoint.card, found)
            print(f"{name}: {', '.join(found) or 'none'} ({time.monotonic() - begun:.0f} s)", flush=True)
    except (CheckpointError, PictureSetError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
