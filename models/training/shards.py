"""Several processes as one training: each takes its part of every batch, and all make the same update.

Started by `torchrun --nproc-per-node N -m models.train PRESET`. Random numbers are drawn for the whole batch in every process and
cut afterwards, so that N processes see what one would have seen.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.distributed.nn.functional  # before any group is: one that exists then becomes a default argument, and its threads never end
from torch import Tensor, distributed, nn


@dataclass(frozen=True)
class Shard:
    """Which part of a training this process is."""

    rank: int = 0
    world: int = 1

    @property
    def leads(self) -> bool:
        """The one that writes and speaks."""
        return self.rank == 0

    def part(self, total: int) -> slice:
        """This process's rows of a batch; ValueError where they do not divide evenly into pairs."""
        if total % (2 * self.world):
            raise ValueError(
                f"A batch of {total} does not divide into pairs over {self.world} processes. Set batch to a multiple of {2 * self.world}."
            )
        count = total // self.world
        return slice(self.rank * count, (self.rank + 1) * count)

    def normal(self, n: int, width: int) -> Tensor:
        """(n, width) from the unit normal: this process's part of (n * world, width)."""
        return torch.randn(n * self.world, width)[self.rank * n : (self.rank + 1) * n]

    def uniform(self, n: int) -> Tensor:
        """(n,) in [0, 1): likewise."""
        return torch.rand(n * self.world)[self.rank * n : (self.rank + 1) * n]

    def seeds(self, n: int) -> list[int]:
        """n seeds of noise: this process's part of as many for all."""
        return torch.randint(2**31, (n * self.world,))[self.rank * n : (self.rank + 1) * n].tolist()

    def average_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Every gradient becomes its mean over the processes, all in one message."""
        if self.world == 1:
            return
        gradients = [p.grad for p in parameters if p.grad is not None]
        together = torch.cat([g.flatten() for g in gradients])
        distributed.all_reduce(together)
        for gradient, mean in zip(gradients, (together / self.world).split([g.numel() for g in gradients]), strict=True):
            gradient.copy_(mean.view_as(gradient))

    def average(self, figures: dict[str, float]) -> dict[str, float]:
        """Every figure becomes its mean over the processes, which all have the same names."""
        if self.world == 1:
            return figures
        together = torch.tensor(list(figures.values()), dtype=torch.float64)
        distributed.all_reduce(together)
        return dict(zip(figures, (together / self.world).tolist(), strict=True))

    def wait(self) -> None:
        """Until every process is here: what one wrote, the others may then read."""
        if self.world > 1:
            distributed.barrier()


@contextmanager
def joined() -> Iterator[Shard]:
    """This process's part, as torchrun's environment says; alone without it. gloo between processors, nccl between graphics cards."""
    if "RANK" not in os.environ or "WORLD_SIZE" not in os.environ:
        yield Shard()
        return
    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
    distributed.init_process_group("cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo")
    try:
        yield Shard(distributed.get_rank(), distributed.get_world_size())
    finally:
        distributed.destroy_process_group()
