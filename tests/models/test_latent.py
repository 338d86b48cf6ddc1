"""Latent arithmetic against closed forms."""

import math
from itertools import combinations

import numpy as np
import pytest
import torch
from scipy.spatial import geometric_slerp
from torch import Tensor

from models.latent import blended, draw_plane, draw_z, farthest, great_circle, grid, mix, on_sphere, shift, slerp, stratified, truncate


def test_a_seed_always_means_the_same_z() -> None:
    assert torch.equal(draw_z(4711, 64), draw_z(4711, 64))
    assert not torch.equal(draw_z(4711, 64), draw_z(4712, 64))
    assert draw_z(0, 3).tolist() == pytest.approx([1.5410, -0.2934, -2.1788], abs=1e-4)  # torch's own promise for seed 0


@pytest.mark.parametrize("t", [0.0, 0.25, 0.5, 1.0])
def test_slerp_turns_a_right_angle_evenly(t: float) -> None:
    a, b = torch.tensor([2.0, 0.0]), torch.tensor([0.0, 2.0])
    expected = [2 * math.cos(t * math.pi / 2), 2 * math.sin(t * math.pi / 2)]
    assert slerp(a, b, t).tolist() == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("dim", [2, 3, 64])
def test_slerp_of_directions_is_that_of_scipy(dim: int) -> None:
    a, b = (draw_z(seed, dim).double() for seed in (1, 2))
    a, b, steps = a / a.norm(), b / b.norm(), np.linspace(0, 1, 9)
    ours = torch.stack([slerp(a, b, t) for t in steps])
    np.testing.assert_allclose(ours.numpy(), geometric_slerp(a.numpy(), b.numpy(), steps), atol=1e-12)


def test_slerp_reaches_both_ends_and_is_finite_between_equals() -> None:
    a, b = draw_z(1, 128), draw_z(2, 128)
    torch.testing.assert_close(slerp(a, b, 0.0), a)
    torch.testing.assert_close(slerp(a, b, 1.0), b)
    torch.testing.assert_close(slerp(a, a, 0.3), a)
    assert slerp(a, -a, 0.5).isfinite().all()


def test_a_plane_is_orthonormal_and_belongs_to_its_seed() -> None:
    plane = draw_plane(7, 64)
    torch.testing.assert_close(plane @ plane.T, torch.eye(2), atol=1e-5, rtol=0)
    assert torch.equal(plane, draw_plane(7, 64))


def test_a_shift_keeps_the_distance_from_the_origin() -> None:
    z = draw_z(3, 64)
    moved = shift(z, draw_plane(3, 64), 0.7, -1.2)
    assert moved.norm().item() == pytest.approx(z.norm().item(), rel=1e-5)
    torch.testing.assert_close(shift(z, draw_plane(3, 64), 0.0, 0.0), z)


def test_truncation_runs_from_centre_to_w() -> None:
    w, centre = torch.randn(4, 8), torch.randn(4, 8)
    torch.testing.assert_close(truncate(w, centre, 0.0), centre)
    torch.testing.assert_close(truncate(w, centre, 1.0), w)


def test_mixing_takes_the_named_layers_only() -> None:
    w, other = torch.zeros(4, 3), torch.ones(4, 3)
    assert mix(w, other, (1, 3)).sum(1).tolist() == [0, 3, 0, 3]
    assert w.sum() == 0


def test_a_grid_has_its_corners_at_the_corners() -> None:
    corners = [draw_z(seed, 16) for seed in range(4)]
    cells = grid(*corners, rows=3, columns=5)
    for cell, corner in zip((0, 4, 10, 14), corners, strict=True):
        torch.testing.assert_close(cells[cell], corner)


def test_on_the_sphere_all_are_as_long_and_directions_stay() -> None:
    z = torch.stack([draw_z(seed, 64) for seed in range(200)])
    there = on_sphere(z)
    torch.testing.assert_close(there.norm(dim=1), torch.full((200,), 8.0))
    torch.testing.assert_close(there / 8, z / z.norm(dim=1, keepdim=True))
    assert on_sphere(torch.zeros(4)).isfinite().all()


def test_directions_on_the_sphere_are_uniform() -> None:
    """On a sphere in three dimensions each coordinate is uniform (Archimedes): the mean of its square is a third of the radius's."""
    there = on_sphere(torch.randn(20_000, 3, generator=torch.Generator().manual_seed(0))) / math.sqrt(3)
    quarters = torch.histc(there[:, 0], 4, -1, 1) / len(there)
    torch.testing.assert_close(quarters, torch.full((4,), 0.25), atol=0.01, rtol=0)
    torch.testing.assert_close(there.T @ there / len(there), torch.eye(3) / 3, atol=0.01, rtol=0)


