"""The door for pictures from outside, with everything that has ever been called a picture."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from studio import pictures
from studio.errors import Fault
from studio.frames import Picture, to_jpeg, to_png
from studio.pictures import MAX_UPLOAD, Small, Upload, drop, on_white, open_upload, reduced, stream, to_file
from studio.recipe import Recipe
from studio.recipe_text import from_json
from tests.studio.given import bomb, noise, wide_profile, written

RED, BLUE = (255, 0, 0), (0, 0, 255)


def again(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def code_of(data: bytes, **options: int) -> tuple[int, str]:
    with pytest.raises(Fault) as caught:
        open_upload(data, **options)
    assert "{" not in str(caught.value)
    return caught.value.status, caught.value.code


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF", "AVIF"])
def test_every_kind_opens(format: str) -> None:
    upload = open_upload(written(Image.new("RGB", (32, 16), RED), format))
    assert (upload.size, upload.grey, upload.alpha, upload.notes) == ((32, 16), False, None, ())
    assert np.abs(upload.pixels.astype(int) - RED).max() < 8


def test_a_photograph_stands_upright_and_tells_nothing_of_its_maker() -> None:
    lying = Image.new("RGB", (32, 16), BLUE)
    exif = lying.getexif()
    exif[0x0112], exif[0x010F], exif[0x8298] = 6, "a camera", "a name"
    upload = open_upload(written(lying, "JPEG", exif=exif))
    assert upload.size == (16, 32)
    for format in ("png", "jpeg", "webp"):
        out = again(to_file(upload, upload.pixels, format))  # type: ignore[arg-type]
        assert not dict(out.getexif())
        assert out.size == (16, 32)


def test_grey_stays_grey_and_alpha_is_carried_through() -> None:
    grey = open_upload(written(Image.new("L", (8, 8), 100)))
    assert grey.grey
    assert again(to_file(grey, grey.pixels)).mode == "L"
    sixteen = open_upload(written(Image.fromarray(np.full((9, 9), 0x8080, np.uint16))))
    assert (sixteen.grey, sixteen.pixels[0, 0].tolist()) == (True, [128] * 3)
    half = Image.new("RGBA", (8, 8), (*RED, 255))
    half.paste((*RED, 0), (0, 0, 4, 8))
    upload = open_upload(written(half))
    assert upload.alpha is not None
    assert (upload.alpha[0, 0], upload.alpha[0, 7], upload.pixels[0, 0].tolist()) == (0, 255, list(RED))
    larger = again(to_file(upload, upload.pixels.repeat(2, 0).repeat(2, 1), "webp"))
    seen = np.asarray(larger)
    assert (larger.mode, larger.size, seen[0, 0, 3], seen[15, 15, 3]) == ("RGBA", (16, 16), 0, 255)
    assert np.asarray(again(to_file(upload, upload.pixels, "jpeg")))[0, 0].min() > 250
    both = open_upload(written(Image.new("LA", (8, 8), (9, 128))))
    assert (both.grey, again(to_file(both, both.pixels)).mode) == (True, "LA")


def test_colours_of_a_profile_are_seen_in_srgb_and_go_out_as_they_came() -> None:
    profile = wide_profile()
    upload = open_upload(written(Image.new("RGB", (8, 8), (200, 60, 40)), icc_profile=profile))
    assert np.abs(upload.pixels[0, 0].astype(int) - (200, 60, 40)).max() > 5, "converted"
    out = again(to_file(upload, upload.pixels))
    assert out.info["icc_profile"] == profile
    assert np.abs(np.array(out.getpixel((0, 0))) - (200, 60, 40)).max() <= 3


def test_inks_palettes_and_broken_profiles_open() -> None:
    inks = open_upload(written(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), "JPEG", quality=95))
    assert np.abs(inks.pixels.astype(int) - RED).max() < 8
    palette = Image.new("P", (8, 8), 1)
    palette.putpalette([*BLUE, *RED])
    assert open_upload(written(palette)).pixels[0, 0].tolist() == list(RED)
    broken = open_upload(written(Image.new("RGB", (8, 8), RED), icc_profile=b"no profile"))
    assert (broken.profile, broken.pixels[0, 0].tolist()) == (None, list(RED))


def test_of_what_moves_the_first_frame_is_used_and_said() -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in (RED, BLUE, RED)]
    upload = open_upload(written(frames[0], "GIF", save_all=True, append_images=frames[1:]))
    assert upload.pixels[0, 0].tolist() == list(RED)
    assert [(note.code, note.params["count"]) for note in upload.notes] == [("note.first_frame", 3)]


def test_a_telephones_second_picture_is_no_motion_and_hides_no_recipe() -> None:
    frame = Image.new("RGB", (8, 8), RED)
    comment = to_jpeg(Picture(np.zeros((8, 8, 3), np.uint8), Recipe("a", seed=7)))
    exif = Image.open(io.BytesIO(comment)).info["exif"]
    upload = open_upload(written(frame, "MPO", save_all=True, append_images=[frame], exif=exif))
    assert (upload.size, upload.notes) == ((8, 8), ())
    assert from_json(upload.recipe or "").seed == 7


def test_the_recipe_inside_is_kept() -> None:
    picture = Picture(np.zeros((8, 8, 3), np.uint8), Recipe("a", seed=7))
    for data in (to_png(picture), to_jpeg(picture)):
        recipe = open_upload(data).recipe
        assert recipe is not None
        assert from_json(recipe) == picture.recipe
    assert open_upload(written(Image.new("RGB", (8, 8)))).recipe is None


def test_what_cannot_be_opened_is_refused_by_name() -> None:
    whole = written(Image.effect_noise((64, 64), 50), "PNG")
    assert code_of(b"") == (400, "fault.picture_empty")
    assert code_of(b"PK\x03\x04" + bytes(200)) == (415, "fault.not_upload")
    assert code_of(b"<svg xmlns='http://www.w3.org/2000/svg'/>") == (415, "fault.not_upload")
    assert code_of(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n") == (415, "fault.not_upload")
    assert code_of(whole[: len(whole) // 2]) == (400, "fault.picture_damaged")
    assert code_of(written(Image.effect_noise((64, 64), 50), "JPEG")[:700]) == (400, "fault.picture_damaged")
    assert code_of(whole[:20]) in ((400, "fault.picture_damaged"), (415, "fault.not_upload"))
    assert code_of(bomb(50_000, 50_000)) == (413, "fault.picture_pixels")
    assert code_of(bomb(2**31 - 1, 2**31 - 1))[1] in ("fault.picture_pixels", "fault.picture_damaged")
    assert code_of(whole, most=1000) == (413, "fault.picture_pixels")
    assert code_of(bytes(MAX_UPLOAD + 1)) == (413, "fault.too_large")
    assert code_of(written(Image.fromarray(np.zeros((4, 4), np.float32)), "TIFF")) == (400, "fault.picture_damaged")


def test_an_upload_without_anything_is_plain_pixels() -> None:
    upload = Upload(np.zeros((2, 3, 3), np.uint8))
    assert again(to_file(upload, upload.pixels)).mode == "RGB"


# Other forms of it


def test_a_reduced_picture_is_all_of_it_smaller() -> None:
    upload = Upload(noise(80, 20), alpha=noise(80, 20, 1)[..., 0], grey=True)
    small = reduced(upload, 40)
    assert (small.size, small.alpha is not None and small.alpha.shape, small.grey) == ((40, 10), (10, 40), True)
    assert reduced(upload, 80) is upload
    assert reduced(Upload(noise(500, 1)), 40).size == (40, 1)


def test_on_white_nothing_shows_through() -> None:
    upload = Upload(np.zeros((2, 2, 3), np.uint8), alpha=np.array([[0, 255], [128, 255]], np.uint8))
    white = on_white(upload)
    assert (white.pixels[..., 0].tolist(), white.alpha) == ([[255, 0], [127, 0]], None)
    assert on_white(white) is white


@pytest.mark.parametrize("rows", [1, 3, 7, 33])
def test_a_picture_in_strips_is_made_smaller_as_it_comes(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "PREVIEW", 16)
    pixels, small = noise(50, 33), Small(50, 33)
    for top in range(0, 33, rows):
        small.add(pixels[top : top + rows])
    assert np.array_equal(np.asarray(small.picture()), np.asarray(Image.fromarray(pixels).reduce(4)))


@pytest.mark.parametrize("kind", ["grey", "alpha", "profile"])
def test_a_stream_is_the_file_that_is_made_at_once(tmp_path: Path, kind: str) -> None:
    alpha = noise(24, 40, 1)[..., 0] if kind == "alpha" else None
    upload = Upload(noise(24, 40), alpha, grey=kind == "grey", profile=wide_profile() if kind == "profile" else None)
    pixels, path = noise(48, 80, seed=1), tmp_path / "made.png"
    stream(path, upload, (48, 80), (pixels[top : top + 9] for top in range(0, 80, 9)), {"key": "第一笔"})
    ours, theirs = again(path.read_bytes()), again(to_file(upload, pixels))
    assert (ours.mode, ours.info.get("icc_profile"), ours.info["key"]) == (theirs.mode, theirs.info.get("icc_profile"), "第一笔")
    assert np.abs(np.asarray(ours).astype(int) - np.asarray(theirs)).max() <= (kind == "alpha")
    assert again(path.with_suffix(".webp").read_bytes()).size == (48, 80)
    drop(path)
    drop(path)
    assert list(tmp_path.iterdir()) == []


def test_a_stream_that_breaks_off_is_no_picture(tmp_path: Path) -> None:
    path = tmp_path / "made.png"
    with pytest.raises(ValueError, match="rows are missing"):
        stream(path, Upload(noise()), (64, 48), iter([noise(64, 40)]), {})
    assert code_of(path.read_bytes()) == (400, "fault.picture_damaged")
