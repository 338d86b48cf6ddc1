"""Latent arithmetic: pure functions on tensors that know no family."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

MAX_SEED = 2**32 - 1


def draw_z(seed: int, dim: int) -> Tensor:
    """(dim,) from the unit normal. Always drawn on the CPU, so that a seed means the same on every device."""
    return torch.randn(dim, generator=torch.Generator("cpu").manual_seed(seed))


def draw_plane(seed: int, dim: int) -> Tensor:
    """(2, dim): two orthonormal directions that belong to a seed, for a drag over a plane."""
    axes = torch.randn(dim, 2, generator=torch.Generator("cpu").manual_seed(seed ^ 0x9E3779B9))
    return torch.linalg.qr(axes).Q.T.contiguous()


def slerp(a: Tensor, b: Tensor, t: float) -> Tensor:
    """From a (t=0) to b (t=1) along the great circle, length interpolated too (Shoemake 1985); (..., dim).

    Nearly parallel or opposite ends have no single great circle, so there it is linear.
    """
    length_a, length_b = a.norm(dim=-1, keepdim=True), b.norm(dim=-1, keepdim=True)
    cosine = ((a / length_a) * (b / length_b)).sum(-1, keepdim=True).clamp(-1, 1)
    angle = cosine.acos()
    straight = torch.lerp(a, b, t)
    along = (a / length_a * ((1 - t) * angle).sin() + b / length_b * (t * angle).sin()) / angle.sin()
    return torch.where(cosine.abs() > 0.9995, straight, along * torch.lerp(length_a, length_b, t))


def shift(z: Tensor, plane: Tensor, x: float, y: float) -> Tensor:
    """Move z (dim,) over a plane (2, dim) and back to its own distance from the origin.

    Points of a high-dimensional normal lie near a sphere, so a drag that keeps the length stays among pictures
    that the network has learned.
    """
    length = z.norm()
    moved = z + length * (x * plane[0] + y * plane[1])
    return moved * (length / moved.norm().clamp_min(1e-8))


def truncate(w: Tensor, centre: Tensor, psi: float) -> Tensor:
    """Pull w towards its centre: psi 1 leaves it, 0 is the centre (Karras 2019, appendix B)."""
    return torch.lerp(centre, w, psi)


def mix(w: Tensor, other: Tensor, layers: Sequence[int]) -> Tensor:
    """Take the named layers of w (layers, w_dim) from another w: style mixing (Karras 2019, section 3.1)."""
    mixed = w.clone()
    mixed[list(layers)] = other[list(layers)]
    return mixed


def grid(a: Tensor, b: Tensor, c: Tensor, d: Tensor, rows: int, columns: int) -> Tensor:
    """(rows * columns, dim): slerp between four corners, a b over c d, row by row."""
    steps = lambda count: [i / max(count - 1, 1) for i in range(count)]  # noqa: E731
    return torch.stack([slerp(slerp(a, b, x), slerp(c, d, x), y) for y in steps(rows) for x in steps(columns)])
