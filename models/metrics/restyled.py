"""Translators that are told a style, measured on pictures of a set that no training saw: from sketches, and from one style to another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from models.encoder import distance, load_encoder
from models.metrics.judge import Judge, trained_judge
from models.sketches import by_hand
from models.training.datasets.pictures import PictureSet, load
from models.translators.translator import Translator

COUNT, BATCH = 480, 24  # pictures, and how many at once
SEEDS = (1, 2, 3, 4)

Parts = dict[str, list[Tensor]]


@torch.inference_mode()
def drawn_out_scores(translator: Translator, folder: Path) -> Mapping[str, float]:
    """Means over sketches by an unsure hand, each drawn out with several seeds in the style of its original.

    sketch_perceptual and sketch_error: perceptual distance and mean absolute error, of 255, from the original, of whichever seed comes
    nearest, for no sketch tells colours; colourings: perceptual distance between two seeds; style_accuracy: of the first seed.
    """
    data, eyes, draw = load(folder), load_encoder(), torch.Generator().manual_seed(0)
    judge, parts = trained_judge(data, folder.parent / "judges"), Parts()
    for x, styles in held_out(data, translator.spec.side):
        sketches, known = by_hand(x, draw).expand(-1, 3, -1, -1), eyes(2 * x - 1)
        drawn = [in_styles(translator, sketches, styles, data.styles, seed=seed) for seed in SEEDS]
        seen = [eyes(2 * y - 1) for y in drawn]
        add(parts, "sketch_perceptual", torch.stack([distance(maps, known) for maps in seen]).amin(0))
        add(parts, "sketch_error", torch.stack([255 * (y - x).abs().mean((1, 2, 3)) for y in drawn]).amin(0))
        add(parts, "colourings", distance(seen[0], seen[1]))
        add(parts, "style_accuracy", hits(judge, drawn[0], styles))
        add(parts, "real_style_accuracy", hits(judge, x, styles))
    return means(parts)


@torch.inference_mode()
def relabelled_scores(translator: Translator, folder: Path) -> Mapping[str, float]:
    """Means over pictures brought to each other style, and back from there to their own.

    style_accuracy: of those brought elsewhere; colours_error: mean absolute difference, of 255, of their thumbnails of 8 pixels;
    return_perceptual and return_error: how far a picture that came back is from itself.
    """
    data, eyes = load(folder), load_encoder()
    judge, parts = trained_judge(data, folder.parent / "judges"), Parts()
    for x, own in held_out(data, translator.spec.side):
        add(parts, "real_style_accuracy", hits(judge, x, own))
        for step in range(1, len(data.styles)):
            wanted = (own + step) % len(data.styles)
            there = in_styles(translator, x, wanted, data.styles)
            back = in_styles(translator, there, own, data.styles)
            add(parts, "style_accuracy", hits(judge, there, wanted))
            add(parts, "colours_error", 255 * F.adaptive_avg_pool2d(there - x, 8).abs().mean((1, 2, 3)))
            add(parts, "return_perceptual", distance(eyes(2 * back - 1), eyes(2 * x - 1)))
            add(parts, "return_error", 255 * (back - x).abs().mean((1, 2, 3)))
    return means(parts)


def held_out(data: PictureSet, side: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Some of what is held out, the same each time: (n, 3, side, side) in [0, 1] and style numbers (n,)."""
    assert data.style_labels is not None
    rows = np.sort(np.random.default_rng(0).permutation(data.test())[:COUNT])
    for part in np.array_split(rows, max(len(rows) // BATCH, 1)):
        x = torch.from_numpy(np.asarray(data.pictures[part])).permute(0, 3, 1, 2).float() / 255
        yield F.adaptive_avg_pool2d(x, side), torch.from_numpy(data.style_labels[part])


def in_styles(translator: Translator, x: Tensor, styles: Tensor, names: tuple[str, ...], **options: float) -> Tensor:
    """Each picture as the translator has it in its own of these style numbers (n,), as a page shows it."""
    made = torch.empty_like(x)
    for style in styles.unique().tolist():
        chosen = styles == style
        made[chosen] = translator.translate(x[chosen], {names[style]: 1.0, **options})
    return made.mul(255).round() / 255


def hits(judge: Judge, x: Tensor, styles: Tensor) -> Tensor:
    named = judge(2 * x - 1).styles
    assert named is not None
    return (named.argmax(1) == styles).float()


def add(parts: Parts, name: str, values: Tensor) -> None:
    parts.setdefault(name, []).append(values)


def means(parts: Parts) -> Mapping[str, float]:
    return {name: torch.cat(values).mean().item() for name, values in parts.items()}
