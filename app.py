"""Latent Atelier: `python app.py` serves the studio, `python app.py --help` lists its flags."""

from __future__ import annotations

import errno
import os
import socket
import sys
from contextlib import suppress

from studio.errors import Fault
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


def claim(host: str, port: int) -> socket.socket:
    """Take the port before anything slow, so that a busy one is said at once; Fault names the remedy."""
    door = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.bind((host, port))
    except OSError as error:
        door.close()
        if error.errno == errno.EADDRINUSE:
            raise Fault("fault.port_used", host=host, port=port, other=port + 1) from error
        raise Fault("fault.port_refused", host=host, port=port, reason=error.strerror or str(error)) from error
    return door


def serve(settings: Settings, door: socket.socket) -> None:
    # Imported this late because it reads gigabytes of libraries: what is wrong with a flag or the port is said before.
    import uvicorn

    from studio.engine import Engine
    from studio.gallery import Gallery
    from studio.ui.page import build, mount
    from studio.web import create_web

    gallery = Gallery(settings.folder, quota=settings.quota)
    with Engine(settings.checkpoints, folder=settings.folder, device=settings.device, needed=gallery.ingredients) as engine:
        web = mount(create_web(engine, gallery, settings), build(engine, gallery, settings), settings)
        door.listen()
        print(f"Latent Atelier is at http://{settings.host}:{settings.port}", flush=True)
        config = uvicorn.Config(web, log_level="warning", ws_per_message_deflate=False, timeout_graceful_shutdown=2)
        uvicorn.Server(config).run(sockets=[door])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
