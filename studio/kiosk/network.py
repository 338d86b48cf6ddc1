"""Where a visitor's phone finds this machine: the address of a network interface, asked of the kernel, so that no packet leaves."""

from __future__ import annotations

import ipaddress
import socket
import struct
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

SIOCGIFFLAGS, SIOCGIFADDR = 0x8913, 0x8915  # Linux' netdevice(7)
UP_AND_RUNNING = 0x1 | 0x40
EVERYWHERE = ("0.0.0.0", "::")


def reachable_at(host: str) -> str | None:
    """The IPv4 address by which the local network reaches what listens on `host`; None where nothing does."""
    if host not in EVERYWHERE:
        return host if _is_of_a_network(host) else None
    return next((address for address in _addresses() if _is_of_a_network(address)), None)


def _is_of_a_network(address: str) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return parsed.version == 4 and not (parsed.is_loopback or parsed.is_link_local or parsed.is_unspecified or parsed.is_multicast)


def _addresses() -> Iterator[str]:
    """Of all interfaces that are up, those of real cards before those of containers and tunnels."""
    try:
        from fcntl import ioctl
    except ImportError:  # not a Unix
        with suppress(OSError):
            yield from socket.gethostbyname_ex(socket.gethostname())[2]
        return
    names = [name for _, name in socket.if_nameindex()]
    names.sort(key=lambda name: not Path("/sys/class/net", name, "device").exists())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        for name in names:
            request = struct.pack("256s", name.encode()[:15])
            with suppress(OSError):  # it has no IPv4 address, or the system is another Unix
                (flags,) = struct.unpack_from("H", ioctl(probe, SIOCGIFFLAGS, request), 16)
                if flags & UP_AND_RUNNING == UP_AND_RUNNING:
                    yield socket.inet_ntoa(ioctl(probe, SIOCGIFADDR, request)[20:24])
