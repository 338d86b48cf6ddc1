"""One registry object a kind of network; a module in generators/ or translators/ registers itself when imported."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Generic, TypeVar

from models.spec import Generator
from models.translators.translator import Translator

Network = TypeVar("Network", Generator, Translator)
Some = TypeVar("Some", bound=Any)


@dataclass(frozen=True)
class Family(Generic[Network]):
    """A network and the Config dataclass it is built from."""

    name: str
    config: type[Any]
    network: Callable[[Any], Network]

    def build(self, options: Mapping[str, Any]) -> Network:
        """A network with fresh weights; ValueError names an option that the family does not have."""
        known = {field.name for field in fields(self.config)}
        if unknown := sorted(set(options) - known):
            raise ValueError(f"Family '{self.name}' has no option {', '.join(unknown)}. It has: {', '.join(sorted(known))}.")
        as_tuples = {key: tuple(value) if isinstance(value, list) else value for key, value in options.items()}
        return self.network(self.config(**as_tuples))


class Registry(Generic[Network]):
    """Families by name."""

    def __init__(self, package: str) -> None:
        self._package = package
        self._families: dict[str, Family[Network]] = {}

    def register(self, name: str, config: type[Any]) -> Callable[[Some], Some]:
        """Class decorator: `@GENERATORS.register("vae", VaeConfig)`."""

        def add(network: Some) -> Some:
            if name in self._families:
                raise ValueError(f"The family '{name}' is registered twice.")
            self._families[name] = Family(name, config, network)
            return network

        return add

    def discover(self) -> None:
        """Import every module of the package, so that each registers itself."""
        package = importlib.import_module(self._package)
        for module in pkgutil.iter_modules(package.__path__, f"{self._package}."):
            importlib.import_module(module.name)

    def get(self, name: str) -> Family[Network]:
        """The family, or a ValueError that lists those there are."""
        self.discover()
        if name not in self._families:
            raise ValueError(f"No family '{name}'. Known: {', '.join(sorted(self._families))}.")
        return self._families[name]

    def names(self) -> tuple[str, ...]:
        self.discover()
        return tuple(sorted(self._families))


GENERATORS: Registry[Generator] = Registry("models.generators")
TRANSLATORS: Registry[Translator] = Registry("models.translators")
