"""What is particular to teaching one family of translators; everything else is the same for all (courses.py)."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from models.checkpoint import load_translator
from models.registry import TRANSLATORS
from models.training.datasets.pictures import PictureSet
from models.training.objectives import Objective
from models.training.presets import Preset
from models.training.run import Run, take_over
from models.translators.translator import Translator


@dataclass(frozen=True, eq=False)
class Sets:
    """Several picture sets as one, as far as a training asks. A row names a set and a picture of it."""

    parts: Sequence[PictureSet]

    def train(self) -> np.ndarray:
        """(k, 2) int64: set and picture."""
        return self._rows([part.train() for part in self.parts])

    def test(self) -> np.ndarray:
        return self._rows([part.test() for part in self.parts])

    def _rows(self, rows: Sequence[np.ndarray]) -> np.ndarray:
        return np.concatenate([np.stack([np.full(len(mine), k), mine], axis=1) for k, mine in enumerate(rows)])

    def pictures(self, rows: np.ndarray) -> Tensor:
        """(n, 3, h, w) uint8 of rows (n, 2)."""
        chosen = np.stack([self.parts[part].pictures[row] for part, row in rows])
        return torch.from_numpy(chosen).permute(0, 3, 1, 2)

    @property
    def style_names(self) -> tuple[str, ...]:
        """Those of one set after those of another."""
        return tuple(name for part in self.parts for name in part.styles)

    def styles(self, rows: np.ndarray) -> Tensor:
        """One-hot rows (n, styles) of rows (n, 2), in the order of style_names; nothing but zeros where a set has no styles."""
        first = np.cumsum([0, *(len(part.styles) for part in self.parts)])
        hot = torch.zeros(len(rows), int(first[-1]))
        for i, (part, row) in enumerate(rows):
            if (labels := self.parts[part].style_labels) is not None:
                hot[i, first[part] + labels[row]] = 1
        return hot

    @property
    def source(self) -> str:
        return "; ".join(part.source for part in self.parts)

    @property
    def licence(self) -> str:
        return "; ".join(dict.fromkeys(part.licence for part in self.parts))


class Lesson(Protocol):
    """How a family is taught: what of it learns, from which batches, by which objective, and how it is looked at."""

    def network(self, translator: Translator, preset: Preset) -> nn.Module:
        """The part that learns in this preset; often the whole."""
        ...

    def objective(self, network: nn.Module, preset: Preset) -> Objective:
        """As for generators; its step is given what `batches` yields."""
        ...

    def batches(self, run: Run, data: Sets) -> Iterator[Any]:
        """Batches for ever; all chance in them comes from run.order, which is part of the saved state."""
        ...

    def look(self, network: nn.Module, data: Sets) -> tuple[dict[str, float], Image.Image]:
        """Figures of pictures never trained on, for the log, and a sheet of some, to be looked at."""
        ...

    def finish(self, translator: Translator, network: nn.Module, preset: Preset) -> None:
        """Put what was learned where it belongs in the translator that is published."""
        ...


def begun(preset: Preset, checkpoints: Path) -> Translator:
    """The translator that a preset begins with: fresh, or with those weights of a checkpoint that fit; what joins one begins as it is."""
    start = load_translator(checkpoints / preset.start).translator if preset.start else None
    if start and preset.joins:
        return start
    translator = TRANSLATORS.get(preset.family).build(preset.config)
    if start:
        take_over(translator, start)
    return translator


def agreed(data: Sets, names: Sequence[str]) -> None:
    """ValueError where the styles of the data are not those that a network is told of, in their order."""
    if data.style_names != tuple(names):
        told, known = (", ".join(some) or "none" for some in (names, data.style_names))
        raise ValueError(f"The network is told of the styles {told}, and the data has {known}. Give the preset's config the data's.")


def others(styles: Tensor) -> Tensor:
    """One-hot rows (n, styles), two styles or more -> for each another style than its own, at random."""
    count = styles.shape[1]
    steps = torch.randint(1, count, (len(styles),)).to(styles.device)
    return torch.eye(count, device=styles.device)[(styles.argmax(1) + steps) % count]


def device_of(network: nn.Module) -> torch.device:
    """Where it learns, and what teaches it has to be."""
    return next(network.parameters()).device


def sent(batch: Any, device: torch.device) -> Any:
    """A batch, a dataclass of tensors and of others like it, on a device; made on the CPU, so that a seed means the same everywhere."""
    if isinstance(batch, Tensor):
        return batch.to(device)
    if not dataclasses.is_dataclass(batch) or device.type == "cpu":
        return batch
    of: Any = batch
    return dataclasses.replace(of, **{field.name: sent(getattr(of, field.name), device) for field in dataclasses.fields(of)})


def turned(pictures: Tensor, draw: torch.Generator) -> Tensor:
    """Each of (n, c, s, s) turned by quarters and mirrored at random."""
    n = len(pictures)
    turns, mirrored = torch.randint(4, (n,), generator=draw).tolist(), torch.randint(2, (n,), generator=draw).tolist()
    return torch.stack(
        [torch.rot90(x.flip(-1) if flip else x, turn, (1, 2)) for x, turn, flip in zip(pictures, turns, mirrored, strict=True)]
    )


def drawn_rows(data: Sets, count: int, draw: torch.Generator) -> np.ndarray:
    """Rows to learn from, with replacement."""
    rows = data.train()
    return rows[torch.randint(len(rows), (count,), generator=draw).numpy()]


def held_out_rows(data: Sets, count: int) -> np.ndarray:
    """The same rows each time, of what is never trained on."""
    rows = data.test()
    return rows[np.random.default_rng(0).permutation(len(rows))[:count]]
