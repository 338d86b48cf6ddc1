"""Variational autoencoder (Kingma and Welling 2013) with convolutions on both sides."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.frozen import frozen, frozen_to_maps, frozen_to_picture
from models.registry import GENERATORS
from models.spec import Condition, Generator, GeneratorSpec, Synthesis

Likelihood = Literal["bernoulli", "gaussian"]
WIDTH_RATE = 20  # how much faster than weights the width of a Gaussian is learned: all else waits for it


@dataclass(frozen=True)
class VaeConfig:
    size: int = 28  # a multiple of 2 ** halvings
    channels: int = 1
    z_dim: int = 16  # 2 makes a map that the page shows whole
    width: int = 32  # feature maps at half the size, doubling with each halving
    halvings: int = 2  # strided convolutions on each side
    widest: int = 256
    likelihood: Likelihood = "bernoulli"  # of black and white; "gaussian": of 256 levels
    styles: tuple[str, ...] = ()  # what it learns without being told; drawing is told, see fit()

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

    p is Bernoulli for black and white (appendix C.1), or Gaussian over 256 levels, with one learned width a channel: how exact a
    picture has to be is then found and not set (Rybkin 2021, section 3), and pale colours count as much as dark ones.

    Codes of real pictures seldom fill the whole of the prior, and between them nothing was learned. Where the data has styles, a
    Gaussian is fitted to the codes of each when training is over, and z is drawn from those (Ghosh 2020, section 4): w is the code.
    """

    middles: Tensor  # (styles, z_dim)
    spreads: Tensor  # (styles, z_dim, z_dim), lower triangular

    def __init__(self, config: VaeConfig) -> None:
        super().__init__()
        self.config = config
        styles = tuple(config.styles)
        self.spec = GeneratorSpec("vae", config.size, config.channels, config.z_dim, config.z_dim, 1, styles=styles, encodes=True)
        if styles:
            self.register_buffer("middles", torch.zeros(len(styles), config.z_dim))
            self.register_buffer("spreads", torch.eye(config.z_dim).repeat(len(styles), 1, 1))
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
        self.apply(even_signals)
        if config.likelihood == "gaussian":
            self.log_width = nn.Parameter(torch.full((config.channels, 1, 1), -2.0 / WIDTH_RATE))

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(n, channels, size, size) in [0, 1] -> mean and log variance of q(z|x), each (n, z_dim)."""
        mean, log_variance = self.encoder(x).chunk(2, dim=1)
        return mean, log_variance

    def decode(self, z: Tensor) -> Tensor:
        """(n, z_dim) -> logits of each pixel being white, or of its mean level, (n, channels, size, size)."""
        hidden = self.hidden(z.to(next(self.hidden.parameters()).dtype))
        return self.decoder(hidden.view(len(z), -1, self.side, self.side)).float()

    def map(self, z: Tensor, condition: Condition) -> Tensor:
        if condition.styles is None or not self.spec.styles:
            return z.unsqueeze(1)
        return self.centre(condition, len(z)) + (self._spread(condition.styles) @ z.unsqueeze(2)).transpose(1, 2)

    def unmapped(self, w: Tensor, condition: Condition) -> Tensor:
        """The z that map() leads to w, (n, z_dim): a code as it is drawn from its style's Gaussian."""
        if condition.styles is None or not self.spec.styles:
            return w[:, 0]
        off = (w - self.centre(condition, len(w))).transpose(1, 2)
        return torch.linalg.solve_triangular(self._spread(condition.styles), off, upper=False)[:, :, 0]

    def _spread(self, styles: Tensor) -> Tensor:  # (n, styles) -> (n, z_dim, z_dim)
        return torch.einsum("nk,kij->nij", styles, self.spreads)

    def centre(self, condition: Condition, n: int) -> Tensor:
        if condition.styles is None or not self.spec.styles:
            return torch.zeros(n, 1, self.spec.z_dim, device=next(self.parameters()).device)
        return (condition.styles @ self.middles).unsqueeze(1)

    @torch.no_grad()
    def fit(self, pictures: Tensor, condition: Condition) -> None:
        if condition.styles is None:
            return
        mean, log_variance = self.encode((pictures + 1) / 2)
        for k, chosen in enumerate(condition.styles.T > 0.5):
            codes = mean[chosen]
            self.middles[k] = codes.mean(0)
            covariance = torch.cov(codes.T) + torch.diag(log_variance[chosen].exp().mean(0))
            self.spreads[k] = torch.linalg.cholesky(covariance)

    def synthesize(self, w: Tensor, noise_seeds: Sequence[int] | None = None) -> Tensor:
        """The expected picture: each pixel's probability of being white, or its mean level."""
        x = torch.sigmoid(self.decode(w[:, 0])) * 2 - 1
        return x.expand(-1, 3, -1, -1)

    def synthesis(self, dtype: torch.dtype) -> Synthesis:
        first, *products, to_maps = (layer for layer in self.hidden if isinstance(layer, nn.Linear))
        *ups, last = (layer for layer in self.decoder if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d)))
        assert isinstance(last, nn.ConvTranspose2d)
        exact = frozen(first, torch.float32, "swish")  # a step on a map is finer than bfloat16
        layers = [frozen(product, dtype, "swish") for product in products]
        layers.append(frozen_to_maps(to_maps, self.side, dtype, "swish"))
        sides = [self.side << (k + 1) // 2 for k in range(len(ups) + 1)]  # doubled by every other layer
        layers += [frozen(up, dtype, "swish", side) for up, side in zip(ups, sides, strict=False)]
        logits = frozen_to_picture(last, dtype, sides[-1])

        def synthesize(w: Tensor, noise_seeds: Sequence[int] | None) -> Tensor:
            x = exact(w[:, 0]).to(dtype)
            for layer in layers:
                x = layer(x)
            return (torch.sigmoid(logits(x)) * 2 - 1).expand(-1, 3, -1, -1)

        return synthesize


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
    # a level is so much narrower than the Gaussian that its share is the density times its width
    log_width = vae.log_width * WIDTH_RATE
    away = (x - logits.sigmoid()) * (-log_width).exp()
    return -0.5 * (away.square() + math.log(2 * math.pi)) - log_width - math.log(255)


def even_signals(layer: nn.Module) -> None:
    """Start a layer so that what passes through many of them neither fades nor swells (He 2015, equation 10)."""
    if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
        overlaps = 4 if isinstance(layer, nn.ConvTranspose2d) else 1  # kernels of four, two apart: a quarter of one reaches a pixel
        inputs = layer.weight.numel() / layer.bias.numel() / overlaps  # type: ignore[union-attr]
        nn.init.normal_(layer.weight, std=math.sqrt(2 / inputs))
        nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
