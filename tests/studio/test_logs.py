"""What is logged is whole, belongs to its request, and tells nothing about persons."""

import io
import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from studio.figures import Figures
from studio.logs import HEADER, RequestIds, set_up
from studio.settings import PROJECT, Style
from studio.web import as_prometheus
from tests.studio.served import served
from tests.studio.stand_in import obedient_engine


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    root, web = logging.getLogger(), logging.getLogger("studio.web")
    before = root.handlers[:], root.level, web.level
    yield
    root.handlers, root.level, web.level = before


def answered(style: Style, path: str) -> tuple[Any, str]:
    """The answer of a small site, and all that it logged."""

    def picture(request: Request) -> Response:
        logging.getLogger("studio.test").warning("looked at\nsomething")
        return PlainTextResponse("here")

    def broken(_: Request) -> Response:
        raise RuntimeError("boom")

    site = Starlette(routes=[Route("/gallery/{picture}.png", picture), Route("/broken", broken)])
    site.add_middleware(RequestIds)
    stream = io.StringIO()
    set_up(style, stream)
    client = TestClient(site, raise_server_exceptions=False, headers={"Cookie": "atelier_visitor=abc", HEADER: "forged\nline"})
    return client.get(path), stream.getvalue()


def test_a_line_of_json_an_event_each_with_its_request() -> None:
    answer, written = answered("json", "/gallery/secret-name.png?r=link")
    lines = [json.loads(line) for line in written.splitlines()]
    assert [line["logger"] for line in lines] == ["studio.test", "studio.web"]
    assert {line["request"] for line in lines} == {answer.headers[HEADER]}
    assert lines[0]["message"] == "looked at\nsomething"
    assert (lines[1]["method"], lines[1]["path"], lines[1]["status"]) == ("GET", "/gallery/{picture}.png", 200)


@pytest.mark.parametrize("path", ["/gallery/secret-name.png?r=link", "/secret-name/and/more?r=link", "/secret-name"])
def test_nothing_personal_is_written(path: str) -> None:
    _, written = answered("json", path)
    assert not [word for word in ("r=link", "abc", "forged", "testclient", "and/more") if word in written]
    assert "secret-name.png" not in written


def test_a_fault_of_ours_is_a_line_in_either_style() -> None:
    _, written = answered("json", "/broken")
    assert [line["status"] for line in map(json.loads, written.splitlines()) if line["logger"] == "studio.web"] == [500]
    _, written = answered("plain", "/broken")
    assert "GET /broken 500 in" in written
    assert "studio.web" in written


def test_plain_lines_leave_out_what_went_well() -> None:
    _, written = answered("plain", "/gallery/a.png")
    assert "GET" not in written
    assert "looked at" in written


def test_the_dashboard_shows_figures_that_there_are() -> None:
    board = json.loads((PROJECT / "deploy/grafana.json").read_text())
    told = as_prometheus(Figures(1, 2, 3, 4, 5, 6, 7, 8, 9), {"taken": 1, "refused": 0, "dropped": 0})
    known = {line.split()[2] for line in told.splitlines() if line.startswith("# TYPE")}
    asked = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    assert len(asked) >= len(known)
    assert [name for name in known if not any(name in expression for expression in asked)] == []
    assert {found for expression in asked for found in re.findall(r"atelier_\w+", expression)} <= known


def test_the_whole_studio_answers_with_an_id(tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch, obedient_engine(patch) as (engine, _), served(engine, tmp_path) as studio:
        first, second = (httpx.get(f"{studio.url}{path}") for path in ("/healthz", "/nowhere-at-all"))
        assert len(first.headers[HEADER]) == len(second.headers[HEADER]) == 12
        assert first.headers[HEADER] != second.headers[HEADER]
