"""Pictures as files with their recipe inside, and live frames without."""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from PIL import ExifTags, Image, PngImagePlugin

from studio.errors import Fault
from studio.png import SIGNATURE
from studio.recipe import Recipe
from studio.recipe_text import MAX_JSON, to_json

KEY = "latent-atelier"  # the iTXt keyword, and what an EXIF comment of ours begins with
MAX_FILE = 32 << 20  # bytes of a picture that is read for its recipe
HEADER = 33  # bytes of a PNG up to the end of its first chunk
FORMATS = ("png", "jpeg", "webp")
Format = Literal["png", "jpeg", "webp"]
Rendering = Literal["smooth", "crisp"]

_ASCII = b"ASCII\0\0\0"  # EXIF 2.32, table 9: the character code that a UserComment begins with


@dataclass(frozen=True, eq=False)
class Picture:
    """A drawn picture: pixels uint8 (h, w, 3) and its recipe, weights and made filled in unless it is a moving frame."""

    pixels: np.ndarray
    recipe: Recipe

    def __post_init__(self) -> None:
        if self.pixels.dtype != np.uint8 or self.pixels.ndim != 3 or self.pixels.shape[2] != 3:
            raise ValueError(f"A picture is uint8 (h, w, 3), not {self.pixels.dtype} {self.pixels.shape}.")


def enlarge(pixels: np.ndarray, factor: int, rendering: Rendering) -> np.ndarray:
    """(h, w, 3) -> (factor * h, factor * w, 3): crisp repeats pixels, smooth is Lanczos."""
    if factor == 1:
        return pixels
    if rendering == "crisp":
        return pixels.repeat(factor, axis=0).repeat(factor, axis=1)
    height, width, _ = pixels.shape
    return np.asarray(Image.fromarray(pixels).resize((width * factor, height * factor), Image.Resampling.LANCZOS))


def encode(picture: Picture, format: Format) -> bytes:
    """The picture as a file; Fault for a format that is not written."""
    if format == "png":
        return to_png(picture)
    if format == "jpeg":
        return to_jpeg(picture)
    if format == "webp":
        return to_webp(picture)
    raise Fault("fault.picture_format", known=", ".join(get_args(Format)), value=str(format)[:40])


def to_png(picture: Picture) -> bytes:
    """Lossless; the recipe stands in iTXt and, for a later save as JPEG or WebP, in EXIF. A pure function of the picture."""
    info = PngImagePlugin.PngInfo()
    for key, said in texts(picture.recipe).items():
        info.add_itxt(key, said)
    return _save(picture.pixels, "PNG", pnginfo=info, exif=_exif(picture.recipe), compress_level=6)


def texts(recipe: Recipe) -> dict[str, str]:
    """What a PNG says of itself: its recipe, and the rest for those who know nothing of recipes."""
    return {KEY: to_json(recipe), "Software": "Latent Atelier", "Source": provenance(recipe)}


def provenance(recipe: Recipe) -> str:
    """Which networks had a part in it."""
    said = [f"Drawn by a neural network: {recipe.generator}, weights {recipe.weights}"] if recipe.generator else []
    said += [f"Worked on by a neural network: {step.translator}, weights {step.weights}" for step in recipe.after]
    return "; ".join(said)


def file_name(recipe: Recipe, format: str) -> str:
    """What a visitor's file is called."""
    first = f"{recipe.generator}-{recipe.seed}" if recipe.generator else f"picture-{recipe.source[:6]}"
    return "-".join([first, *(step.translator for step in recipe.after)]) + f".{format}"


def to_jpeg(picture: Picture, quality: int = 92) -> bytes:
    """Full colour resolution; the recipe stands in EXIF, and in the comment that Pillow keeps even when nobody asks it to."""
    comment = _comment(picture.recipe)
    return _save(picture.pixels, "JPEG", quality=quality, subsampling="4:4:4", exif=_exif(picture.recipe), comment=comment)


def to_webp(picture: Picture, quality: int = 92) -> bytes:
    """The recipe stands in EXIF."""
    return _save(picture.pixels, "WEBP", quality=quality, method=4, exif=_exif(picture.recipe))


def frame_jpeg(pixels: np.ndarray) -> bytes:
    """A moving frame, (h, w, 3) uint8: quick, without a recipe."""
    return _save(pixels, "JPEG", quality=85, subsampling="4:4:4")


def frame_rgba(pixels: np.ndarray) -> bytes:
    """A moving frame, (h, w, 3) uint8, for a page on this very machine: as a canvas takes it, nothing to encode or decode."""
    rgba = np.full((*pixels.shape[:2], 4), 255, np.uint8)
    rgba[..., :3] = pixels
    return rgba.tobytes()


def read_recipe(data: bytes) -> str | None:
    """The recipe's JSON in a PNG, JPEG or WebP, None where there is none; no pixel is decoded.

    Fault for other files, for damaged ones, and for text that is or unpacks to more than a recipe can be.
    """
    if len(data) > MAX_FILE:
        raise Fault("fault.too_large", size=len(data), most=MAX_FILE, status=413)
    try:
        text = _text_in(data)
    except Image.UnidentifiedImageError as error:
        raise Fault("fault.not_picture", status=415) from error
    except Exception as error:  # Pillow's readers raise whatever the damage leads to
        raise Fault("fault.picture_damaged") from error
    if text is not None and len(text) > MAX_JSON:
        raise Fault("fault.too_large", size=len(text), most=MAX_JSON, status=413)
    return text


def png_size(data: bytes) -> tuple[int, int]:
    """Width and height of a PNG of any size, from its first HEADER bytes; Fault for anything else."""
    head = data[:HEADER]
    if len(head) < HEADER or head[:8] != SIGNATURE or head[12:16] != b"IHDR":
        raise Fault("fault.not_picture", status=415)
    width, height = struct.unpack(">II", head[16:24])
    return width, height


def _text_in(data: bytes) -> str | None:
    with Image.open(io.BytesIO(data), formats=tuple(name.upper() for name in FORMATS)) as image:
        if isinstance(text := image.info.get(KEY), str):
            return str(text)
        comments = [image.info.get("comment")]
        if exif := image.info.get("exif"):  # not image.getexif(), which decodes a PNG's pixels to look behind them
            tags = Image.Exif()
            tags.load(exif)
            comments.insert(0, tags.get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.UserComment))
    for comment in comments:
        if isinstance(comment, bytes) and (ours := comment.removeprefix(_ASCII)).startswith(KEY.encode()):
            return ours.removeprefix(KEY.encode()).strip(b" \0").decode("ascii")
    return None


def _comment(recipe: Recipe) -> bytes:
    return f"{KEY} {to_json(recipe)}".encode("ascii")


def _exif(recipe: Recipe) -> Image.Exif:
    exif = Image.Exif()
    exif[ExifTags.Base.Software] = "Latent Atelier"
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.UserComment] = _ASCII + _comment(recipe)
    return exif


def _save(pixels: np.ndarray, format: str, **options: object) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, format, **options)
    return file.getvalue()
