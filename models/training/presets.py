"""Every training there is, in one table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Preset:
    """One training, whole: what is trained, on what, how and for how long."""

    family: str
    data: str  # a picture set in data/
    config: Mapping[str, Any] = field(default_factory=dict)  # the family's Config; names and sizes come from the data
    images: int = 1_000_000  # pictures shown in all
    batch: int = 64
    rate: float = 2e-4
    betas: tuple[float, float] = (0.5, 0.99)
    r1: float = 1.0  # weight gamma of the gradient penalty
    r1_every: int = 8  # steps
    recognise: float = 0.0  # weight of the cross entropy of class and style names
    variety: float = 0.0  # weight of the demand that pictures of one condition differ as real ones do
    smoothing: int = 10_000  # half-life of the averaged weights, images
    bf16: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        if self.batch % 2:
            raise ValueError(f"A batch is made of pairs, so batch is an even number, not {self.batch}.")
        if min(self.images, self.batch, self.r1_every, self.smoothing) < 1 or self.rate <= 0 or self.r1 < 0:
            raise ValueError("images, batch, r1_every and smoothing are at least 1, rate above 0, r1 not below 0.")


PRESETS: Mapping[str, Preset] = {
    "portraits": Preset("style", "portraits", images=400_000, batch=16, rate=2e-3, betas=(0.0, 0.99), variety=5.0, bf16=True),
    "letters-cgan": Preset("dcgan", "letters", {"width": 40}, images=400_000, rate=4e-4, recognise=0.5, variety=5.0),
    "digits-cgan": Preset("dcgan", "digits", {"width": 48, "z_dim": 32}, images=240_000, rate=4e-4, recognise=0.5),
    "digits-vae": Preset("vae", "digits", {"z_dim": 16}, images=300_000, batch=128, rate=1e-3, betas=(0.9, 0.999)),
    "digits-vae-map": Preset("vae", "digits", {"z_dim": 2}, images=500_000, batch=128, rate=1e-3, betas=(0.9, 0.999)),
}
