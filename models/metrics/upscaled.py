"""What an upscaler regains: photographs made smaller and enlarged again, by bicubic interpolation and by both of its temperaments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from models.encoder import distance, load_encoder
from models.metrics.likeness import psnr, ssim
from models.training.datasets.reading import picture_files, read
from models.translators.translator import Translator

LUMA = (65.481 / 255, 128.553 / 255, 24.966 / 255)  # ITU-R BT.601, in the studio range, as the field compares (Timofte 2017)
WINDOW = 128  # pixels a side of what the encoder is shown at once


@torch.inference_mode()
def upscaled_scores(upscaler: Translator, folder: Path) -> Mapping[str, float]:
    """Means over a folder's pictures: PSNR and SSIM on luma without a border of `factor` pixels, and perceptual distance.

    Small pictures are made by bicubic reduction with antialiasing, and rounded to 8 bits.
    """
    factor, encoder = upscaler.spec.factor, load_encoder()
    ways: Mapping[str, Callable[[Tensor], Tensor]] = {
        "bicubic": lambda x: bicubic(x, factor),
        "faithful": lambda x: upscaler.translate(x, {"crispness": 0.0}),
        "crisp": lambda x: upscaler.translate(x, {"crispness": 1.0}),
    }
    scores: dict[str, list[float]] = {}
    for path in sorted(picture_files(folder)):
        large = torch.from_numpy(np.array(read(path))).permute(2, 0, 1)[None].float() / 255
        large = large[..., : large.shape[-2] // factor * factor, : large.shape[-1] // factor * factor]
        small = bicubic(large, 1 / factor).mul(255).round() / 255
        for name, way in ways.items():
            again = way(small).mul(255).round() / 255
            bright, wanted = (luma(x)[..., factor:-factor, factor:-factor] for x in (again, large))
            scores.setdefault(f"{name}_psnr", []).append(psnr(bright, wanted).item())
            scores.setdefault(f"{name}_ssim", []).append(ssim(bright, wanted).item())
            seen, known = (encoder(windows(2 * x - 1)) for x in (again, large))
            scores.setdefault(f"{name}_perceptual", []).append(distance(seen, known).mean().item())
    return {name: float(np.mean(values)) for name, values in scores.items()}


def bicubic(x: Tensor, factor: float) -> Tensor:
    """Keys' kernel with a = -0.5, which is what the field means by the word; torch takes another where it does not antialias."""
    return F.interpolate(x, scale_factor=factor, mode="bicubic", antialias=True).clamp(0, 1)


def luma(x: Tensor) -> Tensor:
    """(n, 3, h, w) in [0, 1] -> (n, 1, h, w) in [16 / 255, 235 / 255]."""
    return (x * x.new_tensor(LUMA).view(3, 1, 1)).sum(1, keepdim=True) + 16 / 255


def windows(x: Tensor) -> Tensor:
    """(1, 3, h, w) -> (n, 3, 128, 128): side by side from the top left, what is left over at the ends left out."""
    parts = x.unfold(2, WINDOW, WINDOW).unfold(3, WINDOW, WINDOW)
    return parts.permute(0, 2, 3, 1, 4, 5).reshape(-1, x.shape[1], WINDOW, WINDOW)
