"""Judges: small classifiers trained on real pictures alone, kept beside the data they were trained on."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import torch
from safetensors.torch import load as read_tensors, save as write_tensors
from torch import Tensor, nn
from torch.nn import functional as F

from models.training.datasets.pictures import PictureSet
from models.training.labels import pictures_of
from models.whole import write_whole

J = TypeVar("J", bound=nn.Module)
BY_HEART = 1e-3  # mean loss, nats


@dataclass(frozen=True)
class Opinion:
    classes: Tensor | None  # (n, classes) logits
    styles: Tensor | None  # (n, styles) logits


class Judge(nn.Module):
    """Convolutions with batch normalisation, two heads on one trunk. x: (n, channels, size, size) in [-1, 1]."""

    def __init__(self, channels: int, classes: int, styles: int, width: int = 32) -> None:
        super().__init__()
        widths = [channels, width, 2 * width, 4 * width]
        blocks: list[nn.Module] = []
        for a, b in zip(widths, widths[1:], strict=False):
            blocks += [nn.Conv2d(a, b, 3, 1, 1, bias=False), nn.BatchNorm2d(b), nn.ReLU(), nn.MaxPool2d(2)]
        blocks += [nn.Conv2d(widths[-1], widths[-1], 3, 1, 1, bias=False), nn.BatchNorm2d(widths[-1]), nn.ReLU()]
        self.trunk = nn.Sequential(*blocks, nn.AdaptiveMaxPool2d(3), nn.Flatten(), nn.Dropout(0.3))
        self.narrow = nn.Sequential(nn.Linear(widths[-1] * 9, 128), nn.ReLU())
        self.name_class = nn.Linear(128, classes) if classes else None
        self.name_style = nn.Linear(128, styles) if styles else None

    def forward(self, x: Tensor) -> Opinion:
        # 32 pixels tell a letter and its style, at a quarter of the time of 64
        x = F.avg_pool2d(x, x.shape[-1] // 32) if x.shape[-1] >= 64 else x
        features = self.narrow(self.trunk(x.contiguous(memory_format=torch.channels_last)))
        return Opinion(
            self.name_class(features) if self.name_class else None,
            self.name_style(features) if self.name_style else None,
        )


@torch.inference_mode(False)  # whoever measures needs no gradients, but training does
def trained_judge(data: PictureSet, folder: Path, images: int = 320_000, seed: int = 0) -> Judge:
    """The judge of a set, from the folder or trained now; which file it is follows from the set's own labels and names, and the seed."""
    judge = Judge(data.pictures.shape[3], len(data.classes), len(data.styles))
    known = hashlib.sha256(repr((data.pictures.shape, data.classes, data.styles, data.held_out.tobytes(), images, seed)).encode())
    return kept(judge, folder / f"judge-{known.hexdigest()[:12]}.safetensors", lambda: train_judge(judge, data, images, seed=seed))


def kept(judge: J, path: Path, train: Callable[[], None]) -> J:
    """A judge as it lies in a file, or trained now and laid there."""
    if path.exists():
        judge.load_state_dict(read_tensors(path.read_bytes()))
        return judge.eval()
    train()
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, write_tensors({name: t.contiguous() for name, t in judge.state_dict().items()}))
    return judge.eval()


def train_judge(judge: Judge, data: PictureSet, images: int, batch: int = 128, seed: int = 0) -> None:
    """Cross entropy on the training split, pictures slightly moved and scaled; Adam, cosine schedule.

    It ends early where the training split is known by heart: of few originals nothing more can be learned.
    """
    torch.manual_seed(seed)
    rows = torch.from_numpy(data.train())
    optimiser = torch.optim.Adam(judge.parameters(), lr=2e-3)
    steps, unknown = max(images // batch, 1), 1.0
    for step in range(steps):
        for group in optimiser.param_groups:
            group["lr"] = 2e-3 * 0.5 * (1 + math.cos(math.pi * step / steps))
        chosen = rows[torch.randint(len(rows), (batch,))]
        x = pictures_of(data, chosen)
        opinion = judge(jostle(F.avg_pool2d(x, max(x.shape[-1] // 64, 1))))  # it looks at 32 pixels: moving 128 is lost time
        loss = torch.zeros(())
        for logits, labels in ((opinion.classes, data.class_labels), (opinion.styles, data.style_labels)):
            if logits is not None and labels is not None:
                loss = loss + F.cross_entropy(logits, torch.from_numpy(labels)[chosen])
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        unknown += 0.02 * (loss.item() - unknown)
        if unknown < BY_HEART:
            break
        if step % 200 == 0:
            print(f"judge: step {step} of {steps}, loss {loss.item():.3f}", flush=True)


def jostle(x: Tensor) -> Tensor:
    """Each picture moved by up to a sixteenth and scaled by up to a tenth, its border carried on."""
    n = len(x)
    scale = 1 + 0.1 * (2 * torch.rand(n) - 1)
    move = 0.125 * (2 * torch.rand(n, 2) - 1)
    theta = torch.zeros(n, 2, 3)
    theta[:, 0, 0] = theta[:, 1, 1] = scale
    theta[:, :, 2] = move
    return F.grid_sample(x, F.affine_grid(theta, list(x.shape), align_corners=False), padding_mode="border", align_corners=False)
