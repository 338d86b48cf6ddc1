"""A checkpoint under measurement: its pictures are drawn once and encoded once, however many metrics look at them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load as read_tensors, save as write_tensors
from torch import Tensor

from models.checkpoint import Checkpoint
from models.encoder import SEEN_AT, Encoder, load_encoder, seen
from models.training.datasets.pictures import PictureSet
from models.training.labels import condition_of, floats, pictures_of
from models.whole import write_whole

BATCH = 100


@dataclass(frozen=True)
class Samples:
    """A checkpoint with the data it was trained on; `judges` is a folder for what can be kept between measurements.

    Pictures are asked for under the names of training pictures chosen at random, so that drawn and real ones have the
    same classes and styles equally often; psi is 1. They are kept as bytes, as a page shows them. Real pictures larger
    than the generator's are reduced to its size before they are compared: it is judged by what it was to draw.
    """

    checkpoint: Checkpoint
    data: PictureSet
    judges: Path
    count: int = 5_000
    seed: int = 0

    @cached_property
    def rows(self) -> Tensor:
        """(count,): the training pictures whose names are asked for, each once before any comes twice."""
        train = torch.from_numpy(self.data.train())
        order = torch.randperm(len(train), generator=torch.Generator().manual_seed(self.seed))
        return train[order].repeat(-(-self.count // len(train)))[: self.count]

    @cached_property
    def pictures(self) -> Tensor:
        """(count, channels, size, size) uint8, as drawn."""
        print(f"Drawing {self.count:,} pictures", flush=True)
        generator = self.checkpoint.generator
        spec = generator.spec
        draw = torch.Generator().manual_seed(self.seed)
        generator.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        drawn = torch.empty(self.count, spec.channels, spec.size, spec.size, dtype=torch.uint8)
        with torch.inference_mode():
            for part in torch.arange(self.count).split(BATCH):
                z = torch.randn(len(part), spec.z_dim, generator=draw)
                w = generator.map(z, condition_of(self.data, self.rows[part].numpy(), spec))
                x = generator.synthesize(w, [self.seed + int(number) for number in part])[:, : spec.channels]
                drawn[part] = ((x.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
        return drawn

    @cached_property
    def classes(self) -> Tensor:
        """(count,) class numbers; zeros where the data has none."""
        return self._labels(self.data.class_labels)

    @cached_property
    def styles(self) -> Tensor:
        """(count,) style numbers; zeros where the data has none."""
        return self._labels(self.data.style_labels)

    def _labels(self, labels: np.ndarray | None) -> Tensor:
        return torch.zeros(self.count, dtype=torch.long) if labels is None else torch.from_numpy(labels)[self.rows]

    def drawn(self, batch: int = BATCH) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """Pictures (n, channels, size, size) in [-1, 1] with their class and style numbers, (n,)."""
        for x, classes, styles in zip(self.pictures.split(batch), self.classes.split(batch), self.styles.split(batch), strict=True):
            yield floats(x), classes, styles

    @cached_property
    def encoder(self) -> Encoder:
        return load_encoder()

    @cached_property
    def encoder_hash(self) -> str:
        """Short hash of the encoder's weights: scores by others do not compare."""
        return hashlib.sha256(self._encoder_bytes()).hexdigest()[:12]

    def _encoder_bytes(self) -> bytes:
        return b"".join(weights.numpy().tobytes() for weights in self.encoder.parameters())

    @property
    def view(self) -> int:
        """Pixels a side at which the encoder looks: half are enough for digits, and a quarter of the work."""
        return SEEN_AT // 2 if self.checkpoint.generator.spec.size <= SEEN_AT // 4 else SEEN_AT

    @cached_property
    def features(self) -> Tensor:
        """(count, d): the drawn pictures as the encoder sees them."""
        return encoded(self.encoder, (x for x, _, _ in self.drawn()), self.view)

    @cached_property
    def training(self) -> Tensor:
        """(k, d): every training picture as the encoder sees it, in the order of data.train()."""
        return self._known(self.data.train())

    @cached_property
    def held_out(self) -> Tensor:
        """(k, d): every held-out picture as the encoder sees it; k may be 0."""
        return self._known(self.data.test())

    @cached_property
    def reference(self) -> Tensor:
        """(at most count, d): the training pictures whose names were asked for, each once."""
        return self.training[np.searchsorted(self.data.train(), self.rows.unique().numpy())]

    @cached_property
    def originals(self) -> Tensor | None:
        """What each picture of `reference` was cut from; None where each is one of its own."""
        found = self.data.originals()
        return None if found is None else torch.from_numpy(found)[self.rows.unique()]

    def _known(self, rows: np.ndarray) -> Tensor:
        """Features of real pictures, from the folder or encoded now; the file's name follows from the encoder and the pictures."""
        if not len(rows):
            return torch.empty(0, sum(self.encoder.widths))
        side = self.checkpoint.generator.spec.size
        known = hashlib.sha256(repr((self.data.pictures.shape, side, rows.tolist())).encode())
        known.update(np.asarray(self.data.pictures[rows[:: max(len(rows) // 100, 1)]]).tobytes())
        known.update(self._encoder_bytes())
        path = self.judges / f"features-{known.hexdigest()[:12]}.safetensors"
        if path.exists():
            return read_tensors(path.read_bytes())["features"]
        print(f"Encoding {len(rows):,} real pictures, once", flush=True)
        features = encoded(self.encoder, real_pictures(self.data, rows, side), self.view)
        self.judges.mkdir(parents=True, exist_ok=True)
        write_whole(path, write_tensors({"features": features}))
        return features


def real_pictures(data: PictureSet, rows: np.ndarray, side: int) -> Iterator[Tensor]:
    """Some pictures of a set in batches (n, channels, s, s) in [-1, 1], at most `side` pixels a side."""
    for start in range(0, len(rows), BATCH):
        x = pictures_of(data, rows[start : start + BATCH])
        yield seen(x, side) if x.shape[-1] > side else x


@torch.inference_mode()
def encoded(encoder: Encoder, batches: Iterable[Tensor], view: int) -> Tensor:
    """Batches of pictures, (n, 1 or 3, s, s) in [-1, 1], seen at `view` pixels a side, as vectors (all, d)."""
    return torch.cat([encoder.vector(seen(x, view)) for x in batches])
