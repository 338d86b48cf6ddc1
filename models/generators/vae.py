"""Variational autoencoder (Kingma and Welling 2013) with convolutions on both sides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.registry import GENERATORS
from models.spec import Condition, Generator, GeneratorSpec


@dataclass(frozen=True)
class VaeConfig:
    size: int = 28  # a multiple of 4
    channels: int = 1
    z_dim: int = 16  # 2 makes a map that the page shows whole
    width: int = 32

    def __post_init__(self) -> None:
        if self.size % 4:
            raise ValueError(f"A VAE's size is a multiple of 4, not {self.size}.")


@GENERATORS.register("vae", VaeConfig)
class Vae(Generator):
    """q(z|x) and p(x|z), each three convolutions and a hidden layer; p is Bernoulli, a pixel (appendix C.1)."""

    def __init__(self, config: VaeConfig) -> None:
        super().__init__()
        self.config = config
        self.spec = GeneratorSpec("vae", config.size, config.channels, config.z_dim, config.z_dim, 1, encodes=True)
        width, side = config.width, config.size // 4
        self.side = side
        self.encoder = nn.Sequential(
            nn.Conv2d(config.channels, width, 4, 2, 1),
            nn.SiLU(),
            nn.Conv2d(width, 2 * width, 4, 2, 1),
            nn.SiLU(),
            nn.Flatten(),
            nn.Linear(2 * width * side**2, 256),
            nn.SiLU(),
            nn.Linear(256, 2 * config.z_dim),
        )
        self.hidden = nn.Sequential(
            nn.Linear(config.z_dim, 256), nn.SiLU(), nn.Linear(256, 256), nn.SiLU(), nn.Linear(256, 2 * width * side**2), nn.SiLU()
        )
        self.decoder = nn.Sequential(
            nn.ConvTranspose2d(2 * width, width, 4, 2, 1),
            nn.SiLU(),
            nn.Conv2d(width, width, 3, 1, 1),
            nn.SiLU(),
            nn.ConvTranspose2d(width, config.channels, 4, 2, 1),
        )

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(n, channels, size, size) in [0, 1] -> mean and log variance of q(z|x), each (n, z_dim)."""
        mean, log_variance = self.encoder(x).chunk(2, dim=1)
        return mean, log_variance

    def decode(self, z: Tensor) -> Tensor:
        """(n, z_dim) -> logits of each pixel being white, (n, channels, size, size)."""
        hidden = self.hidden(z.to(next(self.hidden.parameters()).dtype))
        return self.decoder(hidden.view(len(z), -1, self.side, self.side)).float()

    def map(self, z: Tensor, condition: Condition) -> Tensor:
        return z.unsqueeze(1)

    def centre(self, condition: Condition, n: int) -> Tensor:
        return torch.zeros(n, 1, self.spec.z_dim, device=next(self.parameters()).device)

    def synthesize(self, w: Tensor, noise_seeds: Sequence[int] | None = None) -> Tensor:
        """The expected picture: each pixel's probability of being white."""
        x = torch.sigmoid(self.decode(w[:, 0])) * 2 - 1
        return x.expand(-1, 3, -1, -1)


def negative_elbo(vae: Vae, x: Tensor) -> tuple[Tensor, Tensor]:
    """Reconstruction and KL in nats a pixel, averaged over the batch: the two terms of equation 10. x (n, c, h, w) in [0, 1]."""
    mean, log_variance = vae.encode(x)
    z = mean + (0.5 * log_variance).exp() * torch.randn_like(mean)
    reconstruction = F.binary_cross_entropy_with_logits(vae.decode(z), x, reduction="sum")
    kl = -0.5 * (1 + log_variance - mean.square() - log_variance.exp()).sum()
    return reconstruction / x.numel(), kl / x.numel()
