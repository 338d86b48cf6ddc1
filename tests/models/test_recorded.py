"""A recorded pass gives what the pass itself gives."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from models.training.recorded import Recorded

GRAPHICS = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a graphics card")


def network(device: str) -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(8, 16), nn.SiLU(), nn.Linear(16, 4)).to(device)


@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=GRAPHICS)])
def test_pictures_and_gradients_are_those_of_the_pass_itself(device: str) -> None:
    net = network(device)
    recorded = Recorded(lambda x, y: net(x + y), net)
    for seed in range(3):
        x, y = torch.randn(2, 5, 8, generator=torch.Generator().manual_seed(seed)).to(device)
        x.requires_grad_()
        wanted = torch.autograd.grad(net(x + y).square().sum(), [x, *net.parameters()])
        found = torch.autograd.grad(recorded(x, y).square().sum(), [x, *net.parameters()])
        for a, b in zip(found, wanted, strict=True):
            torch.testing.assert_close(a, b)
        with torch.no_grad():
            torch.testing.assert_close(recorded(x, y), net(x + y))


def test_on_a_processor_the_pass_itself_is_called() -> None:
    calls: list[Tensor] = []

    def call(x: Tensor) -> Tensor:
        calls.append(x)
        return x * 2

    recorded = Recorded(call, network("cpu"))
    x = torch.ones(2, 8)
    for _ in range(2):
        assert torch.equal(recorded(x), x * 2)
    recorded.forget(off=True)
    recorded(x)
    assert len(calls) == 3 and not recorded.takes
