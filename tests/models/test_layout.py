"""Layouts keep neighbours: better than the principal axes, far better than chance, alike each time, and whatever they are given."""

from __future__ import annotations

import numpy as np
import pytest

from models.layout import neighbour_layout, principal, squared_distances, wall

NEAREST = 10


def swiss_roll(count: int) -> np.ndarray:
    """(count, 3): a sheet that is rolled up, so that no flat view of it keeps neighbours."""
    draw = np.random.default_rng(1)
    turn, height = 1.5 * np.pi * (1 + 2 * draw.random(count)), 20 * draw.random(count)
    return np.stack([turn * np.cos(turn), height, turn * np.sin(turn)], axis=1)


def trustworthiness(points: np.ndarray, places: np.ndarray) -> float:
    """0 .. 1, how far those that lie close together belong together (Venna 2001, equation 1)."""
    count = len(points)
    apart, near = squared_distances(points), squared_distances(places.astype(float))
    for distances in (apart, near):
        np.fill_diagonal(distances, np.inf)
    ranks = apart.argsort(1, kind="stable").argsort(1, kind="stable") + 1
    found = np.take_along_axis(ranks, near.argsort(1, kind="stable")[:, :NEAREST], 1)
    return 1 - 2 / (count * NEAREST * (2 * count - 3 * NEAREST - 1)) * np.maximum(found - NEAREST, 0).sum()


def test_neighbours_stay_neighbours() -> None:
    roll = swiss_roll(160)
    places = neighbour_layout(roll)
    chance = trustworthiness(roll, np.random.default_rng(2).random((160, 2)))
    assert trustworthiness(roll, places) > max(trustworthiness(roll, principal(roll)) + 0.05, 0.97)
    assert trustworthiness(roll, wall(places, 13)) > chance + 0.3
    assert chance < 0.6


def test_equal_points_give_equal_layouts() -> None:
    roll = swiss_roll(60)
    assert np.array_equal(neighbour_layout(roll), neighbour_layout(roll.copy()))


def test_what_is_held_stays_and_the_others_find_their_neighbours() -> None:
    roll = swiss_roll(160)
    held = neighbour_layout(roll[:120])
    places = neighbour_layout(roll, held)
    assert np.array_equal(places[:120], held)
    assert trustworthiness(roll, places) > 0.95
    assert np.array_equal(neighbour_layout(roll[:120], held), held)
    few = neighbour_layout(roll[:3], held[:2])
    assert np.array_equal(few[:2], held[:2])


@pytest.mark.parametrize(
    "points",
    [np.zeros((0, 5)), np.ones((1, 5)), np.eye(2), np.eye(3), np.ones((40, 4)), np.repeat(np.eye(5), 8, axis=0), 1e6 * swiss_roll(30)],
    ids=["none", "one", "two", "three", "all the same", "each eight times", "large"],
)
def test_whatever_comes_has_its_place(points: np.ndarray) -> None:
    for found in (principal(points), places := neighbour_layout(points)):
        assert found.shape == (len(points), 2)
        assert np.isfinite(found).all()
    for columns in (1, 4, 7):
        cells = wall(places, columns)
        assert sorted(row * columns + column for column, row in cells.tolist()) == list(range(len(points)))


def test_what_is_not_finite_is_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        neighbour_layout(np.array([[0.0], [np.nan]]))


def test_a_wall_of_a_shuffled_grid_is_that_grid() -> None:
    cells = np.stack(np.meshgrid(np.arange(8), np.arange(8)), axis=-1).reshape(-1, 2)
    order = np.random.default_rng(0).permutation(64)
    assert np.array_equal(wall(cells[order].astype(float), 8), cells[order])
