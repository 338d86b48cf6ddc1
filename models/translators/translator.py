"""What a translator declares, and the one step it promises: pictures and options in, pictures out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn


@dataclass(frozen=True)
class Option:
    """A number that a visitor may turn."""

    name: str
    usual: float
    least: float = 0.0
    most: float = 1.0
    unit: str = ""  # what it counts; "" = a share

    def __post_init__(self) -> None:
        if not self.least <= self.usual <= self.most:
            raise ValueError(f"'{self.name}' is usually between {self.least} and {self.most}, not {self.usual}.")


@dataclass(frozen=True)
class TranslatorSpec:
    """What a translator can do; the page, the API and the checks of both follow from it."""

    family: str
    factor: int = 1  # how many times larger a side comes out
    options: tuple[Option, ...] = ()

    def read(self, given: Mapping[str, float]) -> dict[str, float]:
        """Every option, as given or as usual; ValueError for one that is unknown or out of its range."""
        known = {option.name: option for option in self.options}
        if unknown := sorted(given.keys() - known.keys()):
            raise ValueError(f"'{self.family}' has no option {unknown[0]}. It has: {', '.join(known) or 'none'}.")
        for name, value in given.items():
            if not known[name].least <= value <= known[name].most:  # NaN fails the comparison
                raise ValueError(f"'{name}' is between {known[name].least:g} and {known[name].most:g}, not {value}.")
        return {name: float(given.get(name, option.usual)) for name, option in known.items()}


class Translator(nn.Module, ABC):
    """One step from pictures to pictures."""

    spec: TranslatorSpec
    config: Any  # the frozen Config of its family, from which it was built

    @abstractmethod
    def translate(self, pictures: Tensor, options: Mapping[str, float]) -> Tensor:
        """(n, 3, h, w) in [0, 1] -> (n, 3, factor * h, factor * w) in [0, 1], float32. options: as spec.read gives them."""
