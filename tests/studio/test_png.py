"""PNGs written strip by strip are PNGs like any other."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageCms

from studio.png import PngStream


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("rows", [1, 7, 64])
def test_what_is_written_in_strips_is_read_whole(channels: int, rows: int) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (64, 33, channels), dtype=np.uint8)
    pixels[20:40] = 9
    file = io.BytesIO()
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    with PngStream(file, 33, 64, channels, {"latent-atelier": "第一笔"}, profile) as stream:
        for top in range(0, 64, rows):
            stream.add(pixels[top : top + rows])
    with Image.open(io.BytesIO(file.getvalue())) as picture:
        picture.load()
        assert np.array_equal(np.asarray(picture).reshape(64, 33, channels), pixels)
        assert picture.info["latent-atelier"] == "第一笔"
        assert picture.info["icc_profile"] == profile


def test_what_does_not_fit_is_named() -> None:
    stream = PngStream(io.BytesIO(), 4, 2)
    with pytest.raises(ValueError, match="at most 2 rows"):
        stream.add(np.zeros((3, 4, 3), np.uint8))
    with pytest.raises(ValueError, match="uint8"):
        stream.add(np.zeros((1, 4, 3)))
    stream.add(np.zeros((1, 4, 3), np.uint8))
    with pytest.raises(ValueError, match="1 rows are missing"):
        stream.close()
    with pytest.raises(ValueError, match="1 to 4 channels"):
        PngStream(io.BytesIO(), 4, 2, 5)


def test_a_fault_on_the_way_leaves_no_picture() -> None:
    file = io.BytesIO()
    with pytest.raises(InterruptedError), PngStream(file, 4, 2):
        raise InterruptedError
    with pytest.raises(Exception, match=r"truncated|broken|identify"):
        Image.open(io.BytesIO(file.getvalue())).load()
