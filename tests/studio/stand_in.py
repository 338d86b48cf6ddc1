"""A generator that does as it is told: slow, broken or out of memory, so that the engine's conduct can be tested."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import pytest
import torch
from torch import Tensor

from models.checkpoint import Card, Checkpoint
from models.spec import Condition, Generator, GeneratorSpec, Synthesis
from studio.engine import Engine
from studio.schedule import Limits

NAN, RAISES, NO_MEMORY, NO_MEMORY_ONCE, NO_MEMORY_TOGETHER = 13, 14, 15, 16, 17  # noise seeds that it obeys


class Obedient(Generator):
    """Draws its noise seed as a grey; certain noise seeds make it fail. A closed gate makes it wait."""

    def __init__(self) -> None:
        super().__init__()
        self.spec = GeneratorSpec("obedient", size=4, channels=3, z_dim=8, w_dim=8, layers=1)
        self.drawn: list[tuple[int, ...]] = []  # noise seeds, one entry a batch
        self.gate = Event()
        self.gate.set()
        self.inside = Event()  # set while it draws

    def map(self, z: Tensor, condition: Condition) -> Tensor:
        return z.unsqueeze(1)

    def centre(self, condition: Condition, n: int) -> Tensor:
        return torch.zeros(n, 1, 8)

    def synthesize(self, w: Tensor, noise_seeds: Sequence[int] | None = None) -> Tensor:
        seeds = tuple(noise_seeds or ())
        self.inside.set()
        assert self.gate.wait(10), "a test forgot to open the gate"
        self.drawn.append(seeds)
        if RAISES in seeds:
            raise IndexError("a bug in a generator")
        if NO_MEMORY in seeds or (NO_MEMORY_TOGETHER in seeds and len(seeds) > 1):
            raise torch.OutOfMemoryError("CUDA out of memory.")
        if NO_MEMORY_ONCE in seeds and self.drawn.count(seeds) == 1:
            raise RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 bytes.")
        x = torch.tensor(seeds).float().view(-1, 1, 1, 1).expand(-1, 3, 4, 4) / 127.5 - 1
        return torch.where(x == NAN / 127.5 - 1, torch.nan, x)

    def synthesis(self, dtype: torch.dtype) -> Synthesis:
        return self.synthesize

    @contextmanager
    def held(self) -> Iterator[None]:
        """While it lasts, whatever is being drawn waits."""
        self.gate.clear()
        self.inside.clear()
        try:
            yield
        finally:
            self.gate.set()

    def wait_until_drawing(self) -> None:
        assert self.inside.wait(10), "the engine never came to draw"


@contextmanager
def obedient_engine(
    patch: pytest.MonkeyPatch, *, limits: Limits | None = None, report: Callable[[str], None] = lambda line: None
) -> Iterator[tuple[Engine, Obedient]]:
    """An engine with nothing but an obedient generator, called 'obedient'."""
    generator = Obedient()
    card = Card("obedient", "obedient", {"en": "Obedient"}, {}, "crisp", "none", "none", weights_sha256="0" * 64)
    patch.setattr("studio.engine.find", lambda root: [root / "obedient"])
    patch.setattr("studio.engine.load", lambda folder: Checkpoint(card, generator, {}))
    with Engine(Path("nowhere"), device="cpu", limits=limits, report=report) as engine:
        generator.drawn.clear()
        try:
            yield engine, generator
        finally:
            generator.gate.set()
