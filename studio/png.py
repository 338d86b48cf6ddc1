"""A PNG written strip by strip, for pictures too large to be held whole (W3C PNG, third edition)."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from typing import BinaryIO

import numpy as np

SIGNATURE = b"\x89PNG\r\n\x1a\n"
COLOUR = {1: 0, 2: 4, 3: 2, 4: 6}  # channels -> colour type: grey, grey and alpha, RGB, RGB and alpha
UP = 2  # the filter: each byte is told as the difference from the one above
LEVEL = 3  # of zlib: half the time of the usual 6, a tenth more bytes


class PngStream:
    """Rows in, file out; nothing but the last row is kept. Use as a context manager: what is not closed is no PNG."""

    def __init__(
        self,
        file: BinaryIO,
        width: int,
        height: int,
        channels: int = 3,
        text: Mapping[str, str] | None = None,
        profile: bytes | None = None,
    ) -> None:
        if channels not in COLOUR or not 0 < width < 2**31 or not 0 < height < 2**31:
            raise ValueError(f"A PNG has 1 to 4 channels and sides below 2^31, not {width} x {height} x {channels}.")
        self._file, self._shape, self._left = file, (width, channels), height
        self._above = np.zeros((1, width * channels), np.uint8)
        self._packer = zlib.compressobj(LEVEL)
        file.write(SIGNATURE)
        self._chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, COLOUR[channels], 0, 0, 0))
        if profile:
            self._chunk(b"iCCP", b"ICC profile\0\0" + zlib.compress(profile))
        for key, said in (text or {}).items():
            self._chunk(b"iTXt", key.encode("latin-1") + b"\0\0\0\0\0" + said.encode())

    def __enter__(self) -> PngStream:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self.close()

    def add(self, strip: np.ndarray) -> None:
        """The next rows, (rows, width, channels) uint8; ValueError where they do not fit."""
        rows = len(strip)
        if strip.dtype != np.uint8 or strip.shape[1:] != self._shape or rows > self._left:
            raise ValueError(f"The next strip is uint8, at most {self._left} rows of {self._shape}, not {strip.dtype} {strip.shape}.")
        flat = np.ascontiguousarray(strip).reshape(rows, -1)
        filtered = np.empty((rows, flat.shape[1] + 1), np.uint8)
        filtered[:, 0] = UP
        np.subtract(flat, np.concatenate([self._above, flat[:-1]]), out=filtered[:, 1:])
        self._above = flat[-1:].copy() if rows else self._above
        self._left -= rows
        if packed := self._packer.compress(filtered.tobytes()):
            self._chunk(b"IDAT", packed)

    def close(self) -> None:
        """The end of the file; ValueError where rows are missing."""
        if self._left:
            raise ValueError(f"{self._left} rows are missing.")
        self._chunk(b"IDAT", self._packer.flush())
        self._chunk(b"IEND", b"")

    def _chunk(self, kind: bytes, body: bytes) -> None:
        self._file.write(struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)))