def test_a_tour_of_a_circle_has_the_angles_of_a_clock() -> None:
    tour = great_circle(torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0]), 12)
    hours = torch.arange(12) * (math.tau / 12)
    torch.testing.assert_close(tour, torch.stack([hours.cos(), hours.sin()], dim=1), atol=1e-6, rtol=0)


def test_a_tour_begins_as_slerp_passes_through_b_and_closes() -> None:
    a, b = draw_z(1, 64).double(), 3 * draw_z(2, 64).double()
    tour = great_circle(a, b, 40)
    there = int((tour - b).norm(dim=1).argmin())
    torch.testing.assert_close(tour[0], a)
    torch.testing.assert_close(tour[there], b)
    torch.testing.assert_close(tour[:there], torch.stack([slerp(a, b, i / there) for i in range(there)]))
    half = geometric_slerp((a / a.norm()).numpy(), (b / b.norm()).numpy(), np.arange(there) / there)
    np.testing.assert_allclose((tour[:there] / tour[:there].norm(dim=1, keepdim=True)).numpy(), half, atol=1e-12)
    turns = torch.nn.functional.cosine_similarity(tour, tour.roll(-1, dims=0)).clamp(-1, 1).acos()
    assert turns.sum().item() == pytest.approx(math.tau)
    assert turns.max() < 1.1 * turns.min(), "even steps all the way round"


@pytest.mark.parametrize("b", [torch.tensor([2.0, 0.0, 0.0]), torch.tensor([-2.0, 0.0, 0.0])])
def test_a_tour_is_whole_where_no_single_circle_is_meant(b: Tensor) -> None:
    a = torch.tensor([2.0, 0.0, 0.0])
    tour = great_circle(a, b, 8)
    torch.testing.assert_close(tour.norm(dim=1), torch.full((8,), 2.0))
    torch.testing.assert_close(tour[0], a)
    assert (tour - b).norm(dim=1).min() < 1e-5


def test_a_tour_of_one_point_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 2, not 1"):
        great_circle(draw_z(1, 4), draw_z(2, 4), 1)


def test_strata_come_in_turn_and_in_an_order_of_their_own() -> None:
    order = stratified(5, 23, seed=1)
    rounds = order[:20].view(4, 5)
    assert rounds.sort(dim=1).values.tolist() == [[0, 1, 2, 3, 4]] * 4
    assert len({tuple(row) for row in rounds.tolist()}) > 1
    assert sorted(torch.bincount(order).tolist()) == [4, 4, 5, 5, 5]
    assert stratified(5, 7, seed=1).tolist() == order[:7].tolist(), "a longer order begins with the shorter one"
    assert stratified(5, 0, seed=1).tolist() == []
    assert not torch.equal(stratified(5, 23, seed=2), order)


def test_the_farthest_of_a_line_are_its_ends_then_its_middle() -> None:
    assert farthest(torch.arange(9.0)[:, None], 5).tolist() == [0, 8, 4, 2, 6]
    assert farthest(torch.zeros(3, 2), 3).sort().values.tolist() == [0, 1, 2], "none twice, not even where points coincide"
    with pytest.raises(ValueError, match="Of 3 points 1 to 3"):
        farthest(torch.zeros(3, 2), 4)


@pytest.mark.parametrize("seed", range(5))
def test_the_farthest_cover_all_within_twice_the_best_radius(seed: int) -> None:
    points = torch.randn(12, 3, generator=torch.Generator().manual_seed(seed))
    apart = torch.cdist(points, points)
    reach = lambda chosen: apart[:, list(chosen)].min(dim=1).values.max().item()  # noqa: E731
    best = min(reach(chosen) for chosen in combinations(range(12), 3))
    assert reach(farthest(points, 3).tolist()) <= 2 * best


def test_a_blend_keeps_the_mean_distance_from_the_middle_unless_it_is_flat() -> None:
    torch.manual_seed(0)
    w, centre = torch.randn(3, 4, 16), torch.randn(1, 4, 16).expand(3, -1, -1)
    shares = torch.tensor([[0.5], [0.3], [0.2]])
    weights = shares[:, :, None]
    torch.testing.assert_close(blended(w, centre, shares, flat=True), (weights * w).sum(0))
    kept = (blended(w, centre, shares) - centre[0]).norm(dim=-1)
    torch.testing.assert_close(kept, (weights[..., 0] * (w - centre).norm(dim=-1)).sum(0))
    assert torch.equal(blended(w[:1], centre[:1], torch.ones(1, 1)), w[0])
    torch.testing.assert_close(blended(w, centre, torch.tensor([[1.0], [0.0], [0.0]])), w[0])


def test_a_blend_can_take_each_layer_from_another() -> None:
    torch.manual_seed(0)
    w, centre = torch.randn(2, 4, 16), torch.zeros(2, 4, 16)
    crossed = blended(w, centre, torch.tensor([[1.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 1.0]]))
    torch.testing.assert_close(crossed, torch.cat([w[0, :2], w[1, 2:]]))
