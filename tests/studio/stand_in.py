"""A generator and translators that do as they are told: slow, broken or out of memory, so that the engine's conduct can be tested."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import pytest
import torch
from torch import Tensor, nn

from models.checkpoint import Card, Checkpoint
from models.spec import Condition, Generator, GeneratorSpec, Synthesis
from models.translators.translator import NONE, Beside, Option, Others, Translator, TranslatorSpec
from studio.darkroom import Prepared
from studio.engine import Engine
from studio.schedule import Limits

NAN, RAISES, NO_MEMORY, NO_MEMORY_ONCE, NO_MEMORY_TOGETHER, LOST = 13, 14, 15, 16, 17, 18  # noise seeds that it obeys


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
        if LOST in seeds:
            raise torch.AcceleratorError("CUDA error: unspecified launch failure")
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
    patch.setattr("studio.shelf.find", lambda root: [root / "obedient"])
    patch.setattr("studio.shelf.load", lambda folder: Checkpoint(card, generator, {}))
    with (
        tempfile.TemporaryDirectory() as folder,
        Engine(Path("nowhere"), folder=Path(folder), device="cpu", limits=limits or Limits(batch_seconds=60), report=report) as engine,
    ):
        generator.drawn.clear()
        try:
            yield engine, generator
        finally:
            generator.gate.set()


class StandIn(Translator):
    """Gives the negative, or where it has a style that style's mean colour, both where its mask says. A closed gate makes it wait."""

    def __init__(self, spec: TranslatorSpec, reach: int | None = None) -> None:
        super().__init__()
        self.spec, self.reach = spec, reach
        self.nothing = nn.Parameter(torch.zeros(1))
        self.given: list[tuple[int, ...]] = []  # shapes of pictures
        self.masks: list[Tensor] = []
        self.error: Exception | None = None
        self.gate = Event()
        self.gate.set()
        self.inside = Event()  # set while it works

    @torch.no_grad()
    def translate(self, pictures: Tensor, options: Mapping[str, float], beside: Others = NONE) -> Tensor:
        self.inside.set()
        assert self.gate.wait(10), "a test forgot to open the gate"
        if self.error:
            raise self.error
        self.given.append(tuple(pictures.shape))
        styles, masks = beside.get("style", ()), beside.get("mask", ())
        self.masks += masks
        changed = torch.stack([one.mean((1, 2), keepdim=True) for one in styles]).mean(0) if styles else 1 - pictures
        where = masks[0] if masks else torch.ones(1)
        painted = torch.lerp(pictures, changed, options.get("strength", 1.0) * where)
        return painted.repeat_interleave(self.spec.factor, -1).repeat_interleave(self.spec.factor, -2)

    @contextmanager
    def held(self) -> Iterator[None]:
        """While it lasts, whatever it works on waits."""
        self.gate.clear()
        self.inside.clear()
        try:
            yield
        finally:
            self.gate.set()

    def wait_until_working(self) -> None:
        assert self.inside.wait(10), "the works never came to it"


@dataclass(frozen=True)
class StandIns:
    negative: StandIn  # a tile at a time
    painter: StandIn  # with a style and a mask, as a whole
    squarer: StandIn  # knows one size alone, and takes sketches
    larger: StandIn  # four times, a tile at a time


@contextmanager
def stand_ins(engine: Engine) -> Iterator[StandIns]:
    """An engine's own translators and, by these names, those that do as they are told."""
    beside = (Beside("style", least=1, most=2), Beside("mask", "mask"))
    made = StandIns(
        StandIn(TranslatorSpec("negative"), reach=2),
        StandIn(TranslatorSpec("painter", options=(Option("strength", 1.0),), beside=beside)),
        StandIn(TranslatorSpec("squarer", beside=(Beside("mask", "mask"),), given="sketch", side=8)),
        StandIn(TranslatorSpec("larger", factor=4), reach=0),
    )
    translators = engine.darkroom._translators
    for name, translator in vars(made).items():
        card = Card(name, name, {"en": name}, {}, "smooth", "none", "none", weights_sha256=name * 8)
        translators[name] = Prepared(card, translator, engine.device)
    try:
        yield made
    finally:
        for name, translator in vars(made).items():
            translator.gate.set()
            del translators[name]
