"""Pictures drawn again from where an autoencoder put them: what a generator has to reach as well as a critic's consent."""

from __future__ import annotations

import torch
from torch import Tensor

from models.encoder import distance, load_encoder, seen
from models.generators.vae import Vae
from models.spec import Condition, Generator

ALIKE, NEAR = 8.0, 10.0  # weights of perceptual distance and of mean absolute error


class Redrawing:
    """A VAE that has learned the same pictures tells what z each of them has; from it the generator must draw it again (Larsen 2016).

    So no picture of the data is left out, as a game alone leaves most of them out, and z is laid out as smoothly as the VAE's. The
    VAE stays as it is: its blurred lines are the generator's to sharpen, and the critic's to see.
    """

    def __init__(self, generator: Generator, coder: Generator) -> None:
        spec = generator.spec
        fits = isinstance(coder, Vae) and (coder.spec.z_dim, coder.spec.styles, spec.classes) == (spec.z_dim, spec.styles, ())
        if not isinstance(coder, Vae) or not fits:
            raise ValueError(
                f"A coder is a VAE with the generator's {spec.z_dim} numbers in z and styles {spec.styles}, without classes; "
                f"this '{coder.spec.family}' has {coder.spec.z_dim} and {coder.spec.styles}. Name another with --set coder=…"
            )
        device = next(generator.parameters()).device
        self.vae, self.eyes = coder.to(device).requires_grad_(False), load_encoder().to(device)

    @torch.no_grad()
    def code(self, pictures: Tensor, condition: Condition, chance: Tensor) -> Tensor:
        """z of pictures (n, 3, side, side) in [-1, 1] in their styles, as unsure as the VAE is: chance (n, z_dim), standard normal."""
        spec = self.vae.spec
        mean, log_variance = self.vae.encode((seen(pictures[:, : spec.channels], spec.size).float() + 1) / 2)
        return self.vae.unmapped((mean + (log_variance / 2).exp() * chance).unsqueeze(1), condition)

    def unlike(self, drawn: Tensor, pictures: Tensor) -> Tensor:
        """How far what was drawn is from what it should be, (): perceptual distance and error, weighed."""
        with torch.no_grad():
            wanted = self.eyes(pictures)
        return ALIKE * distance(self.eyes(drawn), wanted).mean() + NEAR * (drawn - pictures).abs().mean()
