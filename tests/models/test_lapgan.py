"""A pyramid takes a picture apart and draws one level at a time."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import pytest
import torch
from torch.nn import functional as F

from models.generators.lapgan import FAINT, Lapgan, LapganConfig, pyramid
from models.latent import mix
from models.layers import double
from models.spec import Condition
from models.training.critics.lapgan import band, lapgan_critics
from models.training.objectives import Batch, Pyramid
from models.training.presets import Preset
from models.training.shards import Shard

SMALL = LapganConfig(size=32, channels=1, noise=3, hidden=8, width=8, classes=("a", "b"))


def built() -> tuple[Lapgan, torch.Tensor]:
    torch.manual_seed(0)
    generator = Lapgan(SMALL)
    return generator, generator.map(torch.randn(4, 9), Condition(torch.eye(2)[[0, 0, 1, 1]]))


def test_bands_put_together_are_the_picture() -> None:
    x = torch.rand(2, 1, 32, 32) * 2 - 1
    bands = pyramid(x, 3)
    assert [residual.shape[-1] for _, residual in bands] == [8, 16, 32]
    built_up = bands[0][1]
    for coarser, residual in bands[1:]:
        torch.testing.assert_close(coarser, built_up)
        built_up = double(coarser) + residual
    torch.testing.assert_close(built_up, x)
    torch.testing.assert_close(F.avg_pool2d(x, 4), bands[0][1])


def test_holding_the_coarse_levels_keeps_the_composition() -> None:
    """Style mixing on a pyramid: what comes before the layers that change stays as it was, bit by bit."""
    generator, w = built()
    other = torch.randn_like(w)
    mixed = torch.stack([mix(a, b, [2]) for a, b in zip(w, other, strict=True)])
    assert generator.spec.layers == len(generator.spec.sides) == 3
    assert torch.equal(generator.at_side(w, 16), generator.at_side(mixed, 16))
    assert not torch.equal(generator.synthesize(w), generator.synthesize(mixed))
    assert torch.equal(generator.at_side(w, 32), generator.synthesize(w))
    with pytest.raises(ValueError, match="levels are 8, 16, 32 pixels, not 4"):
        generator.at_side(w, 4)


def test_each_row_holds_its_own_noise_and_the_names() -> None:
    generator, _ = built()
    z = torch.arange(9.0)[None]
    w = generator.map(z, Condition(torch.tensor([[0.0, 1.0]])))
    assert w[0, :, :3].flatten().tolist() == z[0].tolist()
    assert torch.equal(w[0, :, 3:], torch.tensor([0.0, 2**0.5]).expand(3, 2))


def test_a_critic_sees_the_stretched_picture_beside_the_residual() -> None:
    generator, _ = built()
    coarser, residual = pyramid(torch.rand(2, 1, 32, 32), 3)[2]
    seen = band(coarser, residual)
    assert torch.equal(seen[:, :1], double(coarser))
    assert torch.equal(seen[:, 1:] * FAINT, residual)
    shapes = [
        critic(torch.randn(2, c, s, s), Condition(torch.eye(2))).score.shape
        for critic, c, s in zip(lapgan_critics(generator), (1, 2, 2), (8, 16, 32), strict=True)
    ]
    assert shapes == [(2, 1)] * 3


def test_no_level_learns_from_another() -> None:
    """With one level's real band changed, only that level's networks move otherwise."""
    moved: list[Mapping[str, torch.Tensor]] = []
    for change in (0.0, 0.25):
        generator, _ = built()
        objective = Pyramid(generator, preset(), Shard())
        x = torch.randint(256, (8, 1, 32, 32), generator=torch.Generator().manual_seed(1)) / 256
        checks = torch.ones(32).index_fill(0, torch.arange(0, 32, 2), -1)  # gone when averaged, and without a rounding
        x = x + change * checks[:, None] * checks[None, :]
        torch.manual_seed(2)
        objective.step(Batch(x, Condition(torch.eye(2)[[0, 0, 0, 0, 1, 1, 1, 1]]), torch.arange(8).numpy()), 0)
        moved.append(generator.state_dict())
    assert {name[:9] for name, before in moved[0].items() if not torch.equal(before, moved[1][name])} == {"details.1"}


def preset(**changes: Any) -> Preset:
    return dataclasses.replace(Preset("lapgan", "x", batch=8, r1_every=2, rate=1e-2, variety=1.0), **changes)


def test_what_a_pyramid_cannot_do_is_refused() -> None:
    for changes in ({"critic": "projected"}, {"recognise": 1.0}, {"path_length": 1.0}):
        with pytest.raises(ValueError, match="leave the other choices out"):
            Pyramid(built()[0], preset(**changes), Shard())
    with pytest.raises(ValueError, match="8 doubled some times, not 48"):
        LapganConfig(size=48)
