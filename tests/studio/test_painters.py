"""Painters elsewhere: whose a request is, the same bytes, and none lost with a replica."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from studio import replicas
from studio.directions import OWN
from studio.engine import Engine
from studio.errors import Fault
from studio.frames import to_png
from studio.jobs import Request
from studio.painters import sits_at, stays_home
from studio.recipe import Recipe
from studio.recipe_steps import Made, Step
from studio.replicas import Replica, Replicas, Seat
from studio.sheets import pack

HERE = Recipe("tiny-dcgan", seed=5, truncation=0.7)


class Gone(Exception):
    """A replica is."""


class InThisProcess:
    """A Company whose replica is no process, and that loses every third batch on the way."""

    seats, only_rests = 2, False

    def __init__(self, checkpoints: Path) -> None:
        self.checkpoints = checkpoints
        self.asked: list[int] = []

    def open(self, hashes: Mapping[str, str]) -> Made:
        self.replica = Replica(str(self.checkpoints), "cpu", hashes)
        return Made(**self.replica.facts()["made"])

    def painter(self, seat: int) -> Seat:
        def ask(asked: bytes) -> bytes:
            self.asked.append(seat)
            if len(self.asked) % 3 == 2:
                raise Gone
            return self.replica._thread.submit(self.replica._draw, asked).result()

        return Seat(ask, (Gone,))

    def close(self) -> None:
        self.replica._thread.shutdown()


def table(seats: int) -> InThisProcess:
    """A company of so many seats."""
    company = InThisProcess(Path("nowhere"))
    company.seats = seats
    return company


@pytest.fixture(scope="module")
def pair(tiny_checkpoints: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Engine, InThisProcess]]:
    company = InThisProcess(tiny_checkpoints)
    folder = tmp_path_factory.mktemp("company")
    with Engine(tiny_checkpoints, folder=folder, device="cpu", company=company, report=lambda line: None) as engine:
        yield engine, company


def test_what_is_a_visitors_own_stays_home() -> None:
    own = Recipe("any", directions={OWN + "0" * 12: 1.0})  # type: ignore[arg-type]
    for recipe in (own, Recipe(source="0" * 32), Recipe("any", after=(Step("up"),))):
        assert stays_home(Request("a", recipe, "moving"))
        assert not any(sits_at(seat, table(4), Request("a", recipe, "moving")) for seat in range(4))
    assert not stays_home(Request("a", HERE, "moving"))


def test_a_channel_has_one_seat_for_good_and_channels_have_many() -> None:
    seats = [
        [sits_at(seat, table(8), Request("a", HERE, "moving", channel=f"live page {page}")) for seat in range(8)] for page in range(100)
    ]
    assert {sum(one) for one in seats} == {1}
    assert all(any(one[seat] for one in seats) for seat in range(8))
    assert all(sits_at(seat, table(8), Request("a", HERE, "single")) for seat in range(8))


def test_who_lends_a_card_draws_what_somebody_waits_for_alone() -> None:
    kinds = ("moving", "job", "resting", "single")
    assert [stays_home(Request("a", HERE, kind), only_rests=True) for kind in kinds] == [True, True, False, False]  # type: ignore[arg-type]
    assert stays_home(Request("a", HERE, "single", is_part=True), only_rests=True)


def test_the_bytes_are_those_of_one_process_though_batches_are_lost(pair: tuple[Engine, InThisProcess], engine: Engine) -> None:
    elsewhere, company = pair
    recipes = [Recipe("tiny-dcgan", seed=seed) for seed in range(4)] + [HERE, Recipe("tiny-style", seed=2, upscale=2)]
    assert [to_png(elsewhere.draw(one)) for one in recipes] == [to_png(engine.draw(one)) for one in recipes]
    assert len(company.asked) > len(recipes), "some were asked for again"
    moving = elsewhere.live("a", HERE, channel="page").result(10)
    assert np.abs(moving.pixels.astype(int) - engine.draw(HERE).pixels).max() <= 1
    job = elsewhere.submit(recipes[:4], visitor="a")
    assert [to_png(one) for one in job.pictures()] == [to_png(engine.draw(one)) for one in recipes[:4]]


def test_a_fault_of_the_drawing_comes_back_whole() -> None:
    told = pack({"fault": {"code": "fault.not_finite", "params": {"generator": "g", "recipe": "r"}, "status": 500}}, b"")
    with pytest.raises(Fault, match="'g'") as caught:
        Seat(lambda asked: told, (Gone,)).draw([HERE])
    assert caught.value.status == 500


def test_a_seat_gives_up_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replicas, "PATIENCE", 0.0)

    def gone(asked: bytes) -> bytes:
        raise Gone

    with pytest.raises(Fault, match="reached"):
        Seat(gone, (Gone,)).draw([HERE])


def test_other_weights_are_refused(tiny_checkpoints: Path) -> None:
    with pytest.raises(ValueError, match="lacks the studio's weights of tiny-dcgan"):
        Replica(str(tiny_checkpoints), "cpu", {"tiny-dcgan": "00000000"})


def test_without_ray_the_remedy_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def absent(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(replicas, "import_module", absent)
    with pytest.raises(ValueError, match=r"requirements-scale\.txt"):
        Replicas(tmp_path, 2)


@pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not installed: pip install -r requirements-scale.txt")
def test_fewer_replicas_than_one_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="--least"):
        Replicas(tmp_path, 2, 3)


def test_nothing_imports_ray_unless_asked() -> None:
    root = Path(replicas.__file__).parent
    named: Sequence[str] = [
        path.name for path in root.rglob("*.py") if "import ray" in path.read_text("utf-8") or "from ray" in path.read_text("utf-8")
    ]
    assert named == ["seating.py"]
