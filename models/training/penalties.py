"""What is asked of gradients, so that a game converges."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor


def gradient_square(scores: Tensor, pictures: Tensor) -> Tensor:
    """Mean squared gradient of a critic at pictures: R1 at real ones, R2 at drawn ones (Mescheder 2018, equation 9, without weight / 2)."""
    (gradient,) = torch.autograd.grad(scores.sum(), pictures, create_graph=True)
    return gradient.float().square().sum(dim=(1, 2, 3)).mean()


def gradient_penalty(score: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor, share: Tensor) -> Tensor:
    """Mean squared distance of the gradient's length from 1, between real and drawn pictures (Gulrajani 2017, equation 3).

    share (n, 1, 1, 1) in [0, 1] says where between; score maps pictures (n, c, h, w) to (n, k).
    """
    between = torch.lerp(real, fake, share).detach().requires_grad_(True)
    (gradient,) = torch.autograd.grad(score(between).sum(), between, create_graph=True)
    return (gradient.float().flatten(1).norm(dim=1) - 1).square().mean()


def path_lengths(pictures: Tensor, w: Tensor, noise: Tensor) -> Tensor:
    """Length of each picture's gradient in w, (n,): how far a step in w moves the picture (Karras 2020, equation 4).

    noise: standard normal, of the pictures' shape (n, c, h, w); w (n, layers, w_dim).
    """
    scaled = noise / math.sqrt(pictures.shape[2] * pictures.shape[3])
    (gradient,) = torch.autograd.grad((pictures.float() * scaled).sum(), w, create_graph=True)
    return gradient.float().square().sum(2).mean(1).sqrt()
