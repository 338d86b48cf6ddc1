"""Any picture file as RGB: what orientation, profile, transparency or depth it has is settled here, once."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageCms, ImageOps

SUFFIXES = frozenset({".jpg", ".jpeg", ".jfif", ".png", ".webp", ".gif", ".tif", ".tiff", ".bmp", ".avif"})
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "AVIF")  # none that starts another program, as EPS does
MOST_PIXELS = 100_000_000


class UnreadablePicture(Exception):
    """A file that cannot be used; the message says why in a few words."""


def picture_files(folder: Path) -> Iterator[Path]:
    """Files whose names end as pictures do, hidden ones left out (other systems leave such behind)."""
    for path in folder.rglob("*"):
        if path.suffix.lower() in SUFFIXES and path.is_file() and not any(p.startswith(".") for p in path.relative_to(folder).parts):
            yield path


def read(path: Path) -> Image.Image:
    """The first frame of a picture file: RGB, 8 bits, sRGB, upright, on white where it is transparent.

    Raises UnreadablePicture where it is broken, of another format, or of more than 100 megapixels, which is known before
    anything is decoded.
    """
    Image.init()  # or the rarer formats would not be known by name
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's own limits and its notes on odd metadata: a stricter limit follows
            with Image.open(path, formats=FORMATS) as opened:
                if (pixels := opened.width * opened.height) > MOST_PIXELS:
                    raise UnreadablePicture(f"{pixels / 1e6:.0f} megapixels, more than {MOST_PIXELS // 1_000_000}")
                return as_rgb(opened)
    except UnreadablePicture:
        raise
    except Exception as fault:  # broken files raise almost anything: OSError, SyntaxError, struct.error, EOFError
        raise UnreadablePicture(_reason(path, fault)) from fault


def _reason(path: Path, fault: Exception) -> str:
    if isinstance(fault, Image.UnidentifiedImageError):
        return "no picture" if path.stat().st_size else "an empty file"
    if isinstance(fault, Image.DecompressionBombError):
        return f"more than {MOST_PIXELS // 1_000_000} megapixels"
    return " ".join(str(fault).split()) or type(fault).__name__


@dataclass(frozen=True, eq=False)
class Upright:
    """A picture as its author meant it to be seen, in 8 bits."""

    colours: Image.Image  # L, RGB or CMYK, in its own profile
    alpha: Image.Image | None  # L
    profile: bytes | None


def as_rgb(picture: Image.Image) -> Image.Image:
    """An opened picture of any mode as an RGB one of its own pixels; raises what Pillow raises where its data is broken."""
    found = upright(picture)
    colours = in_srgb(found.colours, found.profile)
    if found.alpha is None:
        return colours
    return Image.composite(colours, Image.new("RGB", colours.size, "white"), found.alpha)


def upright(picture: Image.Image) -> Upright:
    """An opened picture of any mode, turned as its camera says; raises what Pillow raises where its data is broken."""
    picture.load()
    profile = picture.info.get("icc_profile")
    picture, alpha = _in_eight_bits(ImageOps.exif_transpose(picture)), None
    if picture.has_transparency_data:
        alpha = picture.convert("RGBA").getchannel("A")
        picture = picture.convert("L" if picture.mode in ("L", "LA", "La") else "RGB")
    if picture.mode == "1":
        picture = picture.convert("L")
    elif picture.mode not in ("L", "RGB", "CMYK"):
        picture = picture.convert("RGB")
    return Upright(picture, alpha, profile)


def _in_eight_bits(picture: Image.Image) -> Image.Image:
    if picture.mode == "F":
        raise UnreadablePicture("pixels are fractions of no known range")
    if not picture.mode.startswith("I"):
        return picture
    # 16 bits of grey, kept by some readers in 32. Through "I", since tables of "I;16" differ between byte orders.
    return picture.convert("I").point(lambda level: level * (1 / 257) + 0.5).convert("L")


def in_srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
    """Colours of a profile as RGB ones of sRGB; without a profile, or with a broken one, as they stand."""
    if profile:
        try:
            found = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            turned = ImageCms.profileToProfile(picture, found, ImageCms.createProfile("sRGB"), outputMode="RGB")
        except (ImageCms.PyCMSError, OSError):
            turned = None  # a broken profile, or one of another colour space: the colours stand as they are
        if turned is not None:
            return turned
    return picture.convert("RGB")
