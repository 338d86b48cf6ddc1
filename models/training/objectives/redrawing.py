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

    So no picture of the data is left out, as a game alone leaves most of them out, and z is laid out as smoothly as the VAE's.
    Most of what a z drawn by chance falls on lies between the pictures: there the VAE shows what is to be drawn. It stays as it
    is: its blurred lines are the generator's to sharpen, and the critic's to see.
    """

    def __init__(self, generator: Generator, coder: Generator) -> None:
        spec = generator.spec
        if not isinstance(coder, Vae) or (coder.spec.z_dim, coder.spec.styles, ()) != (spec.z_dim, spec.styles, spec.classes):
            raise ValueError(
                f"A coder is a VAE with the generator's {spec.z_dim} numbers in z and styles {spec.styles}, without classes; "
                f"this '{coder.spec.family}' has {coder.spec.z_dim} and {coder.spec.styles}. Name another with --set coder=…"
            )
        device = next(generator.parameters()).device
        self.vae, self.eyes = coder.to(device).requires_grad_(False), load_encoder().to(device)

    @torch.no_grad()
    def places(self, pictures: Tensor, condition: Condition, chance: Tensor) -> Tensor:
        """z (n, z_dim) for a batch: of every other picture the code, as unsure as the VAE is, and between them chance, standard normal."""
        spec, z = self.vae.spec, chance.clone()
        mean, log_variance = self.vae.encode((seen(pictures[::2, : spec.channels], spec.size).float() + 1) / 2)
        z[::2] = self.vae.unmapped((mean + (log_variance / 2).exp() * chance[::2]).unsqueeze(1), condition[::2])
        return z

    def unlike(self, drawn: Tensor, pictures: Tensor, condition: Condition, z: Tensor) -> Tensor:
        """How far what was drawn at those places is from what it should be, (): every other from the picture, between them from the VAE's.

        Its own are compared at their size: what is drawn larger is not asked to be as blurred.
        """
        with torch.no_grad():
            told = self.vae.synthesize(self.vae.map(z[1::2], condition[1::2]))
        side = min(told.shape[-1], drawn.shape[-1])
        return (self._apart(drawn[::2], pictures[::2]) + self._apart(seen(drawn[1::2], side), seen(told, side))) / 2

    def _apart(self, drawn: Tensor, wanted: Tensor) -> Tensor:
        with torch.no_grad():
            known = self.eyes(wanted)
        return ALIKE * distance(self.eyes(drawn), known).mean() + NEAR * (drawn - wanted).abs().mean()
