"""Every file that was ever called a picture, at every door that takes one: accepted or refused in words, and nothing worse."""

from __future__ import annotations

import base64
import io
import json
import struct
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
import httpx
import numpy as np
import pytest
from gradio import FileData
from PIL import Image

from studio.device import resident_mb
from studio.engine import Engine
from studio.errors import Fault
from studio.frames import Picture, to_png
from studio.live_page import MAX_PICTURE
from studio.recipe import VERSION, Recipe
from studio.recipe_text import MAX_JSON
from studio.settings import Settings
from studio.tray import HELD_PIXELS, SMALL
from studio.ui.api import DrawingEndpoints
from tests.studio.given import bomb, chunk, noise, photograph, png_with, written
from tests.studio.served import OpenPage, Served, open_page, served

Size = tuple[int, int]
Refused = tuple[int, str]
ROUNDS = 200
GROWN = 64  # MB that a process may grow in them

DAMAGED: Refused = (400, "fault.picture_damaged")
EMPTY: Refused = (400, "fault.picture_empty")
MANY_PIXELS: Refused = (413, "fault.picture_pixels")
NOT_UPLOAD: Refused = (415, "fault.not_upload")
NOT_PICTURE: Refused = (415, "fault.not_picture")
NO_RECIPE: Refused = (422, "fault.no_recipe")


@dataclass(frozen=True)
class Nasty:
    """A file and what becomes of it: brought in, a size or a fault; read for its recipe, a fault."""

    make: Callable[[], bytes]
    brought: Size | Refused
    read: Refused = NO_RECIPE
    note: str = ""  # that is made of it

    @property
    def refused(self) -> Refused | None:
        status, code = self.brought
        return (status, code) if isinstance(code, str) else None

    @property
    def size(self) -> Size:
        width, height = self.brought
        assert isinstance(height, int)
        return width, height


def picture(mode: str = "RGB") -> Image.Image:
    return Image.fromarray(noise()).convert(mode)


def jpeg(**options: Any) -> bytes:
    return written(picture(), "JPEG", **options)


def large_jpeg(width: int, height: int) -> bytes:
    """A small one whose header claims another size."""
    data = bytearray(jpeg())
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = struct.pack(">HH", height, width)
    return bytes(data)


def turned() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return jpeg(exif=exif)


def moving(format: str) -> bytes:
    return written(picture(), format, save_all=True, append_images=[Image.new("RGB", (64, 48), "red")])


def transparent_palette() -> bytes:
    palette = picture("P")
    return written(palette, transparency=palette.getpixel((0, 0)))


def empty_gif(*, screen: bool, frame: bool) -> bytes:
    data = bytearray(written(Image.new("P", (64, 48)), "GIF"))
    at = data.index(b",", 13) + 5
    if screen:
        data[6:10] = bytes(4)
    if frame:
        data[at : at + 4] = bytes(4)
    return bytes(data)


def tiff(compression: str, mode: str = "RGB") -> bytes:
    return written(picture(mode), "TIFF", compression=compression)


def odd_tiff(number: int) -> bytes:
    """Compressed in a way that nobody knows."""
    data = bytearray(written(picture(), "TIFF"))
    at = data.index(struct.pack("<HHI", 259, 3, 1)) + 8
    data[at : at + 2] = struct.pack("<H", number)
    return bytes(data)


def looping_tiff() -> bytes:
    """Whose second page is its first."""
    data = bytearray(written(picture(), "TIFF"))
    (first,) = struct.unpack("<I", data[4:8])
    end = first + 2 + 12 * struct.unpack("<H", data[first : first + 2])[0]
    data[end : end + 4] = struct.pack("<I", first)
    return bytes(data)


def padded_jpeg(megabytes: int) -> bytes:
    data = jpeg()
    return data[:2] + b"".join(b"\xff\xed" + struct.pack(">H", 65535) + bytes(65533) for _ in range(16 * megabytes)) + data[2:]


def bmp_header(width: int, height: int) -> bytes:
    head = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 200, 0, 0, 54) + head + bytes(100)


def text_bomb(kind: bytes, head: bytes) -> bytes:
    return png_with(chunk(kind, head + zlib.compress(bytes(50_000_000), 9)))


