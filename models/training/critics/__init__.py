"""Critics: the other half of a generative adversarial pair. They are trained beside a generator and not kept with it."""

from __future__ import annotations

from typing import Literal

from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

from models.encoder import load_encoder
from models.generators.dcgan import Dcgan
from models.generators.mlp_gan import MlpGan
from models.generators.progressive import Progressive
from models.generators.style import Style
from models.spec import Generator
from models.training.critics.critic import Critic, Judgement
from models.training.critics.dcgan import dcgan_features
from models.training.critics.mlp_gan import mlp_gan_features
from models.training.critics.progressive import ProgressiveFeatures
from models.training.critics.projected import ProjectedCritic
from models.training.critics.style import StyleFeatures

__all__ = ["Critic", "CriticName", "Judgement", "build_critic"]

CriticName = Literal["own", "spectral", "projected"]


def build_critic(generator: Generator, name: CriticName = "own") -> Critic | ProjectedCritic:
    """The critic of a generator's family, plain or with spectral normalisation (Miyato 2018), or one that looks through frozen features.

    ValueError where a family is not adversarial.
    """
    if name == "projected":
        return ProjectedCritic(load_encoder(), generator.spec)
    match generator:
        case Dcgan():
            features, width = dcgan_features(generator)
        case MlpGan():
            features, width = mlp_gan_features(generator.config)
        case Progressive():
            features, width = ProgressiveFeatures(generator.config), generator.config.widths[0]
        case Style():
            features, width = StyleFeatures(generator.config), generator.config.widths[0]
        case _:
            raise ValueError(f"The family '{generator.spec.family}' has no critic.")
    if name == "spectral":
        for module in list(features.modules()):
            if isinstance(weight := getattr(module, "weight", None), nn.Parameter) and weight.dim() > 1:
                spectral_norm(module)
    return Critic(features, width, generator.spec)
