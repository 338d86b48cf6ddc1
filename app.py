"""Latent Atelier: `python app.py` serves the studio, `python app.py --help` lists its flags."""

from __future__ import annotations

import os
import socket
import sys
from contextlib import suppress

from studio.errors import Fault
from studio.port import claim
from studio.settings import Settings, from_args


def main(argv: list[str]) -> int:
    """Serve until stopped; returns the exit status."""
    settings = from_args(argv, os.environ)
    try:
        with suppress(KeyboardInterrupt), claim(settings.host, settings.port) as door:
            serve(settings, door)
    except (Fault, ValueError) as fault:
        print(fault, file=sys.stderr)
        return 1
    return 0


def serve(settings: Settings, door: socket.socket) -> None:
    # Imported late, for it reads gigabytes of libraries: what is wrong with a flag or the port is said before.
    import uvicorn

    from studio.engine import Engine
    from studio.gallery import Gallery
    from studio.logs import set_up
    from studio.ui.page import build, mount
    from studio.web import create_web

    set_up(settings.log)
    gallery = Gallery(settings.folder, quota=settings.quota)
    with Engine(settings.checkpoints, folder=settings.folder, device=settings.device, needed=gallery.ingredients) as engine:
        web = mount(create_web(engine, gallery, settings), build(engine, gallery, settings), settings)
        door.listen()
        print(f"Latent Atelier is at http://{settings.host}:{settings.port}", flush=True)
        config = uvicorn.Config(web, log_config=None, ws_per_message_deflate=False, timeout_graceful_shutdown=2)
        uvicorn.Server(config).run(sockets=[door])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
