"""Samples of a training: its smoothed generator made ready to draw, and a contact sheet of it."""

from __future__ import annotations

import copy

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F

from models.latent import truncate
from models.spec import Condition, Generator, GeneratorSpec
from models.training.datasets.pictures import PictureSet
from models.training.labels import condition_of, pictures_of

KNOWN = 4096  # real pictures that a generator is fitted to


@torch.no_grad()
def measured(smooth: Generator, data: PictureSet) -> Generator:
    """A copy of smoothed weights ready to draw: batch statistics measured anew for them, and what its family measures."""
    generator = copy.deepcopy(smooth).cpu()  # once a save: no need of a graphics card, and the same everywhere
    norms = [m for m in generator.modules() if isinstance(m, nn.BatchNorm2d)]
    if norms:
        generator.train()
        for norm in norms:
            norm.reset_running_stats()
            norm.momentum = None  # a plain mean over all batches
        draw = torch.Generator().manual_seed(0)
        rows = data.train()
        for _ in range(32):
            chosen = rows[torch.randint(len(rows), (128,), generator=draw).numpy()]
            z = torch.randn(128, generator.spec.z_dim, generator=draw)
            generator.synthesize(generator.map(z, condition_of(data, chosen, generator.spec)))
    generator.eval()
    if generator.spec.encodes and generator.spec.styles:
        rows = data.train()
        rows = np.sort(rows[torch.randperm(len(rows), generator=torch.Generator().manual_seed(0))[:KNOWN].numpy()])
        pictures = pictures_of(data, rows)
        generator.fit(F.avg_pool2d(pictures, pictures.shape[-1] // generator.spec.size), condition_of(data, rows, generator.spec))
    generator.settle()
    return generator


@torch.no_grad()
def sample_sheet(generator: Generator, columns: int = 10, rows: int = 8, psi: float = 1.0) -> Image.Image:
    """A contact sheet, the same seeds each time: names by turn along the rows, the generator's own order."""
    spec = generator.spec
    n = columns * rows
    z = torch.randn(n, spec.z_dim, generator=torch.Generator().manual_seed(1))
    condition = sheet_condition(spec, n)
    w = truncate(generator.map(z, condition), generator.centre(condition, n), psi)
    return sheet(generator.synthesize(w, list(range(n))), columns)


def sheet(x: Tensor, columns: int) -> Image.Image:
    """(rows * columns, 3, s, s) in [-1, 1], row by row, as one picture."""
    side = x.shape[-1]
    pixels = ((x.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
    whole = pixels.view(-1, columns, 3, side, side).permute(0, 3, 1, 4, 2).reshape(-1, columns * side, 3)
    return Image.fromarray(whole.contiguous().numpy())


def sheet_condition(spec: GeneratorSpec, n: int) -> Condition:
    """Classes spread over the whole sheet, styles by turn."""
    place = torch.arange(n)
    classes = torch.eye(len(spec.classes))[place * len(spec.classes) // n % len(spec.classes)] if spec.classes else None
    styles = torch.eye(len(spec.styles))[place % len(spec.styles)] if spec.styles else None
    return Condition(classes, styles)
