"""The contract of every registered family, and each family's own mathematics against closed forms."""

import pytest
import torch
from torch import Tensor

from models.generators.style import ModulatedConv, Style
from models.generators.vae import Vae, negative_elbo
from models.latent import Turned
from models.registry import GENERATORS, Registry
from models.spec import Condition, Generator, GeneratorSpec

TINY = {
    "dcgan": {"size": 16, "channels": 1, "z_dim": 8, "width": 8, "classes": ["a", "b"], "styles": ["x", "y", "z"]},
    "lapgan": {"size": 16, "coarsest": 4, "noise": 4, "hidden": 8, "width": 8, "classes": ["a", "b"], "styles": ["x"]},
    "mlp_gan": {"size": 8, "z_dim": 6, "hidden": 12},
    "progressive": {"size": 16, "z_dim": 8, "widths": [8, 8, 8], "embedding": 4, "classes": ["a", "b"], "styles": ["x", "y"]},
    "rvae": {"size": 32, "z_dim": 4, "hidden": 16, "attention": 8, "heads": 2, "mixtures": 3, "longest": 12},
    "style": {"size": 16, "z_dim": 8, "w_dim": 12, "widths": [8, 8, 8], "mapping_layers": 2, "classes": ["a", "b"], "styles": ["x"]},
    "vae": {"size": 8, "z_dim": 2, "width": 4},
}


def built(family: str) -> Generator:
    torch.manual_seed(0)
    return GENERATORS.get(family).build(TINY[family]).eval()


def even(spec: GeneratorSpec, n: int) -> Condition:
    share = lambda names: torch.full((n, len(names)), 1 / len(names)) if names else None  # noqa: E731
    return Condition(share(spec.classes), share(spec.styles))


def test_every_family_is_under_contract() -> None:
    assert set(GENERATORS.names()) == set(TINY)


@pytest.mark.parametrize("family", TINY)
def test_two_steps_make_a_picture(family: str) -> None:
    generator = built(family)
    spec = generator.spec
    w = generator.map(torch.randn(3, spec.z_dim), even(spec, 3))
    assert w.shape == generator.centre(even(spec, 3), 3).shape == (3, spec.layers, spec.w_dim)
    x = generator.synthesize(w, [1, 2, 3])
    assert x.shape == (3, 3, spec.size, spec.size)
    assert x.dtype == w.dtype == torch.float32
    assert x.isfinite().all()


@pytest.mark.parametrize("family", TINY)
def test_a_noise_seed_repeats_the_picture_alone_and_in_company(family: str) -> None:
    generator = built(family)
    w = generator.map(torch.randn(2, generator.spec.z_dim), even(generator.spec, 2))
    both = generator.synthesize(w, [5, 6])
    torch.testing.assert_close(generator.synthesize(w[:1], [5]), both[:1], atol=1e-5, rtol=1e-5)
    assert torch.equal(generator.synthesize(w, [5, 6]), both)


