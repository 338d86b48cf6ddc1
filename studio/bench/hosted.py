"""The hosted studio without its page, for clients that are none: `python -m studio.bench.hosted --port 7861`."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import uvicorn

from studio.engine import Engine
from studio.gallery import Gallery
from studio.schedule import Limits
from studio.settings import Settings
from studio.web import create_web


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m studio.bench.hosted")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--checkpoints", type=Path, required=True)
    parser.add_argument("--batch", type=int, default=Limits.batch, help="moving frames drawn together at most (default: %(default)s)")
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with (
            Gallery(folder / "gallery") as gallery,
            Engine(options.checkpoints, folder=folder, device="cpu", limits=Limits(batch=options.batch)) as engine,
        ):
            web = create_web(engine, gallery, Settings("spaces", port=options.port, folder=folder))
            uvicorn.run(web, port=options.port, log_level="warning", ws_per_message_deflate=False, timeout_graceful_shutdown=2)


if __name__ == "__main__":
    main(sys.argv[1:])
