"""Variational autoencoder (Kingma and Welling 2013) with convolutions on both sides."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.registry import GENERATORS
from models.spec import Condition, Generator, GeneratorSpec

Likelihood = Literal["bernoulli", "logistic"]


@dataclass(frozen=True)
class VaeConfig:
    size: int = 28  # a multiple of 2 ** halvings
    channels: int = 1
    z_dim: int = 16  # 2 makes a map that the page shows whole
    width: int = 32  # feature maps at half the size, doubling with each halving
    halvings: int = 2  # strided convolutions on each side
    widest: int = 256
    likelihood: Likelihood = "bernoulli"  # of black and white; "logistic": of 256 levels

    def __post_init__(self) -> None:
        if self.size % (1 << self.halvings):
            raise ValueError(f"A VAE's size is a multiple of {1 << self.halvings}, not {self.size}.")
        if self.likelihood not in get_args(Likelihood):
            raise ValueError(f"A VAE's likelihood is one of {', '.join(get_args(Likelihood))}, not '{self.likelihood}'.")

    @property
    def widths(self) -> tuple[int, ...]:
        """Feature maps after each halving, fine to coarse."""
        return tuple(min(self.width << k, self.widest) for k in range(self.halvings))


@GENERATORS.register("vae", VaeConfig)
class Vae(Generator):
    """q(z|x) and p(x|z), strided convolutions and hidden layers each.

    p is Bernoulli for black and white (appendix C.1), or a logistic of learned scale over 256 levels, which is sharper in colour:
    the scale finds how exact a reconstruction has to be (Kingma 2016, section 5.2; Salimans 2017, section 2.1).
    """

    def __init__(self, config: VaeConfig) -> None:
        super().__init__()
        self.config = config
        self.spec = GeneratorSpec("vae", config.size, config.channels, config.z_dim, config.z_dim, 1, encodes=True)
        widths, side = config.widths, config.size >> config.halvings
        self.side, maps = side, widths[-1] * side**2
        halve, double = [], []
        for a, b in zip((config.channels, *widths), widths, strict=False):
            halve += [nn.Conv2d(a, b, 4, 2, 1), nn.SiLU()]
        for a, b in zip(widths[:0:-1], widths[-2::-1], strict=True):
            double += [nn.ConvTranspose2d(a, b, 4, 2, 1), nn.SiLU(), nn.Conv2d(b, b, 3, 1, 1), nn.SiLU()]
        self.encoder = nn.Sequential(*halve, nn.Flatten(), nn.Linear(maps, 256), nn.SiLU(), nn.Linear(256, 2 * config.z_dim))
        self.hidden = nn.Sequential(
            nn.Linear(config.z_dim, 256), nn.SiLU(), nn.Linear(256, 256), nn.SiLU(), nn.Linear(256, maps), nn.SiLU()
        )
        self.decoder = nn.Sequential(*double, nn.ConvTranspose2d(widths[0], config.channels, 4, 2, 1))
        if config.likelihood == "logistic":
            self.log_scale = nn.Parameter(torch.full((config.channels, 1, 1), -3.0))

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(n, channels, size, size) in [0, 1] -> mean and log variance of q(z|x), each (n, z_dim)."""
        mean, log_variance = self.encoder(x).chunk(2, dim=1)
        return mean, log_variance

    def decode(self, z: Tensor) -> Tensor:
        """(n, z_dim) -> logits of each pixel being white, or of its mean level, (n, channels, size, size)."""
        hidden = self.hidden(z.to(next(self.hidden.parameters()).dtype))
        return self.decoder(hidden.view(len(z), -1, self.side, self.side)).float()

    def map(self, z: Tensor, condition: Condition) -> Tensor:
        return z.unsqueeze(1)

    def centre(self, condition: Condition, n: int) -> Tensor:
        return torch.zeros(n, 1, self.spec.z_dim, device=next(self.parameters()).device)

    def synthesize(self, w: Tensor, noise_seeds: Sequence[int] | None = None) -> Tensor:
        """The expected picture: each pixel's probability of being white, or its mean level."""
        x = torch.sigmoid(self.decode(w[:, 0])) * 2 - 1
        return x.expand(-1, 3, -1, -1)


def negative_elbo(vae: Vae, x: Tensor) -> tuple[Tensor, Tensor]:
    """Reconstruction and KL in nats a pixel, averaged over the batch: the two terms of equation 10. x (n, c, h, w) in [0, 1]."""
    mean, log_variance = vae.encode(x)
    z = mean + (0.5 * log_variance).exp() * torch.randn_like(mean)
    reconstruction = -log_likelihood(vae, vae.decode(z), x).sum()
    kl = -0.5 * (1 + log_variance - mean.square() - log_variance.exp()).sum()
    return reconstruction / x.numel(), kl / x.numel()


def log_likelihood(vae: Vae, logits: Tensor, x: Tensor) -> Tensor:
    """log p(x|z) in nats, a pixel each: logits and x (n, c, h, w), x in [0, 1]."""
    if vae.config.likelihood == "bernoulli":
        return -F.binary_cross_entropy_with_logits(logits, x, reduction="none")
    # the share of a logistic that falls within half a level of x; all beyond black and white is theirs (Salimans 2017, equation 2)
    inverse, away = (-vae.log_scale).exp(), x - logits.sigmoid()
    above, below = (away + 0.5 / 255) * inverse, (away - 0.5 / 255) * inverse
    share = torch.where(x > 0.999, 1.0, above.sigmoid()) - torch.where(x < 0.001, 0.0, below.sigmoid())
    # far from the mean the share is nought in float32, where its logarithm is the density's
    far = -away.abs() * inverse - vae.log_scale - math.log(255)
    return torch.where(share > 1e-5, share.clamp_min(1e-5).log(), far)
