"""The measurements by name: `python -m studio.bench live`, `start`, `switch`, `train`, `upscale`, `sketch`, `restyle`, `film`, `crowd`,
`replicas` and `soak`."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from studio.bench import crowd, film, live, replicas, restyle, sketch, soak, start, switch, train, upscale
from studio.bench.browser import NoBrowserError
from studio.bench.server import NotServedError


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m studio.bench", description="Measure the studio: the page in a headless Chromium, the training, style transfer."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    modules = {
        "live": live,
        "start": start,
        "switch": switch,
        "train": train,
        "upscale": upscale,
        "sketch": sketch,
        "restyle": restyle,
        "film": film,
        "crowd": crowd,
        "replicas": replicas,
        "soak": soak,
    }
    for name, module in modules.items():
        command = commands.add_parser(name, help=module.__doc__)
        command.add_argument("--checkpoints", type=Path, default=Path("checkpoints"), help="default: %(default)s")
        command.add_argument("--json", type=Path, metavar="FILE", help="write the figures there as well")
        module.add_arguments(command)
        command.set_defaults(measure=module.measure, table=module.table)
    return parser


def main(argv: list[str] | None = None) -> int:
    options = arguments().parse_args(argv)
    try:
        figures = options.measure(options)
    except (NoBrowserError, NotServedError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    print(options.table(figures))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
