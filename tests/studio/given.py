"""Pictures and sounds from outside as files: good ones, and the bricks of bad ones."""

from __future__ import annotations

import io
import struct
import wave
import zlib

import numpy as np
from PIL import Image, ImageCms


def noise(width: int = 64, height: int = 48, channels: int = 3, seed: int = 0) -> np.ndarray:
    """(h, w, channels) uint8 that no two parts of are alike."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, channels), np.uint8)


def photograph(width: int = 64, height: int = 48, seed: int = 0) -> bytes:
    """A PNG of that."""
    return written(Image.fromarray(noise(width, height, seed=seed)))


def written(picture: Image.Image, format: str = "PNG", **options: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, format, **options)  # pyright: ignore[reportArgumentType]
    return file.getvalue()


def chunk(kind: bytes, body: bytes) -> bytes:
    """A piece of a PNG."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_with(*chunks: bytes) -> bytes:
    """A PNG with the given chunks right behind its header."""
    plain = photograph()
    return plain[:33] + b"".join(chunks) + plain[33:]


def wide_profile() -> bytes:
    """A profile of RGB colours that is not sRGB: Lab is none, so one with other primaries is made by swapping two of sRGB's."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    tags = {bytes(profile[132 + 12 * i : 136 + 12 * i]): 136 + 12 * i for i in range(struct.unpack(">I", profile[128:132])[0])}
    red, blue = tags[b"rXYZ"], tags[b"bXYZ"]
    profile[red : red + 4], profile[blue : blue + 4] = profile[blue : blue + 4], profile[red : red + 4]
    return bytes(profile)


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes that claims to be enormous."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")


def click_track(moments: np.ndarray, seconds: float, rate: int = 44_100) -> bytes:
    """A WAV with a click at each moment, in seconds."""
    track = np.zeros(round(seconds * rate))
    t = np.arange(round(0.03 * rate)) / rate
    click = 0.8 * np.sin(2 * np.pi * 1200 * t) * np.exp(-150 * t)
    for place in np.round(moments * rate).astype(int):
        track[place : place + len(click)] += click[: len(track) - place]
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setparams((1, 2, rate, 0, "NONE", ""))
        out.writeframes((track * 32767).astype("<i2").tobytes())
    return file.getvalue()