def pixel_bomb() -> bytes:
    """A PNG of a hundred pixels that unpacks to a hundred megabytes."""
    header = struct.pack(">IIBBBBB", 10, 10, 8, 2, 0, 0, 0)
    data = zlib.compress(bytes(100_000_000), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


SVG = b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'><script>alert(1)</script></svg>"
HTML = b"<!doctype html><html><body><img src='file:///etc/passwd'></body></html>"
PNG = photograph()

FILES: dict[str, Nasty] = {
    # No pictures, whatever they are called
    "zero bytes": Nasty(lambda: b"", EMPTY, NOT_PICTURE),
    "NULs": Nasty(lambda: bytes(1000), NOT_UPLOAD, NOT_PICTURE),
    "a text called .png": Nasty(lambda: b"hello there, I am a picture", NOT_UPLOAD, NOT_PICTURE),
    "SVG": Nasty(lambda: SVG, NOT_UPLOAD, NOT_PICTURE),
    "HTML": Nasty(lambda: HTML, NOT_UPLOAD, NOT_PICTURE),
    "JSON": Nasty(lambda: b'{"generator": ', NOT_UPLOAD, (400, "fault.recipe_text")),
    "PostScript": Nasty(lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", NOT_UPLOAD, NOT_PICTURE),
    "PDF": Nasty(lambda: b"%PDF-1.7\n" + bytes(100), NOT_UPLOAD, NOT_PICTURE),
    "ZIP": Nasty(lambda: b"PK\x03\x04" + bytes(200), NOT_UPLOAD, NOT_PICTURE),
    "the first bytes of a PNG": Nasty(lambda: PNG[:8], NOT_UPLOAD, NOT_PICTURE),
    # Broken ones
    "a truncated PNG": Nasty(lambda: PNG[: len(PNG) // 2], DAMAGED),
    "a truncated JPEG": Nasty(lambda: jpeg()[:1500], DAMAGED),
    "a truncated WebP": Nasty(lambda: written(picture(), "WEBP")[:500], DAMAGED, DAMAGED),
    "a PNG without pixels": Nasty(lambda: PNG[:33] + chunk(b"IEND", b""), DAMAGED),
    "a PNG of 0 x 0": Nasty(lambda: bomb(0, 0), NOT_UPLOAD, NOT_PICTURE),
    "a GIF with a screen of 0 x 0": Nasty(lambda: empty_gif(screen=True, frame=False), (64, 48), NOT_PICTURE),
    "a GIF of 0 x 0": Nasty(lambda: empty_gif(screen=True, frame=True), NOT_UPLOAD, NOT_PICTURE),
    "a TIFF compressed by nobody": Nasty(lambda: odd_tiff(9999), NOT_UPLOAD, NOT_PICTURE),
    "a TIFF that claims to be JBIG": Nasty(lambda: odd_tiff(34661), NOT_UPLOAD, NOT_PICTURE),
    "a TIFF of fractions": Nasty(lambda: written(Image.fromarray(np.zeros((4, 4), np.float32)), "TIFF"), DAMAGED, NOT_PICTURE),
    # Large ones, some of them only in what they claim
    "a JPEG of 101 megapixels": Nasty(lambda: large_jpeg(10_100, 10_000), MANY_PIXELS),
    "a JPEG as large as they come": Nasty(lambda: large_jpeg(65_500, 65_500), MANY_PIXELS, DAMAGED),
    "a PNG as large as they come": Nasty(lambda: bomb(2**31 - 1, 2**31 - 1), MANY_PIXELS, DAMAGED),
    "a PNG that claims to be a line": Nasty(lambda: bomb(50_000_000, 1), DAMAGED),
    "a BMP that claims to be enormous": Nasty(lambda: bmp_header(30_000, 30_000), MANY_PIXELS, NOT_PICTURE),
    "an iTXt bomb": Nasty(lambda: text_bomb(b"iTXt", b"Comment\0\1\0\0\0"), DAMAGED, DAMAGED),
    "a zTXt bomb": Nasty(lambda: text_bomb(b"zTXt", b"Comment\0\0"), DAMAGED, DAMAGED),
    "an iCCP bomb": Nasty(lambda: text_bomb(b"iCCP", b"x\0\0"), DAMAGED, DAMAGED),
    "a bomb of pixels": Nasty(pixel_bomb, (10, 10)),
    "10 MB of text in a PNG": Nasty(lambda: png_with(chunk(b"tEXt", b"Comment\0" + bytes(10_000_000).replace(b"\0", b"a"))), (64, 48)),
    "10 MB of nobody knows what in a PNG": Nasty(lambda: png_with(chunk(b"abCd", bytes(10_000_000))), (64, 48)),
    "10 MB of metadata in a JPEG": Nasty(lambda: padded_jpeg(10), (64, 48)),
    # Odd ones that are pictures all the same
    "inks": Nasty(lambda: written(picture("CMYK"), "JPEG"), (64, 48)),
    "16 bits of grey": Nasty(lambda: written(Image.fromarray(noise(64, 48, 1)[..., 0].astype(np.uint16) * 257)), (64, 48)),
    "one bit": Nasty(lambda: written(picture("1")), (64, 48)),
    "a palette with a transparent colour": Nasty(transparent_palette, (64, 48)),
    "grey with alpha": Nasty(lambda: written(picture("LA")), (64, 48)),
    "turned by its EXIF": Nasty(turned, (48, 64)),
    "EXIF that is none": Nasty(lambda: jpeg(exif=b"Exif\0\0nothing at all"), (64, 48), DAMAGED),
    "a broken profile": Nasty(lambda: written(picture(), icc_profile=b"no profile"), (64, 48)),
    "a profile of NULs": Nasty(lambda: jpeg(icc_profile=bytes(5000)), (64, 48)),
    "a moving GIF": Nasty(lambda: moving("GIF"), (64, 48), NOT_PICTURE, "note.first_frame"),
    "a moving WebP": Nasty(lambda: moving("WEBP"), (64, 48), note="note.first_frame"),
    "a moving PNG": Nasty(lambda: moving("PNG"), (64, 48), note="note.first_frame"),
    "a telephone's two in one": Nasty(lambda: moving("MPO"), (64, 48)),
    "a TIFF as faxes are": Nasty(lambda: tiff("group4", "1"), (64, 48), NOT_PICTURE),
    "a TIFF of JPEGs": Nasty(lambda: tiff("jpeg"), (64, 48), NOT_PICTURE),
    "a TIFF in zstd": Nasty(lambda: tiff("zstd"), (64, 48), NOT_PICTURE),
    "a TIFF that leads in a circle": Nasty(looping_tiff, (64, 48), NOT_PICTURE),
    "a JPEG called .png": Nasty(jpeg, (64, 48)),
    "one pixel": Nasty(lambda: photograph(1, 1), (1, 1)),
    "a line": Nasty(lambda: photograph(3000, 1), (3000, 1)),
    "rubbish behind its end": Nasty(lambda: PNG + bytes(1000), (64, 48)),
    "a recipe that is none": Nasty(lambda: png_with(chunk(b"iTXt", b"latent-atelier\0\0\0\0\0{")), (64, 48), (400, "fault.recipe_text")),
}


@pytest.fixture(scope="module")
def made() -> dict[str, bytes]:
    return {name: nasty.make() for name, nasty in FILES.items()}


@pytest.fixture(scope="module")
def studio(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(engine, tmp_path_factory.mktemp("nasty")) as studio:
        yield studio


@pytest.fixture(scope="module")
def page(studio: Served) -> Iterator[OpenPage]:
    with open_page(studio.host) as page:
        yield page


def fault(answer: httpx.Response) -> Refused:
    return answer.status_code, answer.json()["fault"]["code"]


def post(studio: Served, door: str, data: bytes) -> httpx.Response:
    answer = httpx.post(f"{studio.url}/{door}", content=data, timeout=20)
    assert answer.status_code < 500, answer.text
    return answer


@pytest.mark.parametrize("name", FILES)
def test_brought_in(studio: Served, made: dict[str, bytes], name: str) -> None:
    nasty, answer = FILES[name], post(studio, "tray", made[name])
    if nasty.refused:
        assert fault(answer) == nasty.refused
        assert "{" not in answer.json()["fault"]["text"]
        return
    told = answer.json()
    assert (told["width"], told["height"], told["recipe"]) == (*nasty.size, None)
    assert [note["code"] for note in told["notes"]] == ([nasty.note] if nasty.note else [])
    shown = httpx.get(f"{studio.url}/tray/{told['id']}.webp", params={"side": 64})
    assert max(Image.open(io.BytesIO(shown.content)).size) == min(max(nasty.size), 64)


@pytest.mark.parametrize("name", FILES)
def test_read_for_its_recipe(studio: Served, made: dict[str, bytes], name: str) -> None:
    assert fault(post(studio, "read", made[name])) == FILES[name].read


@pytest.mark.parametrize("name", FILES)
def test_in_a_message(page: OpenPage, made: dict[str, bytes], name: str) -> None:
    nasty, text = FILES[name], base64.b64encode(made[name]).decode()
    page.say(type="draw", id=7, near=True, recipe={}, picture=text)
    header = page.hear().header
    if len(text) > MAX_PICTURE + MAX_JSON:
        assert (header["id"], header["fault"]["code"]) == (None, "fault.too_large")
    elif name == "a PNG that claims to be a line":
        assert header["fault"]["code"] == MANY_PIXELS[1], f"more than {HELD_PIXELS} pixels"
    elif nasty.refused:
        assert (header["id"], header["fault"]["code"]) == (7, nasty.refused[1])
    else:
        scale = min(SMALL / max(nasty.size), 1)
        assert (header["width"], header["height"]) == tuple(max(round(side * scale), 1) for side in nasty.size)


@pytest.mark.parametrize("name", FILES)
def test_uploaded_to_the_endpoint(
    engine: Engine, made: dict[str, bytes], name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    path = tmp_path / "a picture.png"
    path.write_bytes(made[name])
    with pytest.raises(gr.Error) as raised:
        DrawingEndpoints(engine, Settings()).recipe(picture=FileData(path=str(path)))
    expected = NOT_PICTURE if name == "JSON" else FILES[name].read
    assert json.loads(raised.value.title)["code"] == expected[1]


def test_fifty_megapixels_are_welcome(studio: Served) -> None:
    data = written(Image.new("RGB", (8000, 6250), "teal"), "JPEG")
    began = time.monotonic()
    told = post(studio, "tray", data).json()
    assert (told["width"], told["height"]) == (8000, 6250)
    assert time.monotonic() - began < 10
    began = time.monotonic()
    with open_page(studio.host) as page:
        page.say(type="draw", id=1, near=True, recipe={"source": told["id"]})
        assert page.hear().header["width"] == SMALL
    assert time.monotonic() - began < 1, "it is not opened again while a hand moves"


def test_a_recipe_is_found_in_spite_of_all(studio: Served) -> None:
    data = to_png(Picture(noise(), Recipe("tiny-vae", seed=7)))
    nasty = data[:33] + chunk(b"tEXt", b"Comment\0" + b"a" * 1_000_000) + data[33:] + bytes(1000)
    for door in ("tray", "read"):
        assert post(studio, door, nasty).json()["recipe"] == {"generator": "tiny-vae", "seed": 7, "version": VERSION}


def test_bytes_changed_by_chance_are_pictures_or_faults(studio: Served) -> None:
    chance, tray = np.random.default_rng(0), studio.engine.darkroom.tray
    for format in ("PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP", "AVIF"):
        data = np.frombuffer(written(picture(), format), np.uint8)
        for _ in range(30):
            broken = data.copy()
            broken[chance.integers(0, min(len(data), 600), 4)] = chance.integers(0, 256, 4)
            with suppress(Fault):
                tray.hold(broken.tobytes(), "chance")


def test_memory_does_not_grow(studio: Served, page: OpenPage, made: dict[str, bytes]) -> None:
    small = [data for data in made.values() if len(data) < 200_000]

    def round_of(number: int) -> None:
        data = small[number % len(small)]
        for door in ("tray", "read"):
            client.post(f"{studio.url}/{door}", content=data)
        page.say(type="draw", id=number, recipe={}, picture=base64.b64encode(data).decode())
        page.hear()

    with httpx.Client(timeout=20) as client:
        for number in range(len(small)):
            round_of(number)
        before = resident_mb()
        for number in range(ROUNDS):
            round_of(number)
        assert resident_mb() - before < GROWN
