"""Packets of Open Sound Control 1.0 (opensoundcontrol.stanford.edu/spec-1_0.html), read with suspicion.

python-osc reads numbers and text. Bundles are taken apart here, because its own reading of them has no bound and follows a size below
zero backwards for ever; and no address is ever read as a pattern.
"""

from __future__ import annotations

import math
import re

from pythonosc.osc_message import OscMessage, ParseError as MessageError
from pythonosc.osc_message_builder import OscMessageBuilder
from pythonosc.parsing.osc_types import ParseError, get_string

Message = tuple[str, tuple[float, ...]]

LARGEST = 8192  # bytes of a packet
DEEPEST = 4  # bundles within one another
MOST_MESSAGES = 64  # of a packet
LONGEST = 64  # characters of an address
BOUND = 1e10  # of a number
BUNDLE = b"#bundle\0"
HEAD = len(BUNDLE) + 8  # bytes, with the moment that it is meant for
SIZES = {"i": 4, "f": 4, "h": 8, "d": 8, "T": 0, "F": 0}  # bytes of each kind of number that is read
ADDRESS = re.compile(r"(/[A-Za-z0-9_.-]+)+")
KINDS = re.compile(rf",[{''.join(SIZES)}]{{0,4}}")


class Malformed(Exception):
    """A packet that is not read, the whole of it."""


def read_packet(packet: bytes) -> list[Message]:
    """Each message's address and its numbers, up to four, in their order; what a bundle is timed for is now. Malformed for anything else:
    other kinds of values, no numbers of this world, addresses with other signs than letters, digits, `_`, `.`, `-` and `/`."""
    if len(packet) > LARGEST:
        raise Malformed
    messages: list[Message] = []
    waiting = [(packet, 0)]
    while waiting:
        data, depth = waiting.pop()
        if data.startswith(BUNDLE):
            waiting += [(part, depth + 1) for part in reversed(_parts(data))]
        else:
            messages.append(_message(data))
        if depth > DEEPEST or len(messages) + len(waiting) > MOST_MESSAGES:
            raise Malformed
    return messages


def _parts(bundle: bytes) -> list[bytes]:
    if len(bundle) < HEAD:
        raise Malformed
    found: list[bytes] = []
    at = HEAD
    while at < len(bundle):
        size = int.from_bytes(bundle[at : at + 4], "big", signed=True)
        at += 4 + size
        if size < 4 or size % 4 or at > len(bundle):
            raise Malformed
        found.append(bundle[at - size : at])
    return found


def _message(data: bytes) -> Message:
    try:
        address, at = get_string(data, 0)
        kinds, at = get_string(data, at) if at < len(data) else (",", at)
        if not (len(address) <= LONGEST and ADDRESS.fullmatch(address) and KINDS.fullmatch(kinds)):
            raise Malformed
        if at + sum(SIZES[kind] for kind in kinds[1:]) != len(data):  # cut off, or with something behind it
            raise Malformed
        numbers = tuple(float(value) for value in OscMessage(data))
    except (ParseError, MessageError, UnicodeDecodeError) as error:
        raise Malformed from error
    if not all(math.isfinite(number) and abs(number) <= BOUND for number in numbers):
        raise Malformed
    return address, numbers


def write_packet(address: str, value: int | float) -> bytes:
    """A message with one number: whole ones as int32, beyond its range as int64, all others as float32."""
    builder = OscMessageBuilder(address)
    builder.add_arg(value)
    return builder.build().dgram
