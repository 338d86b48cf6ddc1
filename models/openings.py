"""Seeds to begin with: `python -m models.openings portraits` puts on the card those whose pictures are sound in every class and style."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import torch
from torch import Tensor

from models.checkpoint import Checkpoint, CheckpointError, load, save_card
from models.latent import TINY, draw_z, truncate
from models.metrics.diversity import named
from models.metrics.neighbours import nearest
from models.metrics.samples import Samples, encoded
from models.spec import Condition
from models.training.datasets import PictureSetError, load as load_pictures
from models.training.presets import trained_on

TRIED, KEPT = 256, 64  # seeds
BATCH = 16


def main(argv: list[str] | None = None) -> int:
    """Write them on the cards. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m models.openings", description=__doc__)
    parser.add_argument("names", nargs="+", metavar="CHECKPOINT")
    parser.add_argument("--checkpoints", type=Path, default=Path("checkpoints"))
    parser.add_argument("--data", type=Path, default=Path("data"), help="where the picture sets are, whose pictures are real")
    args = parser.parse_args(argv)
    try:
        for name in args.names:
            checkpoint = load(args.checkpoints / name)
            data = load_pictures(args.data / trained_on(checkpoint.card.training))
            found = openings(Samples(checkpoint, data, args.data / "judges"))
            save_card(args.checkpoints / name, dataclasses.replace(checkpoint.card, openings=found))
            print(f"{name}: {', '.join(map(str, found))}", flush=True)
    except (CheckpointError, PictureSetError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


@torch.inference_mode()
def openings(samples: Samples, tried: int = TRIED, kept: int = KEPT) -> tuple[int, ...]:
    """Of the first seeds those whose worst picture, of all classes and styles, lies nearest to a real one of its kind.

    Drawn as boldly as the page begins; a distance is compared with the median of its kind, for some kinds lie closer than others.
    """
    spec, worst = samples.checkpoint.generator.spec, torch.zeros(tried)
    kinds = named(samples.data, torch.from_numpy(samples.data.train()))
    for name, condition in enumerate(conditions(len(spec.classes), len(spec.styles))):
        real = samples.training[kinds == name]
        if len(real):
            drawn = encoded(samples.encoder, pictures(samples.checkpoint, condition, tried), samples.view)
            away = nearest(drawn, real)[0][:, 0]
            worst = worst.maximum(away / away.median().clamp_min(TINY))
    return tuple(sorted(worst.argsort()[:kept].tolist()))


def conditions(classes: int, styles: int) -> Iterator[Condition]:
    """Every class in every style, alone and in the order in which pictures are named."""
    alone = (list(torch.eye(count)) if count else [None] for count in (classes, styles))
    return (Condition(*pair) for pair in product(*alone))


def pictures(checkpoint: Checkpoint, condition: Condition, count: int) -> Iterator[Tensor]:
    """Those of the seeds 0, 1, …, in batches (n, channels, size, size) in [-1, 1]."""
    generator = checkpoint.generator
    spec = generator.spec
    for seeds in torch.arange(count).split(BATCH):
        shares = (None if one is None else one.expand(len(seeds), -1) for one in (condition.classes, condition.styles))
        same = Condition(*shares)
        z = torch.stack([draw_z(int(seed), spec.z_dim) for seed in seeds])
        w = truncate(generator.map(z, same), generator.centre(same, len(seeds)), checkpoint.card.truncation)
        yield generator.synthesize(w, [0] * len(seeds))[:, : spec.channels].clamp(-1, 1)


if __name__ == "__main__":
    sys.exit(main())
