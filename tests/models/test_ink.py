"""A brush's ink: where the stroke goes, dark within and soft at the edge, alone as in company."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from models.ink import dabs, ink

ACROSS = np.array([[0.2, 0.5], [0.8, 0.5]], np.float32)
DOWN = np.array([[0.5, 0.2], [0.5, 0.8]], np.float32)
DOT = np.array([[0.5, 0.5]], np.float32)


def test_ink_lies_along_the_stroke_and_nowhere_else() -> None:
    page = ink([[ACROSS]], 64)[0]
    assert page.shape == (64, 64)
    assert page[32, 16:48].min() > 0.8
    assert page[:26].max() == page[38:].max() == 0
    assert 0 < page[page > 0].min() < 0.5, "its edge is soft"


def test_a_line_across_is_thinner_than_one_down() -> None:
    across, down = ink([[ACROSS], [DOWN]], 128)
    assert across[:, 64].sum() < 0.9 * down[64].sum()


def test_the_size_changes_the_grain_and_not_the_drawing() -> None:
    fine, coarse = (ink([[ACROSS, DOWN]], size) for size in (256, 64))
    pooled = torch.nn.functional.avg_pool2d(fine[:, None], 4)[:, 0]
    assert (pooled - coarse).abs().mean() < 0.01


def test_writings_do_not_touch_one_another_and_order_does_not_matter() -> None:
    both = ink([[ACROSS, DOWN], [DOT]], 32)
    assert torch.equal(both[:1], ink([[DOWN, ACROSS]], 32))
    assert torch.equal(both[1:], ink([[DOT]], 32))
    assert torch.equal(ink([[], [DOT]], 32)[0], torch.zeros(32, 32))


def test_a_blank_page_and_ink_beyond_its_edge() -> None:
    assert ink([[]], 16).sum() == 0
    edge = ink([[np.array([[0.0, 0.0], [1.0, 1.0]], np.float32)]], 16)
    assert edge.isfinite().all()
    assert edge[0].diagonal().min() > 0.3


@pytest.mark.parametrize(
    ("stroke", "pointed"),
    [
        ([[0.7, 0.2], [0.3, 0.8]], True),  # to the lower left
        ([[0.5, 0.1], [0.5, 0.8], [0.42, 0.72]], True),  # a hook
        ([[0.2, 0.2], [0.6, 0.7], [0.8, 0.8]], True),  # to the lower right, long
        ([[0.2, 0.5], [0.8, 0.48]], False),  # across
        ([[0.5, 0.2], [0.5, 0.8]], False),  # down
        ([[0.45, 0.4], [0.53, 0.5]], False),  # a dot
    ],
)
def test_a_stroke_ends_as_regular_script_has_it(stroke: list[list[float]], pointed: bool) -> None:
    radius = dabs(np.array(stroke, np.float32), 128)[:, 2]
    assert bool(radius[-1] < 0.5 * np.median(radius)) == pointed


def test_a_small_change_of_a_stroke_is_one_of_its_ink() -> None:
    turned = [np.array([[0.3, 0.3], [0.3 + 0.4 * np.cos(a), 0.3 + 0.4 * np.sin(a)]], np.float32) for a in np.linspace(0, 2 * np.pi, 721)]
    pages = ink([[stroke] for stroke in turned], 32)
    steps = (pages[1:] - pages[:-1]).abs().sum((1, 2))
    assert steps.max() < 6 * steps.median()
