"""Films as files: each format written frame by frame, with the film inside, so that the file opens as a timeline again."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from fractions import Fraction
from itertools import chain, repeat
from pathlib import Path
from typing import Any, Literal, cast, get_args

import av
import numpy as np
from av.audio.stream import AudioStream
from av.packet import Packet
from av.video.stream import VideoStream
from PIL import Image

from studio.errors import Fault
from studio.film import MAX_FILM, Film, film_from_json, film_to_json
from studio.frames import Picture, to_png
from studio.sounds import MAX_SOUND, inside, kind_of, samples

FilmFormat = Literal["mp4", "webm", "webp", "gif", "png"]
FORMATS: tuple[FilmFormat, ...] = get_args(FilmFormat)
MEDIA: Mapping[FilmFormat, str] = {
    "mp4": "video/mp4",
    "webm": "video/webm",
    "webp": "image/webp",
    "gif": "image/gif",
    "png": "application/zip",
}
ENDINGS: Mapping[FilmFormat, str] = {"mp4": "mp4", "webm": "webm", "webp": "webp", "gif": "gif", "png": "zip"}
MOST_HELD = 400_000_000  # pixels of an animated picture, which is held whole
MAX_FILM_FILE = 1 << 30  # bytes
INSIDE, SOUND = "film.json", "sound"
SOUND_RATE, SOUND_BITS = 48_000, 192_000  # samples and bits a second
FADE = 480  # samples

Pictures = Iterator[Picture]
Writer = Callable[[Path, Film, Pictures, bytes], None]


def write_film(path: Path, film: Film, format: FilmFormat, pictures: Pictures, sound: bytes = b"") -> None:
    """Write the frames as they come; each is as large as the first. Fault where a format can't hold so many.

    sound: the file of the film's music, heard in MP4 and WebM, beside the PNGs as it came, and left out of the rest.
    """
    if format not in FORMATS:
        raise Fault("fault.picture_format", known=", ".join(FORMATS), value=str(format)[:40])
    WRITERS[format](path, film, pictures, sound)


def _video(container: str, codec: str, options: Mapping[str, str], sound_codec: str) -> Writer:
    def write(path: Path, film: Film, pictures: Pictures, sound: bytes) -> None:
        flags = {"movflags": "+faststart"} if container == "mp4" else {}
        with av.open(str(path), "w", format=container, options=flags) as out:
            out.metadata["title"] = "Latent Atelier"
            out.metadata["comment"] = film_to_json(film)
            stream = cast(VideoStream, out.add_stream(codec, rate=Fraction(film.rate), options=dict(options)))
            stream.pix_fmt = "yuv420p"
            context = stream.codec_context
            context.color_primaries = context.color_trc = context.colorspace = 1  # BT.709, and said so
            context.color_range = 1
            heard: Iterator[tuple[float, list[Packet]]] = iter(())
            if sound and film.music:
                track = out.add_stream(sound_codec, rate=SOUND_RATE, layout="stereo", bit_rate=SOUND_BITS)
                heard = _sounding(cast(AudioStream, track), film, sound)
            for number, picture in enumerate(pictures):
                if not number:
                    stream.height, stream.width = picture.pixels.shape[:2]
                frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture.pixels), format="rgb24")
                out.mux(stream.encode(frame.reformat(format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG")))
                for seconds, packets in heard:  # as much of it as of the pictures, so that a player finds both together
                    out.mux(packets)
                    if seconds > (number + 1) / film.rate:
                        break
            out.mux(stream.encode())
            for _, packets in heard:
                out.mux(packets)

    return write


def _sounding(stream: AudioStream, film: Film, sound: bytes) -> Iterator[tuple[float, list[Packet]]]:
    """A film's music encoded: packets, and up to which second it is then."""
    place = 0
    for piece in soundtrack(film, sound):
        frame = av.AudioFrame.from_ndarray(piece, format="fltp", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = SOUND_RATE, place, Fraction(1, SOUND_RATE)
        place += piece.shape[1]
        yield place / SOUND_RATE, stream.encode(frame)
    yield place / SOUND_RATE, stream.encode(None)


def soundtrack(film: Film, sound: bytes) -> Iterator[np.ndarray]:
    """Exactly as much sound as the film has frames, float32 (2, n), SOUND_RATE a second: silence where the music has ended.

    What is cut out of a piece begins and ends softly.
    """
    assert film.music
    skip, total = round(film.music.start * SOUND_RATE), round(film.frames / film.rate * SOUND_RATE)
    place = 0
    for piece in chain(samples(sound, SOUND_RATE, "stereo"), repeat(np.zeros((2, 1024), np.float32))):
        piece, skip = piece[:, skip:], max(skip - piece.shape[1], 0)
        piece = piece[:, : total - place]
        if piece.shape[1]:
            now = np.arange(place, place + piece.shape[1])
            rising = (now + 1) / FADE if film.music.start else 1
            yield (piece * np.clip(np.minimum(rising, (total - now) / FADE), 0, 1)).astype(np.float32)
        if (place := place + piece.shape[1]) == total:
            return


def _animated(format: str) -> Writer:
    def write(path: Path, film: Film, pictures: Pictures, _: bytes) -> None:
        first = next(pictures)
        height, width = first.pixels.shape[:2]
        if height * width * film.frames > MOST_HELD:
            raise Fault("fault.film_held", most=MOST_HELD // (height * width))
        rest = [_small(picture.pixels, format) for picture in pictures]
        told = film_to_json(film).encode()
        common: dict[str, Any] = {"save_all": True, "append_images": rest, "duration": round(1000 / film.rate), "loop": 0}
        if format == "WEBP":
            _small(first.pixels, format).save(path, format, quality=85, method=2, xmp=told, **common)
        else:
            _small(first.pixels, format).save(path, format, comment=told, optimize=False, **common)

    return write


def _small(pixels: np.ndarray, format: str) -> Image.Image:
    picture = Image.fromarray(pixels)
    return picture.quantize(256, dither=Image.Dither.FLOYDSTEINBERG) if format == "GIF" else picture


def _frames(path: Path, film: Film, pictures: Pictures, sound: bytes) -> None:
    """A ZIP of numbered PNGs, each with its own recipe, the film, and the file of its music."""
    digits = len(str(film.frames - 1))
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(_entry(INSIDE), film_to_json(film))
        if sound:
            archive.writestr(_entry(f"{SOUND}.{kind_of(sound).ending}"), sound)
        for number, picture in enumerate(pictures):
            archive.writestr(_entry(f"{number:0{digits}}.png"), to_png(picture))


def _entry(name: str) -> zipfile.ZipInfo:
    """Without the time of day, so that the same film is the same file."""
    entry = zipfile.ZipInfo(name)
    entry.external_attr = 0o644 << 16
    return entry


WRITERS: Mapping[FilmFormat, Writer] = {
    "mp4": _video("mp4", "libx264", {"crf": "16", "preset": "medium"}, "aac"),
    "webm": _video("webm", "libvpx-vp9", {"crf": "24", "b": "0", "row-mt": "1", "cpu-used": "4"}, "libopus"),
    "webp": _animated("WEBP"),
    "gif": _animated("GIF"),
    "png": _frames,
}


def read_film(data: bytes) -> Film:
    """The film inside a file of ours, or in its JSON; Fault where there is none. No picture of it is decoded."""
    try:
        text = _inside(data)
    except (OSError, ValueError, KeyError, SyntaxError, EOFError, zipfile.BadZipFile, NotImplementedError) as error:
        raise Fault("fault.no_film", status=422) from error
    if not text:
        raise Fault("fault.no_film", status=422)
    return film_from_json(text)


def read_sound(data: bytes) -> tuple[bytes, bool]:
    """The sound inside a file of ours, and whether it is the music as it came rather than what the film has of it; none: b""."""
    if data[:4] == b"PK\x03\x04":
        with suppress(KeyError, ValueError, OSError, zipfile.BadZipFile, NotImplementedError), zipfile.ZipFile(io.BytesIO(data)) as archive:
            name = next((name for name in archive.namelist() if name.startswith(f"{SOUND}.")), INSIDE)
            with archive.open(name) as file:
                return (file.read(MAX_SOUND + 1), True) if name != INSIDE else (b"", True)
        return b"", True
    return inside(data) or b"", False


def _inside(data: bytes) -> str | bytes:
    start = data[:16]
    if data.lstrip()[:1] == b"{":
        return data
    if start[4:8] == b"ftyp" or start[:4] == b"\x1a\x45\xdf\xa3":
        with av.open(io.BytesIO(data), format="mp4" if start[4:8] == b"ftyp" else "webm") as container:
            return {key.lower(): value for key, value in container.metadata.items()}.get("comment", "")
    if start[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(data)) as archive, archive.open(INSIDE) as file:
            return file.read(MAX_FILM + 1)
    with Image.open(io.BytesIO(data), formats=("WEBP", "GIF")) as picture:
        return picture.info.get("xmp") or picture.info.get("comment") or ""
