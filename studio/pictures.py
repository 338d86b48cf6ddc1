"""The one door for pictures from outside: whatever file comes, either pixels with all that must be kept of it, or a clear fault."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageCms

from models.training.datasets.reading import FORMATS, MOST_PIXELS, in_srgb, upright
from studio.errors import Fault
from studio.frames import FORMATS as CARRIERS, Format, read_recipe
from studio.png import PngStream
from studio.recipe_text import Note

MAX_UPLOAD = 100 << 20  # bytes
PREVIEW = 2048  # pixels of the longer side of what stands for a large picture
LOSSY: Mapping[str, Any] = {"quality": 92}
OPTIONS: Mapping[Format, Mapping[str, Any]] = {"png": {}, "jpeg": {**LOSSY, "subsampling": "4:4:4"}, "webp": {**LOSSY, "method": 4}}
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


@dataclass(frozen=True, eq=False)
class Upload:
    """A picture from outside, upright, 8 bits. Of its metadata only profile and recipe are kept: the rest is the visitor's own."""

    pixels: np.ndarray  # (h, w, 3) uint8, sRGB
    alpha: np.ndarray | None = None  # (h, w) uint8
    grey: bool = False  # it goes out as it came in
    profile: bytes | None = None  # of RGB colours, which it goes out in; None = sRGB
    recipe: str | None = None  # JSON
    notes: tuple[Note, ...] = ()

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.pixels.shape[1], self.pixels.shape[0]


def open_upload(data: bytes, *, most: int = MOST_PIXELS) -> Upload:
    """The picture in a file's bytes; its size is known, and refused above `most` pixels, before any is decoded.

    Fault for what is empty, too large, no picture of a known kind, or damaged.
    """
    if not data:
        raise Fault("fault.picture_empty")
    if len(data) > MAX_UPLOAD:
        raise Fault("fault.too_large", size=len(data), most=MAX_UPLOAD, status=413)
    Image.init()  # or the rarer formats would not be known by name
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's own limits and its notes on odd metadata: a stricter limit follows
            with Image.open(io.BytesIO(data), formats=FORMATS) as opened:
                if (pixels := opened.width * opened.height) > most:
                    raise Fault("fault.picture_pixels", pixels=round(pixels / 1e6), most=most // 1_000_000, status=413)
                return _read(opened, data)
    except Fault:
        raise
    except Image.UnidentifiedImageError as error:
        raise Fault("fault.not_upload", known=", ".join(FORMATS), status=415) from error
    except Image.DecompressionBombError as error:
        raise Fault("fault.picture_pixels", pixels="?", most=most // 1_000_000, status=413) from error
    except MemoryError:
        raise
    except Exception as error:  # broken files raise almost anything: OSError, SyntaxError, struct.error, EOFError
        raise Fault("fault.picture_damaged") from error


def _read(opened: Image.Image, data: bytes) -> Upload:
    frames, kind = getattr(opened, "n_frames", 1), opened.format
    found = upright(opened)
    moves = frames > 1 and kind != "MPO"  # a JPEG from a telephone, behind which lies its depth or its brighter half
    notes = (Note("note.first_frame", {"count": frames}),) if moves else ()
    return Upload(
        pixels=np.asarray(in_srgb(found.colours, found.profile)),
        alpha=None if found.alpha is None else np.asarray(found.alpha),
        grey=found.colours.mode == "L",
        profile=found.profile if found.colours.mode == "RGB" and _opens(found.profile) else None,
        recipe=_recipe(data) if kind == "MPO" or kind and kind.lower() in CARRIERS else None,
        notes=notes,
    )


def _recipe(data: bytes) -> str | None:
    try:
        return read_recipe(data)
    except Fault:  # a picture is welcome without its recipe
        return None


def _opens(profile: bytes | None) -> bool:
    if not profile:
        return False
    try:
        core: Any = ImageCms.ImageCmsProfile(io.BytesIO(profile)).profile
    except (ImageCms.PyCMSError, OSError):
        return False
    return core.xcolor_space.strip() == "RGB"


def on_white(upload: Upload) -> Upload:
    """The picture as it is seen on paper, without its alpha."""
    if upload.alpha is None:
        return upload
    colours = Image.fromarray(upload.pixels)
    seen = Image.composite(colours, Image.new("RGB", colours.size, "white"), Image.fromarray(upload.alpha))
    return replace(upload, pixels=np.asarray(seen), alpha=None)


def reduced(upload: Upload, side: int) -> Upload:
    """The picture with at most so many pixels on the longer side."""
    width, height = upload.size
    if (longest := max(width, height)) <= side:
        return upload
    size = max(round(width * side / longest), 1), max(round(height * side / longest), 1)
    alpha = None if upload.alpha is None else resized(upload.alpha, *size)
    return replace(upload, pixels=resized(upload.pixels, *size), alpha=alpha)


def resized(pixels: np.ndarray, width: int, height: int) -> np.ndarray:
    """(h, w, 3) or (h, w) uint8 in another size."""
    if pixels.shape[:2] == (height, width):
        return pixels
    return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.LANCZOS, reducing_gap=2.0))


