"""What a VAE says is probable, and what its size is made of."""

import pytest
import torch
from torch import Tensor

from models.generators.vae import Vae, VaeConfig, log_likelihood, negative_elbo


def built(**options: object) -> Vae:
    torch.manual_seed(0)
    return Vae(VaeConfig(size=16, channels=3, z_dim=4, width=4, halvings=3, **options))  # type: ignore[arg-type]


@pytest.mark.parametrize("log_scale", [-5.0, -3.0, 0.0])
@pytest.mark.parametrize("logit", [-4.0, 0.0, 1.5])
def test_the_levels_of_a_pixel_are_all_that_can_be(log_scale: float, logit: float) -> None:
    vae = built(likelihood="logistic")
    vae.log_scale.data.fill_(log_scale)
    levels = (torch.arange(256) / 255).view(256, 1, 1, 1).expand(-1, 3, 1, 1)
    shares = log_likelihood(vae, torch.full((256, 3, 1, 1), logit), levels).exp().sum(0)
    torch.testing.assert_close(shares, torch.ones(3, 1, 1), atol=2e-3, rtol=0)


def test_a_bernoulli_pixel_is_torch_s() -> None:
    logits, x = torch.randn(2, 3, 4, 4), torch.randint(2, (2, 3, 4, 4)).float()
    expected: Tensor = torch.distributions.Bernoulli(logits=logits).log_prob(x)
    torch.testing.assert_close(log_likelihood(built(), logits, x), expected)


def test_the_scale_is_learned_and_a_far_pixel_still_pulls() -> None:
    vae = built(likelihood="logistic")
    vae.log_scale.data.fill_(-8.0)
    reconstruction, kl = negative_elbo(vae, torch.rand(2, 3, 16, 16))
    (reconstruction + kl).backward()
    for parameter in (vae.log_scale, vae.decoder[-1].weight):
        assert isinstance(parameter.grad, Tensor)
        assert parameter.grad.isfinite().all()
        assert parameter.grad.abs().sum() > 0


def test_a_picture_goes_in_and_comes_out_at_its_size() -> None:
    vae = built(likelihood="logistic")
    mean, log_variance = vae.encode(torch.rand(2, 3, 16, 16))
    assert mean.shape == log_variance.shape == (2, 4)
    assert vae.synthesize(mean[:, None]).shape == (2, 3, 16, 16)


def test_a_config_that_cannot_be_is_named() -> None:
    with pytest.raises(ValueError, match="a multiple of 16, not 24"):
        VaeConfig(size=24, halvings=4)
    with pytest.raises(ValueError, match="one of bernoulli, logistic, not 'gauss'"):
        VaeConfig(likelihood="gauss")  # type: ignore[arg-type]
