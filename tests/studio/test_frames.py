"""Pictures carry their recipe through every format and through Pillow, and hostile files end in a clear fault."""

import io
import struct
import warnings
import zlib

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from studio.errors import Fault
from studio.frames import FORMATS, KEY, MAX_FILE, Picture, encode, enlarge, frame_jpeg, read_recipe, to_jpeg, to_png
from studio.recipe import Recipe
from studio.recipe_steps import Made
from studio.recipe_text import MAX_JSON, from_json, to_json

RECIPE = Recipe("letters", weights="0123456789ab", seed=7, styles=(("手写", 1.0),), made=Made("cpu", "float32", "2.14.1"))
PIXELS = np.random.default_rng(0).integers(0, 256, (16, 24, 3), np.uint8)
PICTURE = Picture(PIXELS, RECIPE)


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def saved(image: Image.Image, format: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def outcome(data: bytes) -> str | None:
    """What reading gives, or the code of its fault; any other exception is a failure."""
    try:
        return read_recipe(data)
    except Fault as fault:
        return fault.code


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_with(*chunks: bytes) -> bytes:
    """A PNG with the given chunks right behind its header."""
    plain = saved(Image.fromarray(PIXELS), "PNG")
    end_of_header = 8 + 12 + 13
    return plain[:end_of_header] + b"".join(chunks) + plain[end_of_header:]


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_carries_the_recipe(format):
    data = encode(PICTURE, format)
    assert from_json(read_recipe(data) or "") == RECIPE
    image = opened(data)
    assert (image.format, image.size) == (format.upper(), (24, 16))


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("other", FORMATS)
def test_the_recipe_survives_a_save_in_pillow_to_any_format(format, other):
    image = opened(encode(PICTURE, format))
    assert read_recipe(saved(image, other, exif=image.getexif())) == to_json(RECIPE)


def test_the_recipe_survives_a_save_in_pillow_with_its_text():
    image = opened(to_png(PICTURE))
    text = PngImagePlugin.PngInfo()
    for key, value in image.info.items():
        if isinstance(key, str) and isinstance(value, str):
            text.add_text(key, value)
    assert read_recipe(saved(image, "PNG", pnginfo=text)) == to_json(RECIPE)


def test_the_recipe_survives_a_plain_save_of_a_jpeg():
    assert read_recipe(saved(opened(to_jpeg(PICTURE)), "JPEG")) == to_json(RECIPE)


def test_png_is_lossless_and_a_pure_function_of_the_picture():
    assert np.array_equal(np.asarray(opened(to_png(PICTURE))), PIXELS)
    assert to_png(PICTURE) == to_png(Picture(PIXELS.copy(), from_json(to_json(RECIPE))))


def test_png_names_its_software_and_source():
    info = opened(to_png(PICTURE)).info
    assert info["Software"] == "Latent Atelier"
    assert info["Source"] == "Drawn by a neural network: letters, weights 0123456789ab"


def test_a_frame_is_a_small_jpeg_without_a_recipe():
    frame = frame_jpeg(PIXELS)
    assert opened(frame).format == "JPEG"
    assert read_recipe(frame) is None
    assert len(frame) < len(to_jpeg(PICTURE))


def test_a_picture_by_someone_else_has_no_recipe():
    text = PngImagePlugin.PngInfo()
    text.add_text("parameters", "steps: 20")
    assert read_recipe(saved(Image.fromarray(PIXELS), "PNG", pnginfo=text)) is None
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9286] = b"ASCII\0\0\0a holiday"
    assert read_recipe(saved(Image.fromarray(PIXELS), "JPEG", exif=exif, comment="a holiday")) is None


def test_a_picture_that_is_not_uint8_rgb_is_refused():
    with pytest.raises(ValueError, match="uint8"):
        Picture(np.zeros((4, 4, 3), np.float32), RECIPE)
    with pytest.raises(ValueError, match="uint8"):
        Picture(np.zeros((4, 4), np.uint8), RECIPE)


def test_another_format_is_a_fault():
    with pytest.raises(Fault, match="png, jpeg, webp, not as gif"):
        encode(PICTURE, "gif")  # pyright: ignore[reportArgumentType]


def test_enlarging_crisp_repeats_and_smooth_blends():
    edge = np.zeros((2, 2, 3), np.uint8)
    edge[:, 1] = 255
    crisp, smooth = enlarge(edge, 4, "crisp"), enlarge(edge, 4, "smooth")
    assert crisp.shape == smooth.shape == (8, 8, 3)
    assert set(np.unique(crisp)) == {0, 255}
    assert len(np.unique(smooth)) > 2
    assert enlarge(edge, 1, "smooth") is edge


@pytest.mark.parametrize("data", [b"", b"GIF89a", b"\x89PNG\r\n\x1a\n", b"{}", saved(Image.fromarray(PIXELS), "BMP")])
def test_what_is_no_picture_is_a_fault(data):
    with pytest.raises(Fault) as caught:
        read_recipe(data)
    assert caught.value.code == "fault.not_picture"


def test_a_compressed_text_bomb_is_a_fault_and_not_unpacked():
    bomb = zlib.compress(b"1" * 50_000_000, 9)
    for body in (KEY.encode() + b"\0\1\0\0\0" + bomb, b"Comment\0\1\0\0\0" + bomb):
        with pytest.raises(Fault) as caught:
            read_recipe(png_with(chunk(b"iTXt", body)))
        assert caught.value.code == "fault.picture_damaged"


def test_a_huge_plain_text_is_a_fault():
    with pytest.raises(Fault) as caught:
        read_recipe(png_with(chunk(b"iTXt", KEY.encode() + b"\0\0\0\0\0" + b"1" * (MAX_JSON + 1))))
    assert caught.value.code == "fault.too_large"


def test_a_huge_file_is_a_fault():
    with pytest.raises(Fault) as caught:
        read_recipe(bytes(MAX_FILE + 1))
    assert (caught.value.code, caught.value.status) == ("fault.too_large", 413)


def test_a_picture_that_claims_to_be_enormous_is_a_fault():
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0))
    with pytest.raises(Fault) as caught:
        read_recipe(b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", b""))
    assert caught.value.code == "fault.picture_damaged"


@pytest.mark.parametrize("format", FORMATS)
def test_a_truncated_picture_gives_its_recipe_or_a_fault(format):
    data = encode(PICTURE, format)
    found = {outcome(data[:end]) for end in range(0, len(data), 7)}
    assert found <= {"fault.not_picture", "fault.picture_damaged", None, to_json(RECIPE)}


def test_a_png_cut_off_in_its_pixels_still_gives_its_recipe():
    data = to_png(PICTURE)
    assert read_recipe(data[: data.index(b"IDAT") + 20]) == to_json(RECIPE)


@pytest.mark.parametrize("format", FORMATS)
def test_bytes_changed_by_chance_never_raise_anything_but_a_fault(format):
    data = np.frombuffer(encode(PICTURE, format), np.uint8)
    chance = np.random.default_rng(1)
    found = set()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns of what it reads over
        for _ in range(300):
            broken = data.copy()
            broken[chance.integers(0, len(data), 3)] = chance.integers(0, 256, 3)
            found.add(outcome(broken.tobytes()))
    assert to_json(RECIPE) in found
