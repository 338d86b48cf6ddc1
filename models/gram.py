"""Style as the encoder sees it: which features go together, wherever they lie (Gatys 2016); and what of a picture is not style."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from models.encoder import Encoder

STRUCTURE = (1, 2, 3)  # levels at which contents are compared, strides 4, 8 and 16


def gram(features: Tensor) -> Tensor:
    """(n, c, h, w) -> (n, c, c) float32: the mean over places of each product of two channels (Gatys 2016, equation 3)."""
    flat = features.float().flatten(2)
    return flat @ flat.transpose(1, 2) / flat.shape[2]


def seen_twice(encoder: Encoder, x: Tensor) -> list[Tensor]:
    """The encoder's maps of (n, 3, h, w) in [0, 1], from near and from twice as far: eight of them, fine to coarse in each."""
    return [*encoder(2 * x - 1), *encoder(2 * F.avg_pool2d(x, 2) - 1)]


def grams(encoder: Encoder, x: Tensor) -> list[Tensor]:
    return [gram(features) for features in seen_twice(encoder, x)]


def style_distance(found: Sequence[Tensor], wanted: Sequence[Tensor]) -> Tensor:
    """Squared distance of Gram matrices (Gatys 2016, equations 4 and 5), (n,): 0 the same style; 1 as far as an empty picture is.

    Each level is measured by the length of the wanted matrix, so that all levels and all styles count alike.
    """
    levels = [(p - q).square().sum((1, 2)) / (q.square().sum((1, 2)) + 1e-3) for p, q in zip(found, wanted, strict=True)]
    return torch.stack(levels).mean(0)


def content_distance(found: Sequence[Tensor], wanted: Sequence[Tensor]) -> Tensor:
    """Squared error of the coarser maps of an encoder, (n,), each channel brought to mean 0 and deviation 1 first; 2 = nothing in common.

    So a picture keeps its content whatever its colours and contrasts become (Huang and Belongie 2017, section 5).
    """
    levels = [(levelled(found[k]) - levelled(wanted[k])).square().mean((1, 2, 3)) for k in STRUCTURE]
    return torch.stack(levels).mean(0)


def moments(features: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and deviation of each channel over all places, (n, c, 1, 1) float32; the deviation never quite 0."""
    features = features.float()
    mean, square = features.mean((2, 3), keepdim=True), features.square().mean((2, 3), keepdim=True)
    return mean, ((square - mean.square()).clamp_min(0) + 1e-5).sqrt()  # torch.var_mean takes twenty times as long here


def levelled(features: Tensor) -> Tensor:
    """Each channel with mean 0 and deviation 1 over all places (instance normalisation, Ulyanov 2017)."""
    mean, deviation = moments(features)
    return (features.float() - mean) / deviation


def tilted(x: Tensor, angle: float) -> Tensor:
    """(n, c, h, w) turned about its middle by an angle in radians, mirrored at its edges.

    The encoder is fond of upright and level edges; what is learned or sought at every angle is not woven of them.
    """
    if angle == 0:
        return x
    (height, width), cosine, sine = x.shape[-2:], math.cos(angle), math.sin(angle)
    turn = x.new_tensor([[cosine, -sine * height / width, 0], [sine * width / height, cosine, 0]])
    at = F.affine_grid(turn.expand(len(x), 2, 3), list(x.shape), align_corners=False)
    return F.grid_sample(x, at, mode="bilinear", padding_mode="reflection", align_corners=False)
