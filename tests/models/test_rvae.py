"""A recurrent autoencoder: what it holds likely is what it draws, step by step or at once; strokes go on where a visitor stopped."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from models.generators.rvae import Odds, Rvae, RvaeConfig, Writings, chances, collated, drawn, log_likelihood, negative_elbo
from models.spec import Condition
from models.strokes import DRAWS, ENDS, LIFTS, flattened

CROSS = [np.array([[0.2, 0.5], [0.8, 0.5]], np.float32), np.array([[0.5, 0.2], [0.55, 0.5], [0.5, 0.8]], np.float32)]
LINE = [np.array([[0.1, 0.3], [0.9, 0.35]], np.float32)]


def built(**options: int | float) -> Rvae:
    torch.manual_seed(0)
    small = {"size": 32, "z_dim": 4, "hidden": 16, "attention": 8, "heads": 2, "mixtures": 3, "longest": 20}
    return Rvae(RvaeConfig(**{**small, **options})).eval()  # type: ignore[arg-type]


def odds_of(n: int = 1, mixtures: int = 2) -> Odds:
    torch.manual_seed(1)
    shape = n, mixtures
    correlation = torch.linspace(-0.7, 0.8, mixtures).expand(shape)
    return Odds(torch.randn(shape), torch.randn(*shape, 2), 0.3 * torch.randn(*shape, 2), correlation, torch.randn(n, 3))


def both() -> Writings:
    return collated([flattened(CROSS), flattened(LINE)])


def test_the_density_is_that_of_torch_distributions() -> None:
    odds, moves = odds_of(5), torch.randn(5, 2)
    std, correlation = odds.log_std.exp(), odds.correlation
    covariance = torch.diag_embed(std.square())
    covariance[..., 0, 1] = covariance[..., 1, 0] = correlation * std[..., 0] * std[..., 1]
    normals = torch.distributions.MultivariateNormal(odds.mean, covariance)
    mixture = torch.distributions.MixtureSameFamily(torch.distributions.Categorical(logits=odds.weights), normals)
    pens = torch.tensor([0, 1, 2, 1, 0])
    move, pen = log_likelihood(odds, moves, pens)
    torch.testing.assert_close(move, mixture.log_prob(moves))
    expected: Tensor = torch.distributions.Categorical(logits=odds.pen).log_prob(pens)
    torch.testing.assert_close(pen, expected)


def test_what_is_drawn_has_the_odds() -> None:
    n = 40_000
    odds = Odds(*(part.expand(n, *part.shape[1:]) for part in odds_of()))
    torch.manual_seed(0)
    moves, pens = drawn(odds, torch.cat([torch.rand(n, 2), torch.randn(n, 2)], dim=1), torch.ones(n))
    share = odds.weights[0].softmax(-1)
    mean = share @ odds.mean[0]
    torch.testing.assert_close(moves.mean(0), mean, atol=0.03, rtol=0)
    product = odds.correlation[0] * odds.log_std[0].exp().prod(-1) + odds.mean[0].prod(-1)
    torch.testing.assert_close(moves.prod(1).mean(), share @ product, atol=0.05, rtol=0)
    torch.testing.assert_close(torch.bincount(pens) / n, odds.pen[0].softmax(-1), atol=0.01, rtol=0)


def test_at_temperature_0_the_likeliest_is_drawn() -> None:
    odds = odds_of(7)
    moves, pens = drawn(odds, torch.randn(7, 4).abs().clamp(0, 1), torch.zeros(7))
    assert torch.equal(pens, odds.pen.argmax(1))
    assert torch.equal(moves, odds.mean[torch.arange(7), odds.weights.argmax(1)])


def test_a_step_at_a_time_foresees_what_all_at_once_does() -> None:
    """The parallel pass of training and the loop that draws are one network: at temperature 0 a writing foretells itself."""
    rvae = built()
    z = torch.randn(3, 4)
    nothing = collated([(np.empty((0, 2), np.float32), np.empty(0, np.int64))] * 3)
    points, pens = rvae._write(z, torch.zeros(3, 20, 4), torch.zeros(3), nothing)
    writings = Writings(points, pens, torch.full((3,), points.shape[1]))
    with torch.no_grad():
        odds = rvae.foresee(z, writings)
    moves, does = drawn(Odds(*(part.flatten(0, 1) for part in odds)), torch.zeros(points.shape[1] * 3, 4), torch.zeros(points.shape[1] * 3))
    before = torch.cat([torch.full((3, 1, 2), 0.5), points[:, :-1]], dim=1)
    alive = torch.cat([torch.zeros(3, 1, dtype=torch.bool), (pens == ENDS)[:, :-1]], dim=1).logical_not()
    expected = (before + 0.16 * moves.view(3, -1, 2)).clamp(0, 1)
    torch.testing.assert_close(expected[alive], points[alive], atol=1e-5, rtol=0)
    assert torch.equal(does.view(3, -1)[alive], pens[alive])


def test_no_step_knows_what_comes_after_it() -> None:
    rvae, writings = built(), both()
    other = writings._replace(points=writings.points.clone())
    other.points[:, 3:] = torch.rand(2, 2, 2)
    z = torch.randn(2, 4)
    for known, changed in zip(rvae.foresee(z, writings), rvae.foresee(z, other), strict=True):
        torch.testing.assert_close(known[:, :4], changed[:, :4])
        assert not torch.allclose(known[:, 4:], changed[:, 4:])


def test_padding_changes_neither_posterior_nor_bound() -> None:
    rvae, writings = built(), both()
    alone = collated([flattened(LINE)])
    for padded, plain in zip(rvae.read(writings), rvae.read(alone), strict=True):
        torch.testing.assert_close(padded[1:], plain)
    with torch.no_grad():
        torch.manual_seed(3)
        in_company = negative_elbo(rvae, collated([flattened(LINE), flattened(CROSS)]))
        torch.manual_seed(3)
        by_itself = negative_elbo(rvae, alone)
    for company, one in zip(in_company, by_itself, strict=True):
        torch.testing.assert_close(company[:1], one)


def test_the_divergence_is_that_of_torch_distributions() -> None:
    rvae = built()
    mean, log_variance = rvae.read(both())
    posterior = torch.distributions.Normal(mean, (log_variance / 2).exp())
    expected: Tensor = torch.distributions.kl_divergence(posterior, torch.distributions.Normal(0.0, 1.0)).sum(1)
    torch.testing.assert_close(negative_elbo(rvae, both()).kl, expected)


def test_w_lies_where_the_writings_do() -> None:
    rvae, z = built(), torch.randn(20_000, 4)
    assert torch.equal(rvae.map(z, Condition())[:, 0], z), "before any writing was read, w is z"
    rvae.place_latent([both(), collated([flattened(CROSS)])])
    mean, log_variance = rvae.read(collated([flattened(CROSS), flattened(LINE), flattened(CROSS)]))
    w = rvae.map(z, Condition())[:, 0]
    read = (mean + (log_variance / 2).exp() * torch.randn(8_000, 3, 4)).flatten(0, 1)
    torch.testing.assert_close(w.mean(0), read.mean(0), atol=0.05, rtol=0)
    torch.testing.assert_close(w.T.cov(), read.T.cov(), atol=0.06, rtol=0)
    torch.testing.assert_close(rvae.centre(Condition(), 2)[:, 0], mean.mean(0).expand(2, -1))


def test_a_drawn_writing_is_read_as_the_data_is() -> None:
    rvae = built()
    shaky = [np.linspace(a, b, 40, dtype=np.float32) for a, b in zip(LINE[0], LINE[0][1:], strict=False)]
    torch.testing.assert_close(rvae.encode([shaky])[0], rvae.encode([LINE])[0])


def test_writings_are_bounded_whole_and_on_the_page() -> None:
    for strokes in built().strokes(5 * torch.randn(16, 1, 4), list(range(16)), temperature=2.0):
        assert 1 <= sum(len(stroke) for stroke in strokes) <= 20
        for stroke in strokes:
            assert stroke.dtype == np.float32
            assert 0 <= stroke.min() <= stroke.max() <= 1


def test_a_seed_is_one_luck_at_every_z() -> None:
    assert torch.equal(chances([7, 8], 2, 5)[1], chances([8], 1, 5)[0])
    assert not torch.equal(chances(None, 1, 5), chances(None, 1, 5))
    rvae, w = built(), torch.randn(1, 1, 4)
    one, other, again = (rvae.strokes(w, [seed], temperature=1.0)[0] for seed in (1, 2, 1))
    assert [stroke.tolist() for stroke in one] == [stroke.tolist() for stroke in again] != [stroke.tolist() for stroke in other]


def test_a_writing_goes_on_from_the_strokes_given() -> None:
    rvae, w = built(), torch.randn(3, 1, 4)
    started = rvae.strokes(w, [1, 2, 3], start=[CROSS, [], LINE])
    free = rvae.strokes(w, [1, 2, 3])
    assert [stroke.tolist() for stroke in started[0][:2]] == [stroke.tolist() for stroke in CROSS]
    assert started[2][0].tolist() == LINE[0].tolist()
    assert [stroke.tolist() for stroke in started[1]] == [stroke.tolist() for stroke in free[1]], "a neighbour's start is not its own"


def test_what_was_given_changes_what_follows() -> None:
    rvae = built()
    with torch.no_grad():
        rvae.odds.bias[-3:] = torch.tensor([5.0, 0.0, -20.0])  # it never ends, so something follows
    moved = [stroke + 0.05 for stroke in LINE]
    one, other = (rvae.strokes(torch.zeros(1, 1, 4), [1], 0, [start])[0] for start in (LINE, moved))
    assert len(one) > 1
    assert not np.allclose(one[1][:3], other[1][:3])
    assert sum(map(len, one)) == 20


def test_a_start_that_is_too_long_or_not_one_each_is_named() -> None:
    rvae = built()
    zigzag = [np.array([[k % 2, k / 30] for k in range(30)], np.float32)]
    with pytest.raises(ValueError, match="at most 20 points once simplified, not 30"):
        rvae.strokes(torch.zeros(1, 1, 4), [1], start=[zigzag])
    with pytest.raises(ValueError, match="1 starts for 2 writings"):
        rvae.strokes(torch.zeros(2, 1, 4), [1, 2], start=[LINE])
    with pytest.raises(ValueError, match="between 0 and 2"):
        rvae.strokes(torch.zeros(1, 1, 4), [1], temperature=3)


def test_the_picture_is_ink_on_paper() -> None:
    x = built().synthesize(torch.randn(4, 1, 4), [1, 2, 3, 4])
    assert x.shape == (4, 3, 32, 32)
    assert x.max() == 1
    assert (x.amin((1, 2, 3)) < 0).all()


def test_half_precision_is_asked_for_in_vain() -> None:
    rvae, w = built(), torch.randn(2, 1, 4)
    expected = rvae.synthesize(w, [1, 2])
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(rvae.synthesize(w, [1, 2]), expected)
    assert torch.equal(rvae.synthesis(torch.bfloat16)(w, [1, 2]), expected)


def test_paths_of_unequal_length_are_padded_with_ends() -> None:
    points, pens, lengths = both()
    assert lengths.tolist() == [5, 2]
    assert pens.tolist() == [[DRAWS, LIFTS, DRAWS, DRAWS, ENDS], [DRAWS, ENDS, ENDS, ENDS, ENDS]]
    assert torch.equal(points[1, 1:], points[1, 1:2].expand(4, -1))


def test_a_config_that_cannot_be_is_named() -> None:
    with pytest.raises(ValueError, match="heads divide attention"):
        RvaeConfig(attention=10, heads=4)
