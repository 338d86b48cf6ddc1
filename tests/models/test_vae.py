"""What a VAE says is probable, and what its size is made of."""

import pytest
import torch
from torch import Tensor

from models.generators.vae import WIDTH_RATE, Vae, VaeConfig, log_likelihood
from models.spec import Condition


def built(**options: object) -> Vae:
    torch.manual_seed(0)
    return Vae(VaeConfig(size=16, channels=3, z_dim=4, width=4, halvings=3, **options))  # type: ignore[arg-type]


@pytest.mark.parametrize("log_width", [-4.0, -3.0])
def test_the_levels_of_a_pixel_are_all_that_can_be(log_width: float) -> None:
    vae = built(likelihood="gaussian")
    vae.log_width.data.fill_(log_width / WIDTH_RATE)
    levels = (torch.arange(256) / 255).view(256, 1, 1, 1).expand(-1, 3, 1, 1)
    shares = log_likelihood(vae, torch.full((256, 3, 1, 1), 0.3), levels).exp().sum(0)
    torch.testing.assert_close(shares, torch.ones(3, 1, 1), atol=1e-4, rtol=0)


def test_a_bernoulli_pixel_is_torch_s() -> None:
    logits, x = torch.randn(2, 3, 4, 4), torch.randint(2, (2, 3, 4, 4)).float()
    expected: Tensor = torch.distributions.Bernoulli(logits=logits).log_prob(x)
    torch.testing.assert_close(log_likelihood(built(), logits, x), expected)


def test_the_best_width_is_the_error_s() -> None:
    """With all else held, the gradient of the width vanishes where its square is the mean squared error (Rybkin 2021, equation 5)."""
    vae, logits, x = built(likelihood="gaussian"), torch.randn(4, 3, 8, 8), torch.rand(4, 3, 8, 8)
    error = (x - logits.sigmoid()).square().mean(dim=(0, 2, 3))
    vae.log_width.data = error.log()[:, None, None] / 2 / WIDTH_RATE
    log_likelihood(vae, logits, x).mean().backward()
    assert vae.log_width.grad is not None
    torch.testing.assert_close(vae.log_width.grad, torch.zeros(3, 1, 1), atol=1e-5, rtol=0)


def test_signals_keep_their_strength_through_many_layers() -> None:
    vae = Vae(VaeConfig(size=64, channels=3, z_dim=64, halvings=4))
    torch.manual_seed(0)
    hidden = vae.hidden(torch.randn(32, 64))
    assert 0.1 < hidden.std() < 10
    assert 0.1 < vae.decode(torch.randn(32, 64)).std() < 10


def test_a_picture_goes_in_and_comes_out_at_its_size() -> None:
    vae = built(likelihood="gaussian")
    mean, log_variance = vae.encode(torch.rand(2, 3, 16, 16))
    assert mean.shape == log_variance.shape == (2, 4)
    assert vae.synthesize(mean[:, None]).shape == (2, 3, 16, 16)


def test_a_config_that_cannot_be_is_named() -> None:
    with pytest.raises(ValueError, match="a multiple of 16, not 24"):
        VaeConfig(size=24, halvings=4)
    with pytest.raises(ValueError, match="one of bernoulli, gaussian, not 'gauss'"):
        VaeConfig(likelihood="gauss")  # type: ignore[arg-type]


def test_a_deep_one_is_drawn_as_it_was_trained() -> None:
    vae = built(likelihood="gaussian").eval()
    w = torch.randn(3, 1, 4)
    with torch.inference_mode():
        torch.testing.assert_close(vae.synthesis(torch.float32)(w, None), vae.synthesize(w), atol=1e-5, rtol=0)


def test_codes_are_drawn_as_those_of_each_style_lie() -> None:
    vae = built(styles=("light", "dark"))
    pictures = torch.rand(64, 3, 16, 16) - 0.5 + torch.tensor([0.5, -0.5]).repeat(32).view(-1, 1, 1, 1)
    styles = torch.eye(2).repeat(32, 1)
    vae.fit(pictures, Condition(styles=styles))
    codes = vae.encode((pictures + 1) / 2)[0].detach()
    for k, style in enumerate(torch.eye(2)):
        told = Condition(styles=style.expand(20_000, -1))
        drawn = vae.map(torch.randn(20_000, 4, generator=torch.Generator().manual_seed(k)), told)[:, 0]
        torch.testing.assert_close(vae.centre(told, 20_000)[0, 0], codes[k::2].mean(0))
        torch.testing.assert_close(drawn.mean(0), codes[k::2].mean(0), atol=0.05, rtol=0)
        spread = torch.cov(codes[k::2].T) + torch.diag(vae.encode((pictures[k::2] + 1) / 2)[1].exp().mean(0).detach())
        torch.testing.assert_close(torch.cov(drawn.T), spread, atol=0.1, rtol=0.1)
    between = vae.centre(Condition(styles=torch.tensor([[0.5, 0.5]])), 1)[0, 0]
    torch.testing.assert_close(between, vae.middles.mean(0))
