"""Latent arithmetic against closed forms."""

import math

import pytest
import torch

from models.latent import draw_plane, draw_z, grid, mix, shift, slerp, truncate


def test_a_seed_always_means_the_same_z() -> None:
    assert torch.equal(draw_z(4711, 64), draw_z(4711, 64))
    assert not torch.equal(draw_z(4711, 64), draw_z(4712, 64))
    assert draw_z(0, 3).tolist() == pytest.approx([1.5410, -0.2934, -2.1788], abs=1e-4)  # torch's own promise for seed 0


@pytest.mark.parametrize("t", [0.0, 0.25, 0.5, 1.0])
def test_slerp_turns_a_right_angle_evenly(t: float) -> None:
    a, b = torch.tensor([2.0, 0.0]), torch.tensor([0.0, 2.0])
    expected = [2 * math.cos(t * math.pi / 2), 2 * math.sin(t * math.pi / 2)]
    assert slerp(a, b, t).tolist() == pytest.approx(expected, abs=1e-6)


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
