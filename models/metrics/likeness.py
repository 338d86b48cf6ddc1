"""How like one picture is to another, pixel by pixel: PSNR, SSIM and MS-SSIM, of pictures (n, c, h, w) in [0, 1]; each gives (n,)."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from models.checkpoint import Checkpoint
from models.generators.vae import Vae
from models.metrics.samples import Samples

WINDOW, SIGMA = 11, 1.5  # pixels: the Gaussian window of Wang 2004
STEADY = (0.01**2, 0.03**2)  # C1 and C2, for a range of one
SCALES = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)  # weights of the resolutions, fine to coarse (Wang 2003)
PART = 500


def psnr(x: Tensor, y: Tensor) -> Tensor:
    """Peak signal to noise ratio in decibels; infinite for equal pictures."""
    return -10 * (x - y).square().mean(dim=(1, 2, 3)).log10()


def ssim(x: Tensor, y: Tensor) -> Tensor:
    """Structural similarity, 1 for equal pictures (Wang 2004), where the window lies wholly on the picture: at least 11 pixels a side."""
    return _similarity(x, y)[0]


def ms_ssim(x: Tensor, y: Tensor) -> Tensor:
    """Structural similarity over five resolutions (Wang 2003); pictures of at least 176 pixels a side."""
    parts = []
    for scale in range(len(SCALES)):
        whole, structure = _similarity(x, y)
        parts.append((whole if scale == len(SCALES) - 1 else structure).clamp_min(0))
        x, y = F.avg_pool2d(x, 2), F.avg_pool2d(y, 2)
    return torch.stack(parts).pow(torch.tensor(SCALES, dtype=x.dtype)[:, None]).prod(0)


def _similarity(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """SSIM, and its factor of contrast and structure alone."""
    if min(x.shape[-2:]) < WINDOW:
        raise ValueError(f"A side of at least {WINDOW} pixels can be compared by SSIM, not {min(x.shape[-2:])}.")
    n, channels = x.shape[:2]
    mean_x, mean_y, xx, yy, xy = _blurred(torch.cat([x, y, x * x, y * y, x * y])).unflatten(0, (5, n)).unbind(0)
    spread_x, spread_y, together = xx - mean_x**2, yy - mean_y**2, xy - mean_x * mean_y
    structure = (2 * together + STEADY[1]) / (spread_x + spread_y + STEADY[1])
    light = (2 * mean_x * mean_y + STEADY[0]) / (mean_x**2 + mean_y**2 + STEADY[0])
    return (light * structure).mean(dim=(1, 2, 3)), structure.mean(dim=(1, 2, 3))


def _blurred(x: Tensor) -> Tensor:
    """Means under the window, one a place it fits on."""
    at = torch.arange(WINDOW, dtype=x.dtype, device=x.device) - WINDOW // 2
    line = (-at.square() / (2 * SIGMA**2)).exp()
    line = (line / line.sum()).expand(x.shape[1], 1, 1, -1)
    return F.conv2d(F.conv2d(x, line, groups=x.shape[1]), line.transpose(2, 3), groups=x.shape[1])


class Redrawing:
    """PSNR and SSIM of held-out pictures redrawn by an autoencoder from the mean of what it read."""

    def names(self, checkpoint: Checkpoint) -> tuple[str, ...]:
        return ("redrawn_psnr", "redrawn_ssim") if isinstance(checkpoint.generator, Vae) else ()

    @torch.inference_mode()
    def measure(self, samples: Samples) -> Mapping[str, float]:
        vae = samples.checkpoint.generator
        assert isinstance(vae, Vae)
        rows = samples.data.test()
        decibels, likeness = [], []
        for part in np.array_split(rows, math.ceil(len(rows) / PART)):
            x = torch.from_numpy(np.asarray(samples.data.pictures[part])).permute(0, 3, 1, 2).float() / 255
            x = F.adaptive_avg_pool2d(x, vae.spec.size)
            redrawn = (vae.synthesize(vae.encode(x)[0].unsqueeze(1))[:, : vae.spec.channels].clamp(-1, 1) + 1) / 2
            decibels.append(psnr(x, redrawn))
            likeness.append(ssim(x, redrawn))
        return {"redrawn_psnr": torch.cat(decibels).mean().item(), "redrawn_ssim": torch.cat(likeness).mean().item()}
