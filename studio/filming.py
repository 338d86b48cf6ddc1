"""Films as files: each format written frame by frame, with the film inside, so that the file opens as a timeline again."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal, cast, get_args

import av
import numpy as np
from av.video.stream import VideoStream
from PIL import Image

from studio.errors import Fault
from studio.film import MAX_FILM, Film, film_from_json, film_to_json
from studio.frames import Picture, to_png

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
INSIDE = "film.json"

Pictures = Iterator[Picture]
Writer = Callable[[Path, Film, Pictures], None]


def write_film(path: Path, film: Film, format: FilmFormat, pictures: Pictures) -> None:
    """Write the frames as they come; each is as large as the first. Fault where a format can't hold so many."""
    if format not in FORMATS:
        raise Fault("fault.picture_format", known=", ".join(FORMATS), value=str(format)[:40])
    WRITERS[format](path, film, pictures)


def _video(codec: str, container: str, options: Mapping[str, str]) -> Writer:
    def write(path: Path, film: Film, pictures: Pictures) -> None:
        flags = {"movflags": "+faststart"} if container == "mp4" else {}
        with av.open(str(path), "w", format=container, options=flags) as out:
            out.metadata["title"] = "Latent Atelier"
            out.metadata["comment"] = film_to_json(film)
            stream: VideoStream | None = None
            for picture in pictures:
                if stream is None:
                    stream = cast(VideoStream, out.add_stream(codec, rate=Fraction(film.rate), options=dict(options)))
                    stream.height, stream.width = picture.pixels.shape[:2]
                    stream.pix_fmt = "yuv420p"
                    context = stream.codec_context
                    context.color_primaries = context.color_trc = context.colorspace = 1  # BT.709, and said so
                    context.color_range = 1
                frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture.pixels), format="rgb24")
                for packet in stream.encode(frame.reformat(format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG")):
                    out.mux(packet)
            assert stream is not None
            for packet in stream.encode():
                out.mux(packet)

    return write


def _animated(format: str) -> Writer:
    def write(path: Path, film: Film, pictures: Pictures) -> None:
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


def _frames(path: Path, film: Film, pictures: Pictures) -> None:
    """A ZIP of numbered PNGs, each with its own recipe, and the film."""
    digits = len(str(film.frames - 1))
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(_entry(INSIDE), film_to_json(film))
        for number, picture in enumerate(pictures):
            archive.writestr(_entry(f"{number:0{digits}}.png"), to_png(picture))


def _entry(name: str) -> zipfile.ZipInfo:
    """Without the time of day, so that the same film is the same file."""
    entry = zipfile.ZipInfo(name)
    entry.external_attr = 0o644 << 16
    return entry


WRITERS: Mapping[FilmFormat, Writer] = {
    "mp4": _video("libx264", "mp4", {"crf": "16", "preset": "medium"}),
    "webm": _video("libvpx-vp9", "webm", {"crf": "24", "b": "0", "row-mt": "1", "cpu-used": "4"}),
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
