"""The port that a studio is heard on."""

from __future__ import annotations

import errno
import socket

from studio.errors import Fault


def claim(host: str, port: int) -> socket.socket:
    """Take the port before anything slow, so that a busy one is said at once; Fault names the remedy."""
    door = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.bind((host, port))
    except OSError as error:
        door.close()
        if error.errno == errno.EADDRINUSE:
            raise Fault("fault.port_used", host=host, port=port, other=port % 65535 + 1) from error
        raise Fault("fault.port_refused", host=host, port=port, reason=error.strerror or str(error)) from error
    return door
