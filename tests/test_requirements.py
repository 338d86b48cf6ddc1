"""Every distribution that an installation brings is pinned, all the way down, on every system and Python that the studio runs on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from importlib.util import find_spec
from itertools import product
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[1]
BROUGHT = "# What those bring"  # begins the heading below which stands what nobody chose
# A version to the patch; NVIDIA's toolkit pins its parts with a wildcard for the build.
EXACT = re.compile(r"[\w.]+|\d+(\.\d+){2,}\.\*")
SYSTEMS = (
    {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix", "platform_machine": "x86_64"},
    {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix", "platform_machine": "aarch64"},
    {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix", "platform_machine": "arm64"},
    {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt", "platform_machine": "AMD64"},
)
PYTHONS = ("3.11", "3.12", "3.13", "3.14")  # those that the Makefile looks for
# A torch for NVIDIA cards alone asks for these, and leaves their versions open; listed, they'd come with the one for processors too.
OF_THE_CARD = frozenset({"cuda-bindings", "cuda-pathfinder", "nvidia-nvjitlink", "triton"})
LEFT_OPEN = OF_THE_CARD | {"pip"}  # what installs is there before
FILES = (
    "requirements.txt",
    "requirements-dev.txt",
    pytest.param(
        "requirements-scale.txt",
        marks=pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not installed: pip install -r requirements-scale.txt"),
    ),
)
Environment = Mapping[str, str]


def environments() -> list[Environment]:
    own = {name: str(value) for name, value in default_environment().items()}
    return [
        {**own, **system, "python_version": python, "python_full_version": f"{python}.0"} for system, python in product(SYSTEMS, PYTHONS)
    ]


@dataclass(frozen=True)
class Pins:
    """What a file asks for by choice, and what it says that those bring; with that of the files it begins with."""

    chosen: tuple[Requirement, ...]
    brought: tuple[Requirement, ...]

    @property
    def all(self) -> tuple[Requirement, ...]:
        return self.chosen + self.brought


@cache
def pins(path: Path) -> Pins:
    above, _, below = path.read_text("utf-8").partition(f"\n{BROUGHT}")
    lines = [line.split("#")[0].strip() for line in above.splitlines()]
    first = [pins(path.with_name(line[3:])) for line in lines if line.startswith("-r ")]
    chosen = [Requirement(line) for line in lines if line and not line.startswith("-r ")]
    brought = [Requirement(line) for line in below.splitlines()[1:] if line]
    return Pins(
        tuple(one for other in first for one in other.chosen) + tuple(chosen),
        tuple(one for other in first for one in other.brought) + tuple(brought),
    )


def applies(requirement: Requirement, environment: Environment, extras: Iterable[str] = ()) -> bool:
    marker = requirement.marker
    return marker is None or any(marker.evaluate({**environment, "extra": extra}) for extra in ("", *extras))


@cache
def asks_for(name: str) -> tuple[Requirement, ...]:
    """What an installed distribution says that it needs; what is not installed here (colorama, on Linux) needs nothing that we know of."""
    try:
        return tuple(map(Requirement, metadata.requires(name) or ()))
    except metadata.PackageNotFoundError:
        return ()


def reached(direct: Iterable[Requirement], environment: Environment) -> dict[str, list[tuple[str, Requirement]]]:
    """Name -> who asks for it, and how: everything that the direct ones bring in such an environment, themselves included."""
    found: dict[str, list[tuple[str, Requirement]]] = {}
    ahead = [("", one) for one in direct if applies(one, environment)]
    seen: set[tuple[str, frozenset[str]]] = set()
    while ahead:
        parent, one = ahead.pop()
        name = canonicalize_name(one.name)
        found.setdefault(name, []).append((parent, one))
        if (name, frozenset(one.extras)) not in seen:
            seen.add((name, frozenset(one.extras)))
            ahead += [(name, child) for child in asks_for(name) if applies(child, environment, one.extras)]
    return found


@cache
def everywhere(path: Path) -> list[tuple[Environment, dict[str, list[tuple[str, Requirement]]]]]:
    """What the file brings in every environment."""
    return [(environment, reached(pins(path).chosen, environment)) for environment in environments()]


def exact(requirement: Requirement) -> bool:
    return any(one.operator == "==" and EXACT.fullmatch(one.version) for one in requirement.specifier)


def loose(file: str) -> set[str]:
    """What is reached somewhere, and pinned neither here nor by one of those that ask for it."""
    found = set()
    for environment, wanted in everywhere(ROOT / file):
        here = {canonicalize_name(one.name) for one in pins(ROOT / file).all if applies(one, environment)}
        for name, asked in wanted.items():
            if name not in here | LEFT_OPEN and not any(exact(one) for _, one in asked):
                found.add(f"{name}, asked for by {', '.join(sorted({parent for parent, _ in asked}))}")
    return found


def idle(file: str) -> set[str]:
    """What is listed as brought, and would be installed somewhere though nobody there asks for it."""
    found = set()
    for environment, wanted in everywhere(ROOT / file):
        here = [one for one in pins(ROOT / file).brought if applies(one, environment)]
        found |= {
            f"{one} on {environment['sys_platform']}, Python {environment['python_version']}"
            for one in here
            if canonicalize_name(one.name) not in wanted
        }
    return found


@pytest.mark.parametrize("file", ["requirements.txt", "requirements-dev.txt", "requirements-scale.txt"])
def test_each_line_is_one_exact_version(file: str) -> None:
    own = pins(ROOT / file).all
    assert [str(one) for one in own if one.url or not re.fullmatch(r"==[\w.]+", str(one.specifier))] == []
    versions = {(canonicalize_name(one.name), str(one.specifier)) for one in own}
    assert len(versions) == len({name for name, _ in versions}), "two versions of one distribution"


def test_a_space_can_install_the_first_file_alone() -> None:
    assert re.findall(r"^\s*-.*", (ROOT / "requirements.txt").read_text("utf-8"), re.M) == []


@pytest.mark.parametrize("file", FILES)
def test_everything_reached_is_pinned(file: str) -> None:
    assert sorted(loose(file)) == []


@pytest.mark.parametrize("file", FILES)
def test_nothing_is_pinned_that_nobody_asks_for(file: str) -> None:
    assert sorted(idle(file)) == []


@pytest.mark.parametrize("file", FILES)
def test_the_pins_are_what_is_installed(file: str) -> None:
    here, wrong = {name: str(value) for name, value in default_environment().items()}, []
    for one in pins(ROOT / file).all:
        if applies(one, here):
            try:
                found = Version(metadata.version(one.name))
            except metadata.PackageNotFoundError:
                wrong.append(f"{one.name} is not installed")
                continue
            if not one.specifier.contains(found.public, prereleases=True):  # 2.14.1+cpu is 2.14.1
                wrong.append(f"{one} is {found} here")
    assert wrong == []


def test_a_torch_for_processors_brings_nothing_of_a_card() -> None:
    names = {canonicalize_name(one.name) for path in ROOT.glob("requirements*.txt") for one in pins(path).all}
    assert sorted(name for name in names if name in OF_THE_CARD or name.startswith(("nvidia-", "cuda-"))) == []


def test_what_is_loose_idle_or_another_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "requirements.txt").write_text(f"uvicorn=={metadata.version('uvicorn')}\n{BROUGHT}.\nh11==0.0.1\nsegno==1.6.6\n")
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    assert "click, asked for by uvicorn" in loose("requirements.txt")
    assert not any(said.startswith("h11") for said in loose("requirements.txt"))
    assert {said.partition(" ")[0] for said in idle("requirements.txt")} == {"segno==1.6.6"}
    with pytest.raises(AssertionError, match=r"h11==0\.0\.1 is "):
        test_the_pins_are_what_is_installed("requirements.txt")
