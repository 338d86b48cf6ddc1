"""Serves the studio: as `app.py` asks, or with replicas that draw, `python -m studio.serve --replicas 4 --device cuda`."""

from __future__ import annotations

import argparse
import os
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from studio.errors import Fault
from studio.port import claim
from studio.settings import Settings, from_args

if TYPE_CHECKING:
    import uvicorn
    from fastapi import FastAPI

    from studio.painters import Company

PATIENCE = 120.0  # seconds that a picture may wait for a card that is lent


def main(argv: list[str]) -> int:
    """The studio with replicas; its own process then draws only what needs a visitor's own things, on the CPU."""
    parser = argparse.ArgumentParser(
        prog="python -m studio.serve", description="The studio with replicas that draw. All flags of app.py are understood as well."
    )
    parser.add_argument("--replicas", type=int, required=True, metavar="N", help="at the start, and under load; one takes one core or GPU")
    parser.add_argument("--least", type=int, default=1, metavar="N", help="replicas that stay when nothing waits (default: %(default)s)")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="what they draw on (default: %(default)s)")
    parser.add_argument("--address", help="of a Ray cluster whose machines have this project and its checkpoints at the same path")
    options, rest = parser.parse_known_args(argv)
    settings = replace(from_args(rest, os.environ), device="cpu")

    def company() -> Company:
        from studio.replicas import Replicas

        return Replicas(settings.checkpoints, options.replicas, options.least, options.device, options.address)

    return run(settings, company)


def run(settings: Settings, company: Callable[[], Company] | None = None) -> int:
    """Serve until stopped; returns the exit status."""
    if settings.borrows:
        company = partial(_lent, settings)
    try:
        with suppress(KeyboardInterrupt), claim(settings.host, settings.port) as door:
            serve(settings, door, company)
    except (Fault, ValueError) as fault:
        print(fault, file=sys.stderr)
        return 1
    return 0


def _lent(settings: Settings) -> Company:
    from studio.zero import Lent

    return Lent(settings.checkpoints)


def serve(settings: Settings, door: socket.socket, company: Callable[[], Company] | None) -> None:
    # Imported this late because it reads gigabytes of libraries: what is wrong with a flag or the port is said before.
    import uvicorn

    from studio.engine import Engine
    from studio.gallery import Gallery
    from studio.logs import set_up
    from studio.schedule import Limits
    from studio.ui.page import build, mount
    from studio.web import create_web

    set_up(settings.log)
    gallery = Gallery(settings.folder, quota=settings.quota)
    draws = company() if company else None
    device, limits = ("cpu", Limits(deadline=PATIENCE)) if settings.borrows else (settings.device, Limits())
    with Engine(
        settings.checkpoints, folder=settings.folder, device=device, needed=gallery.ingredients, company=draws, limits=limits
    ) as engine:
        web = mount(create_web(engine, gallery, settings), build(engine, gallery, settings), settings)
        door.listen()
        print(f"Latent Atelier is at http://{settings.host}:{settings.port}", flush=True)
        uvicorn.Server(configured(web, settings)).run(sockets=[door])


def configured(web: FastAPI, settings: Settings) -> uvicorn.Config:
    """How uvicorn serves: of the client and the scheme it believes trusted proxies, and nobody else."""
    from studio.server import config

    return config(web, log_config=None, proxy_headers=bool(settings.proxies), forwarded_allow_ips=list(settings.proxies))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
