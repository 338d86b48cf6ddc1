"""Reading any picture file as RGB, and the squares that are cut from it."""

from __future__ import annotations

import io
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from models.training.datasets import PictureSetError
from models.training.datasets.reading import UnreadablePicture, picture_files, read
from models.training.datasets.squares import Crops

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def flat(path: Path, colour: tuple[int, int, int] = RED, size: tuple[int, int] = (64, 48), **options: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path, **options)  # pyright: ignore[reportArgumentType]
    return path


def colour(path: Path, at: tuple[int, int] = (0, 0)) -> tuple[int, ...]:
    picture = read(path)
    assert picture.mode == "RGB"
    return picture.getpixel(at)  # pyright: ignore[reportReturnType]


def near(one: Sequence[int], other: Sequence[int], by: int = 3) -> bool:
    return all(abs(int(a) - int(b)) <= by for a, b in zip(one, other, strict=True))


# Reading


def test_grey_of_any_depth_keeps_its_shade(tmp_path: Path) -> None:
    for name, grey in {
        "16.png": Image.fromarray(np.full((9, 9), 0x8080, np.uint16)),
        "16.tif": Image.fromarray(np.full((9, 9), 0x8080, np.uint16)),
        "8.png": Image.new("L", (9, 9), 0x80),
    }.items():
        grey.save(tmp_path / name)
        assert colour(tmp_path / name) == (128, 128, 128), name
    for level in (0, 65535):
        Image.fromarray(np.full((9, 9), level, np.uint16)).save(tmp_path / "end.png")
        assert colour(tmp_path / "end.png")[0] == level // 257
    Image.new("1", (9, 9), 1).save(tmp_path / "1.png")
    assert colour(tmp_path / "1.png") == WHITE


def test_inks_become_colours(tmp_path: Path) -> None:
    Image.new("CMYK", (16, 16), (0, 255, 255, 0)).save(tmp_path / "inks.jpg", quality=95)
    assert near(colour(tmp_path / "inks.jpg"), RED)


def test_what_is_transparent_is_white(tmp_path: Path) -> None:
    palette = Image.new("P", (8, 8), 1)
    palette.putpalette([*RED, *GREEN])
    palette.putpixel((0, 0), 0)
    palette.save(tmp_path / "palette.png", transparency=0)
    assert (colour(tmp_path / "palette.png"), colour(tmp_path / "palette.png", (4, 4))) == (WHITE, GREEN)
    Image.new("RGBA", (8, 8), (0, 0, 255, 51)).save(tmp_path / "faint.png")
    assert near(colour(tmp_path / "faint.png"), (204, 204, 255), 1)
    Image.new("LA", (8, 8), (0, 0)).save(tmp_path / "grey.png")
    assert colour(tmp_path / "grey.png") == WHITE


def test_a_turned_photograph_stands_upright(tmp_path: Path) -> None:
    lying = Image.new("RGB", (32, 16), BLUE)
    lying.paste(RED, (0, 0, 8, 16))
    turned = lying.getexif()
    turned[0x0112] = 6  # the camera was held on its side
    lying.save(tmp_path / "turned.png", exif=turned)
    assert read(tmp_path / "turned.png").size == (16, 32)
    assert (colour(tmp_path / "turned.png"), colour(tmp_path / "turned.png", (8, 30))) == (RED, BLUE)


def test_of_a_moving_picture_the_first_frame(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (8, 8), one) for one in (GREEN, RED, BLUE)]
    frames[0].save(tmp_path / "moving.gif", save_all=True, append_images=frames[1:])
    assert colour(tmp_path / "moving.gif") == GREEN


def test_a_profile_is_turned_into_srgb(tmp_path: Path) -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    Image.new("LAB", (8, 8), (200, 128, 128)).save(tmp_path / "lab.tif", icc_profile=lab.tobytes())
    picture = colour(tmp_path / "lab.tif")
    assert max(picture) - min(picture) <= 2, "neutral"
    assert 185 < picture[0] < 205, "L* of 200/255 is about 194 in sRGB"


