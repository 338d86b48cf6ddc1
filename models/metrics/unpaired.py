"""What an unpaired translator gains and what it loses: how near its pictures come to the other kind, and how much of each one stays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from models.encoder import load_encoder, seen, unit
from models.metrics.kid import kernel_distance
from models.metrics.precision_recall import precision_recall
from models.training.datasets.pictures import PictureSet, PictureSetError, load
from models.translators.translator import Translator

LEVEL = 2  # of the encoder's maps, stride 8: coarse enough to hold what is there, fine enough to hold where
BATCH = 16


@dataclass(frozen=True)
class Views:
    """Pictures as the encoder sees them."""

    vectors: Tensor  # (n, d)
    maps: Tensor  # (n, c, h, w), those of LEVEL

    def kept(self, others: Views) -> float:
        """How much of their layouts others have, picture by picture: 1 = all, 0 = no more than any other of these would."""
        strangers = self.maps.roll(len(self.maps) // 2, 0)  # far apart in a set, so that they were not cut from the same original
        return 1 - (moved(self.maps, others.maps).mean() / moved(self.maps, strangers).mean()).item()


@torch.inference_mode()
def unpaired_scores(translator: Translator, folder: Path) -> Mapping[str, float]:
    """Of held-out pictures of one set, redrawn, beside another set; named as for a training: `data/landscapes+ukiyoe`.

    How far they are from real held-out ones of the other set, and which share of them lies among real ones, says whether the
    manner was learned; how much of their layout is kept, whether it is still the same picture. A translator that does nothing
    keeps all, one that looks at nothing keeps none: the two are to be read together. Each picture is redrawn in each hand that
    the translator has. PictureSetError where the folder does not name two sets.
    """
    names = folder.name.split("+")
    if len(names) != 2:
        raise PictureSetError(f"{folder} does not name two sets, what is redrawn and as what. Give --data data/landscapes+ukiyoe.")
    source, target = (load(folder.with_name(name)) for name in names)
    given, wanted, known = (
        views(batches(data, rows)) for data, rows in ((source, source.test()), (target, target.test()), (target, target.train()))
    )
    redrawn = [views(translator.translate(x, hand) for x in batches(source, source.test())) for hand in hands(translator)]
    ours = torch.cat([one.vectors for one in redrawn])
    originals = target.originals()
    cut_from = None if originals is None else torch.from_numpy(originals)[target.train()]
    among = {
        name: precision_recall(x, known.vectors, originals=cut_from)[0]
        for name, x in (("ours", ours), ("source", given.vectors), ("real", wanted.vectors))
    }
    return {
        "kept": float(np.mean([given.kept(one) for one in redrawn])),
        "target_kid": kernel_distance(ours, wanted.vectors),
        "source_kid": kernel_distance(given.vectors, wanted.vectors),
        "real_kid": kernel_distance(known.vectors, wanted.vectors),
        "precision": among["ours"],
        "source_precision": among["source"],
        "real_precision": among["real"],
    }


def hands(translator: Translator) -> list[dict[str, float]]:
    """Options that ask for each of its styles alone; the usual ones where it has none."""
    styles: tuple[str, ...] = translator.config.styles
    return [{style: float(style == one) for style in styles} for one in styles] or [{}]


def batches(data: PictureSet, rows: np.ndarray) -> Iterator[Tensor]:
    """Some pictures of a set, (n, 3, h, w) in [0, 1]."""
    for part in np.array_split(rows, max(1, len(rows) // BATCH)):
        yield torch.from_numpy(np.asarray(data.pictures[part])).permute(0, 3, 1, 2).float() / 255


def views(pictures: Iterable[Tensor]) -> Views:
    """Of batches (n, 3, h, w) in [0, 1]."""
    encoder = load_encoder()
    found = [encoder(seen(2 * x - 1)) for x in pictures]
    vectors = [torch.cat([features.mean((2, 3)) for features in maps], dim=1) for maps in found]
    return Views(torch.cat(vectors), torch.cat([maps[LEVEL] for maps in found]))


def moved(a: Tensor, b: Tensor) -> Tensor:
    """How far the layouts of pictures are apart, by maps (n, c, h, w), each of a with each of b: (n,), 0 for the same."""
    pairs = zip(a.split(BATCH), b.split(BATCH), strict=True)
    return torch.cat([(layout(x) - layout(y)).abs().mean((1, 2)) for x, y in pairs])


def layout(maps: Tensor) -> Tensor:
    """How like each place of a picture is to each other, (n, c, h, w) -> (n, h * w, h * w) in [-1, 1]: what is where, whatever its colours.

    Of features less their mean over the picture: what a manner does to all places alike does not count
    (Shechtman 2007; Kolkin 2019, section 2.2; Zheng 2021).
    """
    features = maps.flatten(2)
    features = unit(features - features.mean(2, keepdim=True))
    return features.transpose(1, 2) @ features
