"""Every route of the studio's own, asked by Schemathesis what its schema allows and what it does not: answered, never with a surprise."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.core.result import Ok

from studio.engine import Engine
from tests.studio.served import Served, served
from tests.torture import TORTURE, rounds

NOT_NOW = (503, 504, 507)  # said by a studio that is full, slow or out of room


@pytest.fixture(scope="module")
def studio(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(engine, tmp_path_factory.mktemp("routes")) as studio:
        yield studio


def test_no_route_answers_with_a_surprise(studio: Served) -> None:
    asked = 0
    for found in schemathesis.openapi.from_dict(studio.web.openapi()).get_all_operations():
        assert isinstance(found, Ok)

        @settings(
            max_examples=rounds(2, 300),
            deadline=None,
            derandomize=not TORTURE,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
            database=None,
        )
        @given(case=found.ok().as_strategy())
        def ask(case: schemathesis.Case) -> None:
            nonlocal asked
            asked += 1
            answer = case.call(base_url=studio.url, timeout=30)
            assert answer.status_code < 500 or answer.status_code in NOT_NOW, answer.text
            assert answer.headers["x-content-type-options"] == ["nosniff"]

        ask()
    print(f"\nroutes: {asked} requests")
    assert asked > 30