@pytest.mark.parametrize("profile", [b"no profile", ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()])
def test_a_profile_that_does_not_fit_is_passed_over(tmp_path: Path, profile: bytes) -> None:
    flat(tmp_path / "a.png", icc_profile=profile)
    assert colour(tmp_path / "a.png") == RED


def whole_png() -> bytes:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8))
    noise.save(buffer := io.BytesIO(), "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("nothing.jpg", b"", "an empty file"),
        ("letter.jpg", b"Dear Sir or Madam,\n", "no picture"),
        ("half.png", whole_png()[:4000], "truncated"),
        ("script.jpg", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n", "no picture"),
    ],
)
def test_a_broken_file_gives_its_reason(tmp_path: Path, name: str, data: bytes, reason: str) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(UnreadablePicture, match=reason) as fault:
        read(tmp_path / name)
    assert "\n" not in str(fault.value)


@pytest.mark.parametrize("side", [10_001, 20_000])
def test_a_huge_picture_is_refused_before_it_is_decoded(tmp_path: Path, side: int) -> None:
    (data := bytearray(whole_png()))[16:24] = side.to_bytes(4, "big") * 2  # the size in its header, whatever follows
    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    (tmp_path / "huge.png").write_bytes(data)
    with pytest.raises(UnreadablePicture, match="megapixels"):
        read(tmp_path / "huge.png")


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "gif", "tiff", "bmp", "avif"])
def test_every_format_is_read(tmp_path: Path, suffix: str) -> None:
    assert near(colour(flat(tmp_path / f"a.{suffix}", WHITE)), WHITE)
    assert [file.suffix for file in picture_files(tmp_path)] == [f".{suffix}"]


# Squares


def test_squares_lie_within_and_are_large_enough() -> None:
    crops = Crops(32, count=200, least=0.5)
    boxes = crops.boxes(300, 100, "a.jpg", margin=0.1)
    sides = [right - left for left, _, right, _ in boxes]
    assert len(boxes) == 200
    assert min(min(left, top) for left, top, *_ in boxes) >= 10
    assert all(right <= 290 and bottom <= 90 for *_, right, bottom in boxes)
    assert all(right - left == bottom - top for left, top, right, bottom in boxes)
    assert 40 <= min(sides) < 44 < 76 < max(sides) <= 80
    assert min(left for left, *_ in boxes) < 20, "anywhere along the longer side"
    assert max(right for _, _, right, _ in boxes) > 280


def test_squares_follow_from_the_name() -> None:
    crops = Crops(32, count=3, least=0.5)
    assert crops.boxes(300, 100, "a.jpg") == crops.boxes(300, 100, "a.jpg") != crops.boxes(300, 100, "b.jpg")


def test_no_square_is_enlarged() -> None:
    crops = Crops(32, count=50, least=0.1)
    assert min(right - left for left, _, right, _ in crops.boxes(100, 50, "a")) >= 32
    assert crops.boxes(32, 32, "a") == [(0, 0, 32, 32)] * 50
    assert crops.boxes(1, 1, "a") == crops.boxes(31, 400, "a") == []


def test_a_single_whole_square_is_in_the_middle() -> None:
    assert Crops(8).boxes(100, 40, "a.jpg") == [(30, 0, 70, 40)]


@pytest.mark.parametrize("change", [{"size": 0}, {"count": 0}, {"least": 0.0}, {"least": 1.1}, {"size": 5000}])
def test_squares_that_make_no_sense_are_refused(change: dict[str, int]) -> None:
    with pytest.raises(PictureSetError, match="Ask for a size from"):
        Crops(**{"size": 64, "count": 2, "least": 0.5, **change})


@pytest.mark.parametrize(
    ("crops", "words"),
    [
        (Crops(128, 60, 0.6), "91 pictures, 60 squares of each: 60 to 100 % of the shorter side, 128 px."),
        (Crops(64), "91 pictures, the middle square of each: 64 px."),
        (Crops(64, 1, 0.5), "91 pictures, one square of each: 50 to 100 % of the shorter side, 64 px."),
        (Crops(64, 4), "91 pictures, 4 squares of each: 100 % of the shorter side, 64 px."),
    ],
)
def test_the_policy_is_a_sentence(crops: Crops, words: str) -> None:
    assert crops.said(91) == words