@pytest.mark.parametrize("packs", [True, False], ids=["packed", "plain"])
@pytest.mark.parametrize("family", TINY)
def test_synthesis_draws_the_same_pictures_and_leaves_the_generator_alone(
    family: str, packs: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    generator = varied(built(family))
    if not packs:
        monkeypatch.setattr("models.frozen._packed", refuse)
    before = {name: value.clone() for name, value in generator.state_dict().items()}
    with torch.inference_mode():
        for n in (1, 3, 8):
            z = torch.randn(n, generator.spec.z_dim, generator=torch.Generator().manual_seed(n))
            w, seeds = generator.map(z, even(generator.spec, n)), list(range(n))
            expected = generator.synthesize(w, seeds)
            for dtype, within in ((torch.float32, 1e-4), (torch.bfloat16, 0.06)):
                draw = generator.synthesis(dtype)
                x = draw(w, seeds)
                assert (x.dtype, x.shape) == (torch.float32, expected.shape)
                assert float((x - expected).abs().max()) < within * max(1.0, float(expected.abs().max()))
                assert torch.equal(draw(w, seeds), x)
                assert torch.equal(draw(w[:1], seeds[:1]), draw(w[:1], seeds[:1]))
    assert all(torch.equal(value, before[name]) for name, value in generator.state_dict().items())


def test_noise_that_is_kept_is_that_of_its_seed_and_its_turn() -> None:
    generator = varied(built("style"))
    draw = generator.synthesis(torch.float32)
    w = generator.map(torch.randn(1, generator.spec.z_dim), even(generator.spec, 1))
    seeds = (5, Turned(5, 0.3), Turned(5, 0.6), 6, 5)
    with torch.inference_mode():
        alone = [draw(w, [seed]) for seed in seeds]
        for seed, x in zip(seeds, alone, strict=True):
            torch.testing.assert_close(x, generator.synthesize(w, [seed]), atol=1e-4, rtol=0)
        torch.testing.assert_close(draw(w.expand(5, -1, -1), seeds), torch.cat(alone), atol=1e-5, rtol=0)
    assert torch.equal(alone[0], alone[-1])
    assert not any(torch.equal(a, b) for a, b in zip(alone, alone[1:], strict=False))


def refuse(*_: object) -> None:
    raise RuntimeError("this processor packs nothing")


def varied(generator: Generator) -> Generator:
    """As if trained a little: what begins as nothing or as one would hide a mistake."""
    torch.manual_seed(1)
    for name, tensor in generator.state_dict().items():
        if name.endswith(("bias", "noise", "ground", "running_mean")):
            tensor += torch.randn_like(tensor) * 0.3
        elif "norm" in name and tensor.is_floating_point():
            tensor *= torch.rand_like(tensor) + 0.5
    return generator


@pytest.mark.parametrize("family", ["dcgan", "lapgan", "progressive", "style"])
def test_a_mixture_lies_between_its_ends(family: str) -> None:
    """Half of each class is embedded half way: mixtures are convex, not new names."""
    generator = built(family)
    spec = generator.spec
    shares = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5]])
    styles = torch.eye(len(spec.styles))[[0, 0, 0]]
    a, b, middle = generator.centre(Condition(shares, styles), 3)
    torch.testing.assert_close(middle, (a + b) / 2)


def test_a_condition_of_the_wrong_width_is_named() -> None:
    with pytest.raises(ValueError, match="takes 2 classes and 3 styles"):
        Condition(torch.ones(1, 2)).rows(built("dcgan").spec)


def test_modulation_equals_a_kernel_a_picture() -> None:
    """Karras 2020, equations 1 and 3, computed the slow way."""
    torch.manual_seed(1)
    conv = ModulatedConv(3, 5, 3, w_dim=4)
    x, w = torch.randn(2, 3, 6, 6), torch.randn(2, 4)
    expected = []
    for one, style in zip(x, conv.style(w), strict=True):
        kernel = conv.weight * conv.scale * style[None, :, None, None]
        kernel = kernel / (kernel.square().sum((1, 2, 3), keepdim=True) + 1e-8).sqrt()
        expected.append(torch.nn.functional.conv2d(one[None], kernel, padding=1))
    torch.testing.assert_close(conv(x, w), torch.cat(expected), atol=1e-5, rtol=1e-4)


def test_centres_are_the_mean_of_w_for_each_condition() -> None:
    style = built("style")
    assert isinstance(style, Style)
    style.measure_centres(256)
    z = torch.randn(256, 8, generator=torch.Generator().manual_seed(0))
    second = Condition(torch.tensor([[0.0, 1.0]]), torch.ones(1, 1))
    many = Condition(second.rows(style.spec)[:, :2].expand(256, -1), torch.ones(256, 1))  # type: ignore[index]
    torch.testing.assert_close(style.centre(second, 1)[0, 0], style.map(z, many)[:, 0].mean(0))


def test_the_kl_term_is_that_of_torch_distributions() -> None:
    vae = built("vae")
    assert isinstance(vae, Vae)
    x = torch.rand(5, 1, 8, 8)
    mean, log_variance = vae.encode(x)
    posterior = torch.distributions.Normal(mean, (log_variance / 2).exp())
    expected: Tensor = torch.distributions.kl_divergence(posterior, torch.distributions.Normal(0.0, 1.0)).sum() / x.numel()
    torch.testing.assert_close(negative_elbo(vae, x)[1], expected)


def test_an_unknown_option_and_family_are_named_with_what_there_is() -> None:
    with pytest.raises(ValueError, match="has no option hue. It has: .*z_dim"):
        GENERATORS.get("vae").build({"hue": 1})
    with pytest.raises(ValueError, match="No family 'gun'. Known: dcgan, .*style, vae"):
        GENERATORS.get("gun")
    with pytest.raises(ValueError, match="doubled some times, not 30"):
        GENERATORS.get("dcgan").build({"size": 30})
    registry = Registry("models.generators")
    registry.register("vae", object)(Vae)
    with pytest.raises(ValueError, match="registered twice"):
        registry.register("vae", object)(Vae)
