"""Every training there is, in one table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from models.training.augment import AugmentName
from models.training.critics import CriticName
from models.training.games import GameName


@dataclass(frozen=True)
class Preset:
    """One training, whole: what is trained, on what, from where, how and for how long."""

    family: str
    data: str  # a set in data/; several for a translator, joined by +
    config: Mapping[str, Any] = field(default_factory=dict)  # the family's Config; names and sizes come from the data
    start: str = ""  # a checkpoint whose weights it begins with, as far as they fit
    coder: str = ""  # a VAE's checkpoint, of the same pictures: drawn again from where it puts each, and between as by it
    alone: int = 0  # images that are only drawn again, before a critic joins
    joins: bool = False  # what is learned becomes a part of that checkpoint
    images: int = 1_000_000  # pictures shown in all
    batch: int = 64
    rate: float = 2e-4
    betas: tuple[float, float] = (0.5, 0.99)
    warm_up: int = 0  # images until the full rate
    cosine: bool = False  # the rate falls to a twentieth at the end
    clip: float = 0.0  # longest gradient; 0 = any
    game: GameName = "nonsaturating"
    critic: CriticName = "own"
    r1: float = 1.0  # weight gamma of the gradient penalty at real pictures
    r2: float = 0.0  # and at drawn ones
    r1_every: int = 8  # steps
    gradient_penalty: float = 0.0  # weight between real and drawn (for the game "wasserstein")
    path_length: float = 0.0  # weight of the demand that steps in w move a picture evenly
    path_every: int = 8  # steps
    recognise: float = 0.0  # weight of the cross entropy of class and style names
    variety: float = 0.0  # weight of the demand that pictures of one condition differ as real ones do
    augment: AugmentName = "none"
    growth: tuple[tuple[int, int], ...] = ()  # (pixels a side, until so many images), before the full size
    fade: int = 10_000  # images in which a new resolution comes in
    balanced: bool = False  # each class and style as often as any other
    watch: int = 20_000  # images between looks at the variety; 0 = never
    smoothing: int = 10_000  # half-life of the averaged weights, images
    bf16: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        if self.batch % 2:
            raise ValueError(f"A batch is made of pairs, so batch is an even number, not {self.batch}.")
        least = (self.images, self.batch, self.r1_every, self.path_every, self.smoothing, self.fade)
        weights = (self.r1, self.r2, self.gradient_penalty, self.path_length, self.recognise, self.variety, self.clip, self.warm_up)
        if min(least) < 1 or self.rate <= 0 or min(weights) < 0:
            raise ValueError("images, batch, intervals and half-lives are at least 1, rate above 0, weights not below 0.")
        if any(b[0] <= a[0] or b[1] <= a[1] for a, b in zip(self.growth, self.growth[1:], strict=False)):
            raise ValueError(f"growth goes from small and early to large and late, not {self.growth}.")


WIDE = {"widths": (256, 256, 192, 96, 48, 24)}  # feature maps at 4, 8 … 128 pixels
_SPREAD = {**WIDE, "z_dim": 64, "mapping_layers": 2, "mapping_rate": 0.2}  # where a VAE tells z, and how it is laid out
_STYLE: Mapping[str, Any] = {"batch": 16, "rate": 2e-3, "betas": (0.0, 0.99), "variety": 5.0, "bf16": True}
_SEEN = {**_STYLE, "critic": "projected", "game": "hinge", "r1": 0.0, "balanced": True}
_AGAIN = {**_SEEN, "coder": "portraits-vae", "batch": 32, "cosine": True}
_FEW = {**_SEEN, "augment": "diff", "batch": 32}  # a few hundred originals
_AS_IT_WAS: Mapping[str, Any] = {"r1": 0.0, "watch": 0}  # nothing that was found out later steadies it
_PLAIN: Mapping[str, Any] = {"size": 64, "width": 48}  # for FID to be measured beside
_COLOUR_VAE: Mapping[str, Any] = {"size": 64, "z_dim": 64, "halvings": 4, "likelihood": "gaussian"}
_BANDS: Mapping[str, Any] = {**_STYLE, "batch": 32, "balanced": True}
_PIXELS: Mapping[str, Any] = {"batch": 16, "rate": 5e-4, "betas": (0.9, 0.99), "cosine": True, "bf16": True, "watch": 0}
_CRISP = {**_PIXELS, "rate": 2e-4, "game": "relativistic", "joins": True}
_DRAWN_OUT = {**_SEEN, "batch": 32, "rate": 5e-4, "cosine": True, "variety": 0.0, "balanced": False, "watch": 0}
_DESIGNS = ("lorelei", "notionists", "open-peeps", "pixel-art")
_PAINTER: Mapping[str, Any] = {**_PIXELS, "rate": 1e-3, "warm_up": 2_000, "clip": 1.0}
_APART: Mapping[str, Any] = {"batch": 8, "rate": 5e-4, "betas": (0.5, 0.99), "clip": 1.0, "cosine": True, "smoothing": 4_000, "bf16": True}
_ORIGINALS = "landscapes+paintings+ukiyoe"
_DOUBLING = ((8, 30_000), (16, 80_000), (32, 150_000))

PRESETS: Mapping[str, Preset] = {
    "portraits": Preset("style", "portraits", _SPREAD, images=520_000, alone=240_000, growth=((64, 380_000),), **_AGAIN),
    "portraits-progressive": Preset("progressive", "portraits", {"size": 64}, images=250_000, growth=_DOUBLING, **_SEEN),
    "ukiyoe": Preset("style", "ukiyoe", WIDE, images=260_000, cosine=True, **_FEW),
    "landscapes": Preset("style", "landscapes", WIDE, images=200_000, **_FEW),
    "landscapes-lapgan": Preset("lapgan", "landscapes", {"size": 64}, images=400_000, **_BANDS),
    "paintings": Preset("style", "paintings", WIDE, start="ukiyoe", images=140_000, cosine=True, **_FEW),
    "letters-cgan": Preset("dcgan", "letters", {"width": 40}, images=400_000, rate=4e-4, recognise=0.5, variety=5.0),
    "digits-cgan": Preset("dcgan", "digits", {"width": 48, "z_dim": 32}, images=240_000, rate=4e-4, recognise=0.5),
    "digits-mlp": Preset("mlp_gan", "digits", images=1_000_000, batch=100, **_AS_IT_WAS),
    "digits-vae": Preset("vae", "digits", {"z_dim": 16}, images=300_000, batch=128, rate=1e-3, betas=(0.9, 0.999)),
    "portraits-vae": Preset("vae", "portraits", _COLOUR_VAE, images=2_000_000, batch=64, rate=1e-3, betas=(0.9, 0.999), cosine=True),
    "stacked-mnist": Preset("dcgan", "stacked", {"width": 48}, images=1_000_000, game="relativistic", r2=1.0, watch=100_000),
    "plain-stacked-mnist": Preset("dcgan", "stacked", {"width": 48}, images=1_000_000, **_AS_IT_WAS),
    "plain-portraits": Preset("dcgan", "portraits", _PLAIN, images=600_000, **_AS_IT_WAS),
    "plain-ukiyoe": Preset("dcgan", "ukiyoe", _PLAIN, images=600_000, **_AS_IT_WAS),
    "plain-landscapes": Preset("dcgan", "landscapes", _PLAIN, images=600_000, **_AS_IT_WAS),
    "digits-vae-map": Preset("vae", "digits", {"z_dim": 2}, images=500_000, batch=128, rate=1e-3, betas=(0.9, 0.999)),
    "hanzi-rvae": Preset(
        "rvae", "hanzi", images=240_000, batch=64, rate=1e-3, betas=(0.9, 0.999), warm_up=3_200, cosine=True, clip=1.0, bf16=True, watch=0
    ),
    "upscaler-x4": Preset("upscaler", _ORIGINALS, {"factor": 4}, images=140_000, **_PIXELS),
    "upscaler-x2": Preset("upscaler", _ORIGINALS, {"factor": 2}, start="upscaler-x4", images=80_000, **_PIXELS),
    "crisp-x4": Preset("upscaler", _ORIGINALS, {"factor": 4}, start="upscaler-x4", images=60_000, **_CRISP),
    "crisp-x2": Preset("upscaler", _ORIGINALS, {"factor": 2}, start="upscaler-x2", images=50_000, **_CRISP),
    "repair": Preset("inpainting", _ORIGINALS, images=80_000, growth=((64, 25_000),), **{**_PIXELS, "game": "relativistic"}),
    "sketch-portrait": Preset("pix2pix", "portraits", {"styles": _DESIGNS}, images=200_000, **_DRAWN_OUT),
    "edges-ukiyoe": Preset("pix2pix", "ukiyoe", {"styles": ("hiroshige", "hokusai")}, images=150_000, **_DRAWN_OUT),
    "portrait-designs": Preset("stargan", "portraits", {"styles": _DESIGNS}, images=170_000, **_DRAWN_OUT),
    "restyle": Preset("style_transfer", "landscapes+portraits+paintings+brushwork+ukiyoe", images=125_000, **_PAINTER),
    "photo-ukiyoe": Preset(
        "cut", "landscapes+ukiyoe", {"styles": ("hiroshige", "hokusai")}, images=40_000, game="hinge", augment="diff", watch=0, **_APART
    ),
}


def trained_on(training: Mapping[str, Any]) -> str:
    """The picture set, or sets joined by +, that a card says its network learned from."""
    return training.get("data") or PRESETS[training["preset"]].data