def square(pixels: np.ndarray, side: int) -> np.ndarray:
    """The middle square of (h, w, 3) or (h, w) uint8, at a side."""
    height, width = pixels.shape[:2]
    least = min(height, width)
    top, left = (height - least) // 2, (width - least) // 2
    return resized(pixels[top : top + least, left : left + least], side, side)


def to_file(upload: Upload, pixels: np.ndarray, format: Format = "png") -> bytes:
    """What was made of an upload, (h, w, 3) uint8 sRGB of any size, as a file in the upload's own colours, with its alpha and profile.

    Alpha is enlarged with the picture; JPEG has none, so there the picture stands on white.
    """
    picture = Image.fromarray(pixels)
    if upload.profile:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(upload.profile))
        picture = ImageCms.profileToProfile(picture, SRGB, profile, outputMode="RGB") or picture
    elif upload.grey:
        picture = picture.convert("L")
    if upload.alpha is not None:
        alpha = Image.fromarray(upload.alpha).resize(picture.size, Image.Resampling.BICUBIC)
        if format == "jpeg":
            picture = Image.composite(picture, Image.new(picture.mode, picture.size, "white"), alpha)
        else:
            picture.putalpha(alpha)
    file = io.BytesIO()
    picture.save(file, format.upper(), icc_profile=upload.profile, **OPTIONS[format])
    return file.getvalue()


def stream(path: Path, upload: Upload, size: tuple[int, int], strips: Iterable[np.ndarray], text: Mapping[str, str]) -> None:
    """What was made of an upload, strips (rows, w, 3) uint8 sRGB from top to bottom, as a PNG in the upload's own colours, with its alpha.

    text: what stands in the file besides, by keyword. Nothing larger than a strip is held. Beside it comes a small WebP to
    look at. Raises OSError as the disk does; what is written until then is no PNG.
    """
    width, height = size
    channels = (1 if upload.grey and not upload.profile else 3) + (upload.alpha is not None)
    alpha = None if upload.alpha is None else Image.fromarray(upload.alpha)
    profile = ImageCms.ImageCmsProfile(io.BytesIO(upload.profile)) if upload.profile else None
    top, small = 0, Small(width, height)
    with path.open("wb") as file, PngStream(file, width, height, channels, text, upload.profile) as png:
        for strip in strips:
            picture = Image.fromarray(strip)
            if profile:
                picture = ImageCms.profileToProfile(picture, SRGB, profile, outputMode="RGB") or picture
            elif upload.grey:
                picture = picture.convert("L")
            if alpha:  # Pillow looks beyond the box as far as its kernel reaches, so strips join without a seam
                box = (0, top * alpha.height / height, alpha.width, (top + len(strip)) * alpha.height / height)
                picture.putalpha(alpha.resize(picture.size, Image.Resampling.BICUBIC, box=box))
            png.add(np.asarray(picture).reshape(len(strip), width, channels))
            small.add(strip)
            top += len(strip)
    small.picture().save(path.with_suffix(".webp"), quality=88, method=4)


def drop(path: Path) -> None:
    """Take away what `stream` wrote."""
    for one in (path, path.with_suffix(".webp")):
        one.unlink(missing_ok=True)


class Small:
    """A picture that comes in strips, made smaller as it comes: squares of pixels become their mean."""

    def __init__(self, width: int, height: int) -> None:
        self._times = max(-(-max(width, height) // PREVIEW), 1)
        self._left: np.ndarray = np.empty((0, width, 3), np.uint8)
        self._rows: list[np.ndarray] = []

    def add(self, strip: np.ndarray) -> None:
        strip = np.concatenate([self._left, strip])
        whole = len(strip) // self._times * self._times
        self._left = strip[whole:]
        if whole:
            self._rows.append(np.asarray(Image.fromarray(strip[:whole]).reduce(self._times)))

    def picture(self) -> Image.Image:
        rest = [np.asarray(Image.fromarray(self._left).reduce(self._times))] if len(self._left) else []
        return Image.fromarray(np.concatenate([*self._rows, *rest]))
