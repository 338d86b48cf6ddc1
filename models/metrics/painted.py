"""How near to a style a style transfer comes and how far it goes from the content, on photographs by paintings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from models.encoder import load_encoder
from models.gram import content_distance, grams, seen_twice, style_distance
from models.training.datasets.originals import COLLECTIONS, unseen
from models.training.datasets.pictures import PictureSetError
from models.training.datasets.reading import picture_files, read
from models.translators.canvas import SEEN, resized
from models.translators.translator import Translator

STYLES = 8  # paintings


@dataclass(frozen=True)
class Pairing:
    """A content and a style, both with as many pixels as a square of 256, sides multiples of 16."""

    content: Tensor  # (1, 3, h, w) in [0, 1]
    style: Tensor


def pairings(folder: Path, contents: int | None = None, styles: int | None = None) -> Iterator[Pairing]:
    """Every photograph of one folder with eight paintings of another, or so many of each: of ours, those that no training saw.

    The two stand side by side and are named together, `pictures/kodak+paintings`; PictureSetError where that is not so.
    """
    folders = [folder.with_name(name) for name in folder.name.split("+")]
    if len(folders) != 2 or not all(one.is_dir() for one in folders):
        raise PictureSetError(
            f"{folder} does not name two folders, of what is painted and of what it is painted like. Name kodak+paintings."
        )
    content, style = folders
    apart = unseen(style.name, style) if style.name in COLLECTIONS else sorted(picture_files(style))
    wanted = sorted(picture_files(content))[:contents], apart[: STYLES if styles is None else styles]
    seen = [[opened(path) for path in paths] for paths in wanted]
    yield from (Pairing(content, style) for content in seen[0] for style in seen[1])


def opened(path: Path) -> Tensor:
    return resized(torch.from_numpy(np.array(read(path))).permute(2, 0, 1)[None].float() / 255, SEEN)


@torch.inference_mode()
def painted_scores(painter: Translator, folder: Path) -> Mapping[str, float]:
    """Means over all pairings: the distance from the style before and after, and from the content."""
    encoder = load_encoder()
    scores: dict[str, list[float]] = {"style_distance": [], "style_distance_untouched": [], "content_distance": []}
    for pair in pairings(folder):
        painted, wanted = painter.translate(pair.content, {}, {"style": [pair.style[0]]}), grams(encoder, pair.style)
        scores["style_distance"].append(style_distance(grams(encoder, painted), wanted).item())
        scores["style_distance_untouched"].append(style_distance(grams(encoder, pair.content), wanted).item())
        scores["content_distance"].append(content_distance(seen_twice(encoder, painted), seen_twice(encoder, pair.content)).item())
    return {name: float(np.mean(values)) for name, values in scores.items()}
