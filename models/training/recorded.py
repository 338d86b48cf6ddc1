"""A pass through a network, recorded once and played again.

On a graphics card a step of ours is some thousand small kernels, and starting them one by one takes ten times as long as they run; a
CUDA graph starts them all at once. On a processor nothing is recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

import torch
from torch import Tensor, nn

WARM = 3  # passes before one is recorded, in which libraries choose their kernels


class Recorded:
    """call(*tensors) -> a tensor, through a network whose parameters it may learn by; once differentiable, not twice.

    What it gave is overwritten when it is called again with tensors of the same shapes: what one pass gave has to be descended by
    before the next. Nothing in a pass may depend on values on the CPU, but by forget().
    """

    def __init__(self, call: Callable[..., Tensor], network: nn.Module) -> None:
        self.call, self.network = call, network
        self.takes: dict[Hashable, Callable[..., Tensor]] = {}
        self.off = False  # while what is passed changes from step to step

    def forget(self, off: bool = False) -> None:
        """The pass is another one from now on; with `off` it is not worth recording."""
        self.takes, self.off = {}, off

    def __call__(self, *given: Tensor) -> Tensor:
        if self.off or given[0].device.type != "cuda":
            return self.call(*given)
        learns = torch.is_grad_enabled()
        key = (
            learns,
            *((x.shape, x.dtype, learns and x.requires_grad) for x in given),
            *(p.requires_grad for p in self.network.parameters()),
        )
        if key not in self.takes:
            samples = tuple(x.detach().clone().requires_grad_(learns and x.requires_grad) for x in given)
            self.takes[key] = self._learning(samples) if learns else self._drawing(samples)
        return self.takes[key](*given)

    def _learning(self, samples: tuple[Tensor, ...]) -> Callable[..., Tensor]:
        recorded: Any = torch.cuda.make_graphed_callables(_Pass(self.call, self.network), samples, WARM, allow_unused_input=True)
        return recorded

    @torch.no_grad()
    def _drawing(self, samples: tuple[Tensor, ...]) -> Callable[..., Tensor]:
        beside = torch.cuda.Stream()
        beside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(beside):
            for _ in range(WARM):
                self.call(*samples)
        torch.cuda.current_stream().wait_stream(beside)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            made = self.call(*samples)

        def play(*given: Tensor) -> Tensor:
            for sample, x in zip(samples, given, strict=True):
                sample.copy_(x)
            graph.replay()
            return made.clone()

        return play


class _Pass(nn.Module):
    """A call as a module, whose parameters are those of the network."""

    def __init__(self, call: Callable[..., Tensor], network: nn.Module) -> None:
        super().__init__()
        self.call, self.network = call, network

    def forward(self, *given: Tensor) -> Tensor:
        return self.call(*given)
