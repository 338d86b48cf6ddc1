"""Sketches: lines where a picture has them, as wide as the pen, and by an unsure hand never twice the same."""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor
from torch.nn import functional as F

from models.sketches import LUMA, Pens, blurred, by_hand, from_ridge, lines, moved, sketched


def picture(side: int = 128, ground: float = 1.0) -> Tensor:
    return torch.full((1, 3, side, side), ground)


def disc(side: int = 128) -> Tensor:
    """A dark head on a light ground, with two eyes as light as the ground."""
    at = torch.linspace(-1, 1, side)
    away = lambda x, y: torch.hypot(at[None] - x, at[:, None] - y)  # noqa: E731
    head = (away(0, 0) < 0.7) & (away(-0.3, -0.2) > 0.1) & (away(0.3, -0.2) > 0.1)
    return (0.9 - 0.7 * F.avg_pool2d(head.float()[None, None], 3, 1, 1)).expand(1, 3, side, side)


def pens(**changes: float) -> Pens:
    usual = Pens(torch.tensor([1.0]), torch.tensor([0.25]), torch.tensor([2.0]), torch.tensor([LUMA]))
    return dataclasses.replace(usual, **{name: torch.tensor([value]) for name, value in changes.items()})


def test_an_empty_picture_is_empty_paper() -> None:
    for ground in (0.0, 0.5, 1.0):
        assert sketched(picture(ground=ground)).min() == 1


def test_a_stroke_becomes_one_line_in_its_middle() -> None:
    x = picture()
    x[..., 61:66, :] = 0
    ink = 1 - sketched(x)[0, 0]
    assert ink.shape == (128, 128)
    assert ink[63].min() > 0.9
    assert ink[:60].max() == ink[67:].max() == 0


def test_an_edge_becomes_one_line_on_its_dark_side() -> None:
    x = picture()
    x[..., 64:] = 0.2
    inked = (1 - sketched(x)[0, 0, 64]).nonzero().flatten()
    assert inked.min() >= 64
    assert inked.max() - inked.min() <= 3


def test_the_pen_decides_how_wide_a_line_is_and_the_detail_hardly() -> None:
    x = picture()
    x[..., 63:65] = 0
    thin, broad, blurred_thin, blurred_broad = (
        lines(x, pens(detail=detail, width=width))[0, 0, 64].sum() for detail in (1.0, 3.0) for width in (1.5, 3.5)
    )
    assert broad > thin + 0.5
    assert blurred_broad > blurred_thin + 0.5
    assert max(abs(blurred_thin - thin), abs(blurred_broad - broad)) < 1.3


def test_less_detail_leaves_the_head_and_not_the_eyes() -> None:
    fine, coarse = (lines(disc(), pens(detail=detail, least=0.5))[0, 0, 44:60, 36:52].sum() for detail in (1.0, 6.0))
    assert fine > 5
    assert coarse == 0


def test_the_size_changes_the_grain_and_not_the_drawing() -> None:
    large, small = sketched(disc(256)), sketched(disc(128))
    assert (F.avg_pool2d(large, 2) - small).abs().mean() < 0.03


def test_a_hand_is_sure_of_nothing_but_its_seed() -> None:
    x = disc().expand(6, -1, -1, -1)
    papers, again, other = (by_hand(x, torch.Generator().manual_seed(seed)) for seed in (0, 0, 1))
    assert torch.equal(papers, again)
    assert not torch.equal(papers, other)
    assert 0 <= papers.min() <= papers.max() <= 1
    assert all(not torch.equal(papers[0], paper) for paper in papers[1:]), "each sketch has a hand of its own"
    assert papers.mean() > 0.7
    assert (1 - papers).flatten(1).sum(1).min() > 20, "something of a head is always drawn"


def test_each_is_sketched_as_it_would_be_alone() -> None:
    x = torch.cat([disc(), picture(), 1 - disc()])
    assert torch.allclose(sketched(x), torch.cat([sketched(one[None]) for one in x]), atol=1e-5)


def test_a_blur_keeps_what_is_even_up_to_the_border() -> None:
    even = torch.full((2, 16, 20), 0.3)
    assert torch.allclose(blurred(even, torch.tensor([1.0, 5.0])), even)


def test_distance_from_a_ridge_is_in_pixels() -> None:
    at = torch.arange(32.0)
    height = (-((at - 15.25) / 4).square() / 2).exp().expand(1, 32, 32)
    assert torch.allclose(from_ridge(height)[0, 16, 14:17], (at - 15.25)[14:17].abs(), rtol=0.15)


def test_what_is_moved_comes_from_so_far_away() -> None:
    x = torch.rand(1, 3, 8, 10)
    by = torch.zeros(1, 8, 10, 2)
    by[..., 0] = 2
    assert torch.allclose(moved(x, by)[..., :8], x[..., 2:], atol=1e-5)
