"""Latent arithmetic: pure functions on tensors that know no family."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

MAX_SEED = 2**32 - 1
MAX_PSI = 1.5  # of truncation
TINY = 1e-8  # length below which nothing is divided by it
NEARLY_PARALLEL = 1e-4  # sine of the angle


def draw_z(seed: int, dim: int) -> Tensor:
    """(dim,) from the unit normal. Always drawn on the CPU, so that a seed means the same on every device."""
    return torch.randn(dim, generator=torch.Generator("cpu").manual_seed(seed))


class Turned(int):
    """A seed whose noise has gone part of the way round a circle, through that of another and back; who does not ask, sees the seed."""

    turn: float  # 0 .. 1

    def __new__(cls, seed: int, turn: float) -> Turned:
        self = super().__new__(cls, seed)
        self.turn = turn
        return self


def draw_noise(seed: int, dim: int) -> Tensor:
    """`draw_z`, also of a Turned seed: on the circle through two normals every point is a normal, and neighbours are alike."""
    noise = draw_z(seed, dim)
    if not isinstance(seed, Turned) or not seed.turn:
        return noise
    angle = math.tau * seed.turn
    return noise * math.cos(angle) + draw_z(seed ^ 0x5BD1E995, dim) * math.sin(angle)


def on_sphere(z: Tensor) -> Tensor:
    """Directions of z (..., dim) at the length sqrt(dim), where nearly all of a normal lies.

    A normal's direction is uniform (Muller 1959), so what comes of `draw_z` is spread evenly over the sphere, without the few
    that lie far out or close in.
    """
    return z * (math.sqrt(z.shape[-1]) / z.norm(dim=-1, keepdim=True).clamp_min(TINY))


def draw_plane(seed: int, dim: int) -> Tensor:
    """(2, dim): two orthonormal directions that belong to a seed, for a drag over a plane."""
    axes = torch.randn(dim, 2, generator=torch.Generator("cpu").manual_seed(seed ^ 0x9E3779B9))
    return torch.linalg.qr(axes).Q.T.contiguous()


def slerp(a: Tensor, b: Tensor, t: float) -> Tensor:
    """From a (t=0) to b (t=1) along the great circle, length interpolated too (Shoemake 1985); (dim,).

    Nearly parallel or opposite ends have no single great circle, so there it is linear.
    """
    # Under a hand this is done for every frame, and a tensor of one number takes as long as one of a thousand: so in plain numbers.
    length_a, length_b = max(float(a.norm()), TINY), max(float(b.norm()), TINY)
    cosine = float(a @ b) / (length_a * length_b)
    if abs(cosine) > 0.9995:
        return torch.lerp(a, b, t)
    angle, length = math.acos(cosine), length_a + (length_b - length_a) * t
    along_a, along_b = (length * math.sin(part * angle) / math.sin(angle) for part in (1 - t, t))
    return a * (along_a / length_a) + b * (along_b / length_b)


def great_circle(a: Tensor, b: Tensor, count: int) -> Tensor:
    """(count, dim): a closed tour from a (dim,) through b and round the far side, its last point one step before a again.

    The steps on either side of b are even, and its length is interpolated as in slerp. Ends in one direction, or in opposite
    ones, lie on many great circles: there the tour turns off towards the axis that a leans on least. ValueError below 2 points.
    """
    if count < 2:
        raise ValueError(f"A tour through two points has at least 2, not {count}.")
    length_a, length_b = a.norm(), b.norm()
    ahead, to = a / length_a, b / length_b
    aside = to - ahead * (to @ ahead)
    angle = torch.atan2(aside.norm(), to @ ahead)
    if aside.norm() < NEARLY_PARALLEL:
        aside = torch.eye(len(a), dtype=a.dtype, device=a.device)[ahead.abs().argmin()]
        aside = aside - ahead * (aside @ ahead)
    aside = aside / aside.norm()
    there = min(max(round(count * angle.item() / math.tau), 1), count - 1)  # steps from a to b; the others lead back
    out = torch.arange(there, dtype=a.dtype, device=a.device) / there
    back = torch.arange(count - there, dtype=a.dtype, device=a.device) / (count - there)
    angles = torch.cat([angle * out, torch.lerp(angle, torch.full_like(angle, math.tau), back)])[:, None]
    lengths = torch.cat([torch.lerp(length_a, length_b, out), torch.lerp(length_b, length_a, back)])[:, None]
    return (angles.cos() * ahead + angles.sin() * aside) * lengths


def shift(z: Tensor, plane: Tensor, x: float, y: float) -> Tensor:
    """Move z (dim,) over a plane (2, dim) and back to its own distance from the origin.

    Points of a high-dimensional normal lie near a sphere, so a drag that keeps the length stays among pictures
    that the network has learned.
    """
    length = z.norm()
    moved = z + length * (x * plane[0] + y * plane[1])
    return moved * (length / moved.norm().clamp_min(TINY))


def truncate(w: Tensor, centre: Tensor, psi: float) -> Tensor:
    """Pull w towards its centre: psi 1 leaves it, 0 is the centre (Karras 2019, appendix B)."""
    return torch.lerp(centre, w, psi)


def mix(w: Tensor, other: Tensor, layers: Sequence[int]) -> Tensor:
    """Take the named layers of w (layers, w_dim) from another w: style mixing (Karras 2019, section 3.1)."""
    mixed = w.clone()
    mixed[list(layers)] = other[list(layers)]
    return mixed


def blended(w: Tensor, centre: Tensor, shares: Tensor, flat: bool = False) -> Tensor:
    """One w between several (n, layers, w_dim), each with its centre, by shares (n, layers or 1) that sum to one: (layers, w_dim).

    Flat, it is their mean, and the mean of many strangers is nobody: it lies near the centre. Else it keeps their mean distance
    from it, layer by layer, as slerp does. A single one stays as it is.
    """
    if len(w) == 1:
        return w[0]
    weights = shares.to(w)[:, :, None]
    mean = (weights * w).sum(0)
    if flat:
        return mean
    middle = (weights * centre).sum(0)
    length = (weights * (w - centre).norm(dim=-1, keepdim=True)).sum(0).clamp_min(0)
    aside = mean - middle
    return middle + aside * (length / aside.norm(dim=-1, keepdim=True).clamp_min(TINY))


def grid(a: Tensor, b: Tensor, c: Tensor, d: Tensor, rows: int, columns: int) -> Tensor:
    """(rows * columns, dim): slerp between four corners, a b over c d, row by row."""
    steps = lambda count: [i / max(count - 1, 1) for i in range(count)]  # noqa: E731
    return torch.stack([slerp(slerp(a, b, x), slerp(c, d, x), y) for y in steps(rows) for x in steps(columns)])


def stratified(strata: int, count: int, seed: int) -> Tensor:
    """(count,) of 0 .. strata - 1: each in turn, every round in a new order (permuted blocks; Zelen 1974).

    However many are taken from the beginning, no stratum comes more than once oftener than another; a longer order begins
    with the shorter one.
    """
    draw = torch.Generator("cpu").manual_seed(seed)
    return torch.cat([torch.randperm(strata, generator=draw) for _ in range(-(-count // strata))] or [torch.empty(0).long()])[:count]


def farthest(points: Tensor, count: int) -> Tensor:
    """(count,): which of the points (n, dim) lie far apart, the first one among them: greedy k-centre (Gonzalez 1985).

    Each is the one farthest from all before it. How far any point then lies from its closest chosen one is at most twice what
    the best choice of as many could reach. ValueError where there are fewer points.
    """
    if not 1 <= count <= len(points):
        raise ValueError(f"Of {len(points)} points 1 to {len(points)} can be chosen, not {count}.")
    chosen = [0]
    nearest = (points - points[0]).norm(dim=1)
    while len(chosen) < count:
        nearest[chosen[-1]] = -1  # never twice, not even where points coincide
        chosen.append(int(nearest.argmax()))
        nearest = torch.minimum(nearest, (points - points[chosen[-1]]).norm(dim=1))
    return torch.tensor(chosen)
