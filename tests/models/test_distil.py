"""Distillation: crops, the teacher's maps, a loss that falls, maps levelled without a change of meaning, an exact resume."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from torch import nn
from torchvision.models import squeezenet1_0

from models.encoder import Encoder, EncoderConfig, load_encoder
from models.training import distil
from models.training.crops import Album, album, crops, spoiled
from models.training.datasets import PictureSet, save as save_set
from models.training.distil import Distillation, Teacher, level, losses, publish, start, train

SMALL = EncoderConfig((4, 6, 8, 10))


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> Teacher:
    """The teacher's network with weights of no meaning."""
    torch.manual_seed(0)
    file = tmp_path_factory.mktemp("teacher") / "teacher.safetensors"
    save_file(squeezenet1_0().state_dict(), file)
    return Teacher(file)


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"MEASURED": 1, "SIDES": (32, 48, 64), "BATCH": 8, "WARM_UP": 1, "RATE": 1e-2}.items():
        monkeypatch.setattr(distil, name, value)


@pytest.fixture(scope="module")
def shapes() -> Album:
    """Squares of any colour and place."""
    draw, pictures = np.random.default_rng(0), []
    for _ in range(24):
        picture = Image.new("RGB", (96, 80), tuple(draw.integers(0, 256, 3).tolist()))
        picture.paste(tuple(draw.integers(0, 256, 3).tolist()), tuple((draw.integers(0, 40, 2)[[0, 1, 0, 1]] + [0, 0, 30, 30]).tolist()))
        pictures.append(picture)
    return Album("shapes", pictures[4:], pictures[:4])


def begun(folder: Path, shapes: Album) -> Distillation:
    """A small encoder that is to learn from another, of no meaning either."""
    torch.manual_seed(7)
    return start(folder, Encoder(EncoderConfig((8, 8, 8, 8))).requires_grad_(False), [shapes], SMALL)


def test_an_album_is_a_folder_of_photographs_or_a_picture_set(tmp_path: Path) -> None:
    for k in range(13):
        (tmp_path / "photos").mkdir(exist_ok=True)
        Image.new("RGB", (1300, 700), (k, 0, 0)).save(tmp_path / "photos" / f"{k:02}.png")
    photos = album(tmp_path / "photos")
    assert (len(photos.training), len(photos.measuring)) == (11, 2)
    assert max(photos.training[0].size) == 640
    pictures = np.full((10, 8, 8, 1), 7, np.uint8)
    save_set(PictureSet(pictures, np.arange(10) >= 8, None, None, (), (), "s", "l"), tmp_path / "set")
    prints = album(tmp_path / "set")
    assert (len(prints.training), len(prints.measuring)) == (8, 2)
    assert prints.training[3].getpixel((0, 0)) == (7, 7, 7)


def test_a_folder_with_next_to_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="0 photographs"):
        album(tmp_path)


def test_crops_and_spoiled_crops_stay_in_range_and_repeat(shapes: Album) -> None:
    first, again = (crops([shapes.training], 40, 64, np.random.default_rng(3)) for _ in range(2))
    assert torch.equal(first, again)
    assert first.shape == (40, 3, 64, 64)
    worse = spoiled(first, torch.Generator().manual_seed(0))
    assert worse.abs().max() <= 1
    changed = (worse != first).flatten(1).any(1).float().mean().item()
    assert 0.1 < changed < 0.6


@pytest.mark.parametrize("side", [64, 96, 128])
def test_the_teachers_maps_lie_over_ours(teacher: Teacher, side: int) -> None:
    x = torch.zeros(1, 3, side, side)
    assert [m.shape[-2:] for m in teacher(x)] == [m.shape[-2:] for m in Encoder(SMALL)(x)]


def test_a_point_is_seen_at_the_same_place_by_both(teacher: Teacher) -> None:
    x = torch.zeros(1, 3, 128, 128)
    x[..., 60:68, 60:68] = 1
    empty = teacher(torch.zeros_like(x))
    for k, (lit, dark) in enumerate(zip(teacher(x), empty, strict=True), start=1):
        change = (lit - dark).abs().sum(1)[0]
        rows = torch.arange(change.shape[0], dtype=torch.float32)
        centre = (change.sum(1) * rows).sum() / change.sum()
        assert abs((centre.item() + 0.5) * 2**k - 64) < 0.75 * 2**k


def test_what_is_explained_grows(shapes: Album, tmp_path: Path) -> None:
    run = begun(tmp_path, shapes)
    x = crops([shapes.training], 32, 64, np.random.default_rng(9))
    before = torch.stack(losses(run, x)[0]).sum()
    train(run, [shapes], images=8 * 40)
    assert torch.stack(losses(run, x)[0]).sum() < before


def test_levelling_changes_the_scale_and_nothing_else() -> None:
    torch.manual_seed(1)
    encoder = Encoder(SMALL)
    x = torch.rand(4, 3, 64, 64) * 2 - 1
    with torch.no_grad():
        before = encoder(x)
        level(encoder, x)
        after = encoder(x)
    for old, new in zip(before, after, strict=True):
        loud = old.square().mean((0, 2, 3)).sqrt()
        heard = loud > 0.1 * loud.median()
        assert torch.allclose(new.square().mean((0, 2, 3)).sqrt()[heard], torch.ones(int(heard.sum())), atol=1e-3)
        assert torch.allclose(new * loud.clamp_min(0.1 * loud.median()).view(1, -1, 1, 1), old, atol=1e-4)


def test_a_saved_state_goes_on_as_if_nothing_had_happened(shapes: Album, tmp_path: Path) -> None:
    run = begun(tmp_path, shapes)
    train(run, [shapes], images=8 * 2)
    back = begun(tmp_path, shapes)
    assert back.seen == 16
    for one in (run, back):
        train(one, [shapes], images=8 * 4)
    assert all(torch.equal(a, b) for a, b in zip(run.encoder.parameters(), back.encoder.parameters(), strict=True))


def test_what_is_published_is_read_back_with_its_scores(shapes: Album, tmp_path: Path) -> None:
    run = begun(tmp_path / "run", shapes)
    card = publish(run, [shapes], tmp_path / "encoder")
    assert set(card.scores) == {"explained_variance_2", "explained_variance_4", "explained_variance_8", "explained_variance_16"}
    assert "SqueezeNet" in card.source
    assert isinstance(load_encoder(tmp_path / "encoder"), nn.Module)
