"""How well an autoencoder explains pictures it has not seen."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch.nn import functional as F

from models.checkpoint import Checkpoint
from models.generators.vae import Vae, negative_elbo
from models.metrics.samples import Samples


class Likelihood:
    """The two terms of the evidence bound on held-out pictures, nats a pixel (Kingma and Welling 2013, equation 10)."""

    def names(self, checkpoint: Checkpoint) -> tuple[str, ...]:
        return ("reconstruction_nats", "kl_nats", "bound_nats") if isinstance(checkpoint.generator, Vae) else ()

    @torch.inference_mode()
    def measure(self, samples: Samples) -> Mapping[str, float]:
        vae = samples.checkpoint.generator
        assert isinstance(vae, Vae)
        rows = samples.data.test()
        torch.manual_seed(samples.seed)
        sums = torch.zeros(2, dtype=torch.float64)
        for part in np.array_split(rows, max(len(rows) // 500, 1)):
            x = torch.from_numpy(np.asarray(samples.data.pictures[part])).permute(0, 3, 1, 2).float() / 255
            reconstruction, kl = negative_elbo(vae, F.adaptive_avg_pool2d(x, vae.spec.size))
            sums += torch.stack([reconstruction, kl]).double() * len(part)
        reconstruction, kl = (sums / len(rows)).tolist()
        return {"reconstruction_nats": reconstruction, "kl_nats": kl, "bound_nats": reconstruction + kl}
