"""Network bending: what each operation does to maps, and that pictures are bent where they ask for it and nowhere else."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import cast

import pytest
import torch
from torch import Tensor

from models.bending import OPERATIONS, bending
from models.latent import draw_z
from models.spec import Bendable, BentSynthesis, Generator, Inside
from tests.models.test_generators import built, even, varied

FAMILIES = ["dcgan", "progressive", "style"]


@dataclass(frozen=True)
class Bent:
    layer: int
    operation: str
    amount: float
    channels: tuple[int, ...] = ()


def one(operation: str, maps: Tensor, amount: float) -> Tensor:
    return OPERATIONS[operation].run(maps, amount)


def drawn(generator: Generator, n: int) -> tuple[Tensor, list[int]]:
    z = torch.stack([draw_z(seed, generator.spec.z_dim) for seed in range(n)])
    return generator.map(z, even(generator.spec, n)), list(range(n))


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_operation_does_nothing_at_its_usual_amount_is_linear_and_keeps_channels_apart(operation: str) -> None:
    told, maps = OPERATIONS[operation], torch.randn(3, 8, 8)
    assert told.least <= told.usual <= told.most
    torch.testing.assert_close(one(operation, maps, told.usual), maps, atol=1e-5, rtol=1e-5)
    for amount in (told.least, told.most, (told.usual + told.most) / 2):
        out = one(operation, maps, amount)
        assert out.shape == maps.shape
        assert out.isfinite().all()
        torch.testing.assert_close(one(operation, maps * 3, amount), out * 3, atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(one(operation, maps[1:2], amount), out[1:2], atol=1e-5, rtol=1e-5)


def test_operations_against_closed_forms() -> None:
    maps = torch.randn(2, 8, 8)
    assert torch.equal(one("scale", maps, -1), -maps)
    assert torch.equal(one("mirror", maps, 1), maps.flip(-1))
    assert torch.equal(one("upend", maps, 1), maps.flip(-2))
    torch.testing.assert_close(one("turn", maps, 90), maps.rot90(-1, (1, 2)), atol=1e-5, rtol=1e-4)  # clockwise
    torch.testing.assert_close(one("turn", maps, 180), maps.flip(1, 2), atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(one("across", maps, 0.25)[..., 2:], maps[..., :-2], atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(one("across", maps, 0.25)[..., :2], maps[..., :2].flip(-1), atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(one("down", maps, -0.5)[:, :4], maps[:, 4:], atol=1e-5, rtol=1e-4)
    even_grey = torch.full((1, 8, 8), 0.3)
    torch.testing.assert_close(one("blur", even_grey, 0.5), even_grey)
    point = torch.zeros(1, 65, 65)
    point[0, 32, 32] = 1
    spread = one("blur", point, 3 / 65)[0]
    assert spread[32, 35] / spread[32, 32] == pytest.approx(math.exp(-0.5), rel=1e-4)  # one deviation away


@pytest.mark.parametrize("family", FAMILIES)
def test_each_layer_shows_its_maps(family: str) -> None:
    generator = varied(built(family))
    seen: list[tuple[int, int]] = []

    def look(layer: int, maps: Tensor) -> Tensor:
        seen.append((layer, maps.shape[1]))
        assert maps.shape[0] == 2
        assert maps.shape[2] == maps.shape[3]
        return maps

    w, seeds = drawn(generator, 2)
    with torch.inference_mode():
        plain = generator.synthesize(w, seeds)
        assert torch.equal(cast(Bendable, generator).synthesize(w, seeds, look), plain)
        assert seen == list(enumerate(generator.spec.bendable))
        for dtype in (torch.float32, torch.bfloat16):
            synthesis = cast(BentSynthesis, generator.synthesis(dtype))
            assert torch.equal(synthesis(w, seeds, look), synthesis(w, seeds, None))
    assert len(seen) == 3 * len(generator.spec.bendable)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_drawing_twin_bends_as_the_generator_does(family: str) -> None:
    """Also where the twin has left a factor of each channel to the layer after."""
    generator = varied(built(family))
    w, seeds = drawn(generator, 3)
    last = len(generator.spec.bendable) - 1
    amounts = {"scale": -1.5, "blur": 0.2, "turn": 40.0, "across": 0.3, "down": -0.2, "mirror": 1.0, "upend": 0.6}
    assert set(amounts) == set(OPERATIONS)
    with torch.inference_mode():
        plain = generator.synthesize(w, seeds)
        for operation, amount in amounts.items():
            inside = bending([[Bent(last, operation, amount, (0, 3))], [], [Bent(0, operation, amount), Bent(1, "scale", 2.0, (1,))]])
            expected = cast(Bendable, generator).synthesize(w, seeds, inside)
            assert torch.equal(expected[1], plain[1]), "who asks for nothing is not bent"
            assert not torch.equal(expected[0], plain[0])
            assert not torch.equal(expected[2], plain[2])
            for dtype, within in ((torch.float32, 1e-4), (torch.bfloat16, 0.08)):
                x = cast(BentSynthesis, generator.synthesis(dtype))(w, seeds, inside)
                assert float((x - expected).abs().max()) < within * max(1.0, float(expected.abs().max()))


def test_bends_that_change_nothing_are_none() -> None:
    assert bending([[], []]) is None
    assert bending([[Bent(0, name, told.usual) for name, told in OPERATIONS.items()]]) is None


def test_all_maps_silenced_are_zeros() -> None:
    generator = varied(built("style"))
    w, seeds = drawn(generator, 2)
    zeros: Inside = lambda layer, maps: torch.zeros_like(maps) if layer == 2 else maps  # noqa: E731
    expected = cast(Bendable, generator).synthesize(w, seeds, zeros)
    assert torch.equal(cast(Bendable, generator).synthesize(w, seeds, bending([[Bent(2, "scale", 0.0)]] * 2)), expected)


def test_maps_are_not_written_into() -> None:
    inside, maps = bending([[Bent(0, "scale", 2.0, (1,))], []]), torch.randn(2, 3, 4, 4)
    before = maps.clone()
    assert inside is not None
    out = inside(0, maps)
    assert torch.equal(maps, before)
    assert inside(1, maps) is maps
    before[0, 1] *= 2
    assert torch.equal(out, before)
    torch.testing.assert_close(cast(Tensor, bending([[Bent(0, "turn", 30.0)], []]))(0, maps)[1], maps[1])  # type: ignore[operator]


def test_a_sketch_of_the_whole_is_bent_too() -> None:
    for family in ("style", "progressive"):
        generator = varied(built(family))
        w, seeds = drawn(generator, 1)
        inside = bending([[Bent(0, "scale", 3.0)]])
        assert not torch.equal(cast(Bendable, generator).at_side(w, 8, seeds, inside), generator.at_side(w, 8, seeds))
