"""What picture repair regains: photographs with a fifth of them hidden by strokes, filled by us and by what OpenCV has for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import Tensor

from models.encoder import Encoder, distance, load_encoder
from models.metrics.upscaled import windows
from models.training.datasets.reading import picture_files, read
from models.training.masks import free_form
from models.translators.inpainting import Inpainting
from models.translators.mending import mend
from models.translators.translator import Translator

HIDDEN = 0.2  # share of each picture
PROPOSED = 4  # pictures that are filled a second time
RADIUS = 5  # pixels around a hole that OpenCV looks at

Way = Callable[[np.ndarray, np.ndarray], np.ndarray]  # pixels (h, w, 3) uint8 and what is hidden (h, w) bool -> pixels


def repaired_scores(translator: Translator, folder: Path) -> Mapping[str, float]:
    """Means over a folder's pictures: what is hidden by the same strokes each time is filled, and compared with what was there.

    Perceptual distance in windows of 128 pixels that touch what was hidden, PSNR of what was hidden alone, ours without freedom:
    the likeliest filling. Of the first few pictures, how far two of our proposals are from each other.
    """
    inpainting, encoder = cast(Inpainting, translator), load_encoder()
    ways: Mapping[str, Way] = {
        "repaired": lambda pixels, hole: mend(inpainting, pixels, hole, {"seed": 0, "freedom": 0.0}),
        **classical(),
    }
    scores: dict[str, list[float]] = {}
    for k, path in enumerate(sorted(picture_files(folder))):
        original = np.array(read(path))
        height, width, _ = original.shape
        hole = free_form(height, width, HIDDEN, torch.Generator().manual_seed(k))
        given = np.where(hole[..., None], np.uint8(0), original)
        made = {name: way(given, hole) for name, way in ways.items()}
        if k < PROPOSED:
            one, another = (mend(inpainting, given, hole, {"seed": seed}) for seed in (0, 1))
            scores.setdefault("proposals_apart", []).append(perceptual(encoder, one, another, hole))
        for name, pixels in made.items():
            scores.setdefault(f"{name}_perceptual", []).append(perceptual(encoder, pixels, original, hole))
            error = (pixels[hole] / 255 - original[hole] / 255) ** 2
            scores.setdefault(f"{name}_psnr", []).append(float(-10 * np.log10(error.mean())))
    return {name: float(np.mean(values)) for name, values in scores.items()}


def classical() -> Mapping[str, Way]:
    """Fast marching (Telea 2004) and Navier-Stokes (Bertalmio 2001); ImportError with the remedy where OpenCV is not installed."""
    try:
        import cv2  # needed to measure alone
    except ImportError as error:
        raise ImportError("Repair is measured beside OpenCV: pip install -r requirements-dev.txt") from error
    kinds = {"telea": cv2.INPAINT_TELEA, "navier_stokes": cv2.INPAINT_NS}
    return {name: lambda pixels, hole, kind=kind: cv2.inpaint(pixels, hole.astype(np.uint8), RADIUS, kind) for name, kind in kinds.items()}


@torch.inference_mode()
def perceptual(encoder: Encoder, a: np.ndarray, b: np.ndarray, hole: np.ndarray) -> float:
    """Mean distance of two pictures in those windows that touch the hole."""
    touched = cut(hole[..., None]).flatten(1).any(1)
    seen, known = (encoder(cut(x)[touched].float() / 127.5 - 1) for x in (a, b))
    return distance(seen, known).mean().item()


def cut(x: np.ndarray) -> Tensor:
    return windows(torch.from_numpy(x).permute(2, 0, 1)[None])
