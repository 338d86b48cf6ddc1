"""The encoder: its shapes, its distance, its file."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from models.checkpoint import Card, CheckpointError, save
from models.encoder import Encoder, EncoderConfig, distance, load_encoder, seen

SMALL = EncoderConfig((4, 6, 8, 10))


@pytest.fixture
def encoder() -> Encoder:
    torch.manual_seed(0)
    return Encoder(SMALL).eval()


def kept(encoder: Encoder, folder: Path) -> Path:
    card = Card("encoder", "encoder", {"en": "Encoder"}, {"widths": list(encoder.widths)}, "smooth", "s", "l")
    save(folder, encoder, card)
    return folder


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("side", [64, 128])
def test_four_maps_at_strides_of_two(encoder: Encoder, channels: int, side: int) -> None:
    x = torch.rand(2, channels, side, side) * 2 - 1
    assert [tuple(m.shape) for m in encoder(x)] == [(2, w, side >> k, side >> k) for k, w in enumerate(encoder.widths, start=1)]
    assert encoder.vector(x).shape == (2, sum(encoder.widths))


def test_it_is_small_and_has_no_normalisation() -> None:
    full = Encoder()
    assert sum(p.numel() for p in full.parameters()) < 1_200_000
    assert not any("Norm" in type(module).__name__ for module in full.modules())


def test_distance_is_zero_for_the_same_and_grows_with_the_change(encoder: Encoder) -> None:
    x = torch.rand(3, 3, 64, 64) * 2 - 1
    noise = torch.randn_like(x)
    near, far = (distance(encoder(x), encoder(x + step * noise)) for step in (0.05, 0.5))
    assert torch.equal(distance(encoder(x), encoder(x)), torch.zeros(3))
    assert (near < far).all()
    assert (far < 2).all()


def test_distance_compares_one_with_many(encoder: Encoder) -> None:
    x = torch.rand(3, 3, 64, 64) * 2 - 1
    assert torch.allclose(distance(encoder(x[:1]), encoder(x))[0], torch.zeros(()))


def test_gradients_reach_the_picture_even_where_nothing_is_seen(encoder: Encoder) -> None:
    x = torch.zeros(1, 3, 64, 64, requires_grad=True)
    distance(encoder(x), encoder(torch.rand(1, 3, 64, 64))).sum().backward()
    assert x.grad is not None
    assert x.grad.isfinite().all()
    assert x.grad.abs().sum() > 0


@pytest.mark.parametrize("side", [28, 64, 128, 200])
def test_pictures_are_seen_at_one_side(side: int) -> None:
    level = torch.full((1, 3, side, side), 0.25)
    assert torch.allclose(seen(level), torch.full((1, 3, 128, 128), 0.25), atol=1e-6)


def test_what_is_kept_comes_back_frozen(encoder: Encoder, tmp_path: Path) -> None:
    back = load_encoder(kept(encoder, tmp_path / "encoder"))
    x = torch.rand(1, 3, 64, 64)
    assert torch.allclose(back.vector(x), encoder.vector(x), atol=1e-2)
    assert not any(p.requires_grad for p in back.parameters())
    assert not back.training


def test_a_damaged_file_is_refused_by_name(encoder: Encoder, tmp_path: Path) -> None:
    folder = kept(encoder, tmp_path / "encoder")
    (folder / "weights.safetensors").write_bytes(b"nothing")
    with pytest.raises(CheckpointError, match="not a safetensors file"):
        load_encoder(folder)
