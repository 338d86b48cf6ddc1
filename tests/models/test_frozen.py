"""Layers that are trained no more against those they came from, packed or not."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models import frozen as module
from models.frozen import Activation, frozen, frozen_to_maps, frozen_to_picture

BIT = 2**-8  # relative precision of bfloat16, rounding included

LAYERS: dict[str, tuple[nn.Linear | nn.Conv2d | nn.ConvTranspose2d, tuple[int, ...]]] = {
    "linear": (nn.Linear(24, 40), (24,)),
    "convolution": (nn.Conv2d(24, 40, 3, padding=1, bias=False), (24, 8, 8)),
    "strided": (nn.Conv2d(24, 16, 4, 2, 1), (24, 8, 8)),
    "transposed": (nn.ConvTranspose2d(24, 16, 4, 2, 1), (24, 8, 8)),
}


def close(given: Tensor, expected: Tensor, dtype: torch.dtype) -> None:
    """Within what dtype rounds, of inputs, weights and output."""
    tolerance = 1e-5 if dtype == torch.float32 else 4 * BIT
    torch.testing.assert_close(given.float(), expected, rtol=0, atol=tolerance * float(expected.abs().max()))


def inputs(n: int, shape: tuple[int, ...]) -> Tensor:
    x = torch.randn(n, *shape, generator=torch.Generator().manual_seed(n))
    return x.contiguous(memory_format=torch.channels_last) if x.dim() == 4 else x


@pytest.fixture(params=["packed", "plain"])
def form(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "plain":
        monkeypatch.setattr(module, "_packed", refuse)
    return request.param


def refuse(*_: object) -> None:
    raise RuntimeError("this processor packs nothing")


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("activation", ["none", "relu", "swish"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_frozen_layer_gives_what_the_layer_does(form: str, name: str, activation: Activation, dtype: torch.dtype) -> None:
    layer, shape = LAYERS[name]
    run = frozen(layer, dtype, activation, side=8)
    activate: Callable[[Tensor], Tensor] = {"none": lambda x: x, "relu": F.relu, "swish": F.silu}[activation]
    with torch.inference_mode():
        for n in (1, 3, 8):
            x = inputs(n, shape)
            given = run(x.to(dtype))
            assert given.dtype == dtype
            assert given.dim() == 2 or given.is_contiguous(memory_format=torch.channels_last)
            close(given, activate(layer(x)), dtype)
            assert torch.equal(run(x.to(dtype)), given)


@pytest.mark.parametrize("damage", ["missing", "wrong", "slow"])
def test_a_packed_layer_that_is_not_as_good_is_left_alone(damage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    layer = nn.Linear(256, 256)

    def absent(*_: object) -> None:
        raise AttributeError("'_OpNamespace' 'mkldnn' object has no attribute '_linear_pointwise'")

    def slow(x: Tensor) -> Tensor:
        return [layer(x) for _ in range(100)][0]

    stand_ins = {"missing": absent, "wrong": lambda *_: lambda x: layer(x) * 1.1, "slow": lambda *_: slow}
    monkeypatch.setattr(module, "_packed", stand_ins[damage])
    run = frozen(layer, torch.float32)
    assert run.__name__ == "plain"
    x = torch.randn(2, 256)
    assert torch.equal(run(x), layer(x))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_first_maps_come_in_channels_last(form: str, dtype: torch.dtype) -> None:
    layer = nn.Linear(12, 5 * 49)
    run = frozen_to_maps(layer, 7, dtype, "relu")
    with torch.inference_mode():
        x = torch.randn(3, 12)
        maps = run(x.to(dtype))
        assert maps.is_contiguous(memory_format=torch.channels_last)
        close(maps, layer(x).relu().view(3, 5, 7, 7), dtype)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_picture_comes_in_full_precision(form: str, channels: int, dtype: torch.dtype) -> None:
    layer = nn.ConvTranspose2d(24, channels, 4, 2, 1)
    run = frozen_to_picture(layer, dtype, side=8)
    with torch.inference_mode():
        for n in (1, 3):
            x = inputs(n, (24, 8, 8))
            picture = run(x.to(dtype))
            assert (picture.dtype, picture.shape) == (torch.float32, (n, channels, 16, 16))
            close(picture, layer(x), dtype)


def test_the_layer_itself_stays_as_it_was() -> None:
    layer = nn.Linear(6, 8)
    before = layer.weight.clone()
    frozen(layer, torch.bfloat16)
    frozen_to_maps(layer, 2, torch.bfloat16)
    assert layer.weight.dtype == torch.float32
    assert torch.equal(layer.weight, before)
