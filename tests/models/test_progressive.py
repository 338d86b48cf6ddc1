"""A generator that grows shows what it drew on the way."""

import pytest
import torch
from torch.nn import functional as F

from models.generators.progressive import Progressive, ProgressiveConfig
from models.generators.style import Style, StyleConfig
from models.registry import GENERATORS
from models.spec import Condition, Generator
from models.training.critics.progressive import ProgressiveFeatures

SMALL = ProgressiveConfig(size=16, z_dim=4, widths=(8, 8, 6), embedding=3, styles=("x", "y"))


def built() -> Progressive:
    torch.manual_seed(0)
    return Progressive(SMALL)


def some(generator: Generator, n: int = 4) -> torch.Tensor:
    return generator.map(torch.randn(n, 4), Condition(None, torch.eye(2)[torch.arange(n) % 2]))


def test_it_grows_from_what_it_drew_before() -> None:
    generator = built()
    w = some(generator)
    coarse = generator.at_side(w, 8)
    assert coarse.shape == (4, 3, 8, 8)
    torch.testing.assert_close(generator.up_to(8).synthesize(w), coarse)
    generator.grow(8)
    torch.testing.assert_close(generator.synthesize(w), coarse)
    generator.grow(16, fade=0.0)
    torch.testing.assert_close(generator.synthesize(w), F.interpolate(coarse, scale_factor=2.0))
    generator.grow(16, fade=0.5)
    half = generator.synthesize(w)
    generator.grow(16)
    torch.testing.assert_close(half, (F.interpolate(coarse, scale_factor=2.0) + generator.synthesize(w)) / 2)


def test_a_side_is_shown_without_a_trace() -> None:
    """Many visitors draw with one network: a look at a coarser side changes nothing for the others."""
    generator = built()
    w = some(generator)
    before = generator.synthesize(w)
    generator.at_side(w, 8)
    assert torch.equal(generator.synthesize(w), before)
    assert torch.equal(generator.at_side(w, 16), before)
    assert generator.spec.sides == (8, 16)
    with pytest.raises(ValueError, match="grows through 4, 8, 16 pixels, not 12"):
        generator.at_side(w, 12)


def test_a_style_generator_shows_what_its_coarser_layers_add_up_to() -> None:
    torch.manual_seed(0)
    style = Style(StyleConfig(size=16, z_dim=4, w_dim=6, widths=(8, 8, 4), mapping_layers=1))
    w = style.map(torch.randn(2, 4), Condition())
    assert style.spec.sides == (8, 16)
    before = style.synthesize(w, [1, 2])
    torch.testing.assert_close(style.at_side(w, 8, [1, 2]), style.up_to(8).synthesize(w[:, :4], [1, 2]))
    assert torch.equal(style.at_side(w, 16, [1, 2]), before)
    assert torch.equal(style.synthesize(w, [1, 2]), before)


def test_settling_makes_the_coarser_sides_likenesses_of_the_whole() -> None:
    generator = built()
    w = some(generator, 32)
    whole = generator.synthesize(w)
    small = F.avg_pool2d(whole, 2)
    off = lambda: (generator.at_side(w, 8) - small).square().mean().item()  # noqa: E731
    before = off()
    generator.settle()
    assert off() < min(before, small.var().item()) / 2
    torch.testing.assert_close(generator.synthesize(w), whole)


def test_every_pixel_s_maps_have_unit_length() -> None:
    generator = built()
    maps = generator._maps(some(generator), 3)
    torch.testing.assert_close(maps.square().mean(1), torch.ones(4, 16, 16), atol=1e-4, rtol=1e-4)


def test_a_new_resolution_changes_nothing_for_the_critic_at_first() -> None:
    torch.manual_seed(0)
    features = ProgressiveFeatures(SMALL)
    x = torch.randn(4, 3, 16, 16)
    before = features(F.avg_pool2d(x, 2))
    features.fade = 0.0
    torch.testing.assert_close(features(x), before)


def test_a_family_of_one_size_refuses_others() -> None:
    generator = GENERATORS.get("vae").build({"size": 8, "z_dim": 2, "width": 4})
    assert generator.up_to(8) is generator
    for ask in (generator.grow, generator.up_to, lambda side: generator.at_side(torch.zeros(1, 1, 2), side)):
        with pytest.raises(ValueError, match="family 'vae' has one size, 8 pixels, not 4"):
            ask(4)


def test_widths_that_do_not_make_the_size_are_refused() -> None:
    for config in (ProgressiveConfig, StyleConfig):
        with pytest.raises(ValueError, match="3 widths make 16 pixels, not 64"):
            config(size=64, widths=(8, 8, 8))
    assert Style(StyleConfig(size=8, widths=(4, 4), z_dim=4, w_dim=4)).up_to(8).spec.size == 8
