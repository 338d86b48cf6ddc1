"""The kiosk's routes on a real port: what a passer-by, a phone and the curator get, and what nobody does."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image
from starlette.testclient import TestClient
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from studio.engine import Engine
from studio.frames import read_recipe
from studio.gallery import Gallery
from studio.kiosk.guard import COOKIE, FROM_AFAR
from studio.recipe_text import from_json
from studio.settings import Settings
from studio.web import create_web
from tests.studio.served import Served, open_page, served

PIN = "135790"
RECIPE = {"generator": "tiny-style", "seed": 7}


@pytest.fixture(scope="module")
def studio(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("kiosk")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("studio.kiosk.floor.reachable_at", lambda host: "192.168.1.5")
        patch.setattr("studio.kiosk.floor.BURST", 1000)
        with served(engine, folder, Settings("kiosk", folder=folder, pin=PIN)) as studio:
            yield studio


@pytest.fixture
def visitor(studio: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=studio.url, timeout=10) as client:
        yield client


@pytest.fixture
def curator(visitor: httpx.Client) -> httpx.Client:
    assert visitor.post("/curator/enter", json={"pin": PIN}).status_code == 200
    return visitor


@pytest.fixture
def phone(engine: Engine, tmp_path: Path) -> Iterator[TestClient]:
    """A machine on the network, before a studio of its own."""
    with Gallery(tmp_path / "gallery") as gallery:
        web = create_web(engine, gallery, Settings("kiosk", host="0.0.0.0", folder=tmp_path, pin=PIN))
        with TestClient(web, base_url="http://192.168.1.5:7860", client=("192.168.1.77", 5000)) as client:
            yield client


def code(answer: Any) -> str:
    return answer.json()["fault"]["code"]


# No way out


def test_the_front_is_the_screen_and_nothing_of_it_comes_from_elsewhere(visitor: httpx.Client) -> None:
    front = visitor.get("/")
    assert (front.status_code, front.text) == (200, visitor.get("/kiosk").text)
    assert "page/kiosk/kiosk.js" in front.text
    assert "://" not in front.text
    policy = front.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "http" not in policy
    for name in ("kiosk.js", "kiosk.css", "wall.js", "curator.js", "gone.css"):
        assert visitor.get(f"/page/kiosk/{name}").status_code == 200


WAYS_OUT = (
    ["/config", "/gradio_api/info", "/gallery/0123456789abcdef.png", "/draw.png?r=x", "/works", "/tray/x", "/metrics", "/docs", "/studio"]
    + ["/page/stage-window.html", "/page/kiosk/curator.html", "/page/..%2fsettings.py", "/static/x", "/file=/etc/passwd", "/favicon.ico"]
    + ["/kiosk/", "/wall/../config", "/home/", "/home/a/b", "/curator/state/x", "/mcp", "/queue/join"]
)


@pytest.mark.parametrize("path", WAYS_OUT)
def test_there_is_no_way_out(visitor: httpx.Client, path: str) -> None:
    assert visitor.get(path).status_code == 404


def test_nor_by_another_verb(visitor: httpx.Client) -> None:
    for path in ("/draw.png", "/read", "/films", "/sounds", "/gradio_api/call/draw"):
        assert visitor.post(path, json={}).status_code == 404, path


def test_the_screen_draws_live_and_other_pages_do_not(studio: Served) -> None:
    with open_page(studio.host) as page:
        page.say(type="draw", id=1, recipe=RECIPE, rest=True)
        assert page.hear_until("frame").header["format"] == "png"
    with pytest.raises(InvalidStatus), connect(f"ws://{studio.host}/queue/data"):
        pass


def test_with_the_pin_the_studio_opens(curator: httpx.Client) -> None:
    assert "atelier_frames_total" in curator.get("/metrics").text
    assert curator.get("/studio").status_code == 404, "here no page is mounted, but the guard lets it through"
    assert curator.get("/studio").text != "Not here."


def test_a_phone_sees_its_picture_the_wall_and_the_pin_and_nothing_else(phone: TestClient) -> None:
    assert [phone.get(path).status_code for path in ("/wall", "/wall.json", "/curator", "/page/kiosk/curator.js", "/text/zh.json")] == [
        200
    ] * 5
    assert [phone.get(path).status_code for path in ("/", "/kiosk", "/kiosk.json", "/declarations.json", "/metrics", "/studio")] == [
        404
    ] * 6
    assert phone.post("/kiosk/keep", json={"recipe": RECIPE}).status_code == 404
    assert not FROM_AFAR.fullmatch("/live")
    assert phone.post("/curator/enter", json={"pin": PIN}).status_code == 200
    assert phone.get("/declarations.json").status_code == 200


# Taken home


def test_a_picture_is_taken_home_and_nothing_but_its_bytes(visitor: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    assert visitor.get("/kiosk.json").json()["home"] is True
    told = visitor.post("/kiosk/home", json={"recipe": RECIPE}).json()
    assert told["code"].startswith("data:image/png")
    assert told["address"].startswith("http://192.168.1.5:7860/home/")
    place = told["address"].removeprefix("http://192.168.1.5:7860")
    taken = visitor.get(place)
    assert (taken.status_code, taken.headers["content-type"], taken.headers["cache-control"]) == (200, "image/png", "no-store")
    picture = Image.open(io.BytesIO(taken.content))
    assert picture.size == (128, 128), "as large as a recipe's enlargement goes"
    assert from_json(read_recipe(taken.content) or b"").seed == 7
    assert visitor.get(place + "x").status_code == 410
    monkeypatch.setattr("studio.kiosk.home.LIFE", 0.0)
    passed = visitor.post("/kiosk/home", json={"recipe": RECIPE}).json()["address"].removeprefix("http://192.168.1.5:7860")
    gone = visitor.get(passed)
    assert gone.status_code == 410
    assert "This picture has gone" in gone.text
    assert "这幅画已不在这里" in gone.text
    assert "<script" not in gone.text


def test_without_a_network_nothing_is_taken(visitor: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("studio.kiosk.floor.reachable_at", lambda host: None)
    assert visitor.get("/kiosk.json").json()["home"] is False
    assert code(visitor.post("/kiosk/home", json={"recipe": RECIPE})) == "fault.kiosk_network"


@pytest.mark.parametrize(
    ("recipe", "expected"),
    [
        ({"generator": "nobody"}, "fault.no_generator"),
        ({"source": "0" * 32}, "fault.no_generator"),
        (RECIPE | {"after": [{"translator": "tiny-up"}]}, "fault.no_generator"),
        (RECIPE | {"seed": -1}, "fault.recipe_whole"),
        (None, "fault.recipe_shape"),
        ("x", "fault.recipe_shape"),
    ],
)
def test_what_the_exhibition_does_not_draw_is_neither_kept_nor_taken(visitor: httpx.Client, recipe: Any, expected: str) -> None:
    assert [code(visitor.post(f"/kiosk/{way}", json={"recipe": recipe})) for way in ("keep", "home")] == [expected] * 2


def test_another_page_can_post_nothing(visitor: httpx.Client) -> None:
    from_elsewhere = visitor.post("/kiosk/keep", json={"recipe": RECIPE}, headers={"origin": "http://evil.example"})
    as_a_form = visitor.post("/kiosk/visit", content=b'{"pictures": 1}', headers={"content-type": "text/plain"})
    assert [(answer.status_code, code(answer)) for answer in (from_elsewhere, as_a_form)] == [(403, "fault.kiosk_page")] * 2


# The curator


def test_without_a_session_the_curator_s_routes_are_shut(visitor: httpx.Client) -> None:
    assert code(visitor.get("/curator/state")) == "fault.kiosk_session"
    for deed in ("settle", "favour", "remove"):
        assert code(visitor.post(f"/curator/{deed}", json={})) == "fault.kiosk_session"


def test_a_wrong_pin_is_refused_and_soon_has_to_wait(phone: TestClient) -> None:
    answers = [phone.post("/curator/enter", json={"pin": "000000"}) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [403, 403, 403, 429]
    assert answers[-1].json()["fault"]["params"]["seconds"] >= 1
    assert phone.post("/curator/enter", json={"pin": PIN}).status_code == 429


def test_the_cookie_is_the_curator_s_alone(visitor: httpx.Client) -> None:
    entered = visitor.post("/curator/enter", json={"pin": PIN})
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(entered.headers["set-cookie"].split("; "))
    session = visitor.cookies[COOKIE]
    assert visitor.post("/curator/leave", json={}).status_code == 200
    assert code(visitor.get("/curator/state", headers={"cookie": f"{COOKIE}={session}"})) == "fault.kiosk_session"


def test_what_is_settled_reaches_the_screen_as_a_new_version(curator: httpx.Client, studio: Served) -> None:
    before = curator.get("/kiosk.json").json()
    settled = {"generators": ["tiny-vae"], "welcome": {"en": "<b>Hi</b>"}, "opens": "", "closes": "", "idle": 20, "language": "zh"}
    try:
        assert curator.post("/curator/settle", json=settled).status_code == 200
        now = curator.get("/kiosk.json").json()
        assert (now["generators"], now["welcome"], now["idle"], now["language"]) == (["tiny-vae"], {"en": "<b>Hi</b>"}, 20, "zh")
        assert now["version"] != before["version"]
        assert curator.get("/kiosk.json").json()["version"] == now["version"]
        assert code(curator.post("/curator/settle", json=settled | {"generators": ["nobody"]})) == "fault.no_generator"
        assert curator.get("/curator/state").json()["shown"] == ["tiny-vae"]
    finally:
        curator.post("/curator/settle", json={})
    assert curator.get("/kiosk.json").json()["version"] == before["version"]


def test_visits_are_counted(curator: httpx.Client) -> None:
    before = curator.get("/curator/state").json()["days"][0]
    assert curator.post("/kiosk/visit", json={"pictures": 5, "faults": 1}).status_code == 200
    assert code(curator.post("/kiosk/visit", json={"pictures": -5})) == "fault.kiosk_count"
    after = curator.get("/curator/state").json()["days"][0]
    assert {name: after[name] - before[name] for name in ("visitors", "pictures", "faults")} == {"visitors": 1, "pictures": 5, "faults": 1}


# The wall


def test_what_is_kept_hangs_until_the_curator_takes_it_down(curator: httpx.Client) -> None:
    id = curator.post("/kiosk/keep", json={"recipe": RECIPE}).json()["id"]
    assert id in [one["id"] for one in curator.get("/wall.json").json()["pictures"]]
    assert Image.open(io.BytesIO(curator.get(f"/wall/{id}.png").content)).size == (128, 128)
    assert curator.get("/wall/0123456789abcdef.png").status_code == 404
    assert curator.post("/curator/remove", json={"id": id}).status_code == 200
    assert curator.get(f"/wall/{id}.png").status_code == 404
    assert code(curator.post("/curator/remove", json={"id": id})) == "fault.no_picture"


def test_yesterday_s_pictures_go_and_favourites_stay(curator: httpx.Client, studio: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    liked, plain = (curator.post("/kiosk/keep", json={"recipe": RECIPE}).json()["id"] for _ in range(2))
    assert curator.post("/curator/favour", json={"id": liked, "on": True}).status_code == 200
    monkeypatch.setattr("studio.kiosk.floor._is_today", lambda created: False)
    hung = [one["id"] for one in curator.get("/wall.json").json()["pictures"]]
    assert liked in hung
    assert plain not in hung


def test_where_the_disk_is_full_the_oldest_that_nobody_favours_go(engine: Engine, tmp_path: Path) -> None:
    with Gallery(tmp_path / "gallery", quota=1_000_000) as gallery:
        web = create_web(engine, gallery, Settings("kiosk", folder=tmp_path, pin=PIN))
        with TestClient(web, client=("127.0.0.1", 5000)) as client:
            first = client.post("/kiosk/keep", json={"recipe": RECIPE}).json()["id"]
            gallery.favourite(first, "local", True)
            size = gallery.get(first, "local").bytes
            gallery._quota = size * 2 + 500
            second, third = (client.post("/kiosk/keep", json={"recipe": RECIPE}).json()["id"] for _ in range(2))
            assert {entry.id for entry in gallery.find("local").entries} == {first, third}
            gallery.favourite(third, "local", True)
            assert code(client.post("/kiosk/keep", json={"recipe": RECIPE})) == "fault.gallery_quota", "favourites are never dropped"
            assert second not in [one["id"] for one in client.get("/wall.json").json()["pictures"]]


def test_elsewhere_there_is_no_kiosk(engine: Engine, tmp_path: Path) -> None:
    with Gallery(tmp_path / "gallery") as gallery, TestClient(create_web(engine, gallery, Settings(folder=tmp_path))) as client:
        assert [client.get(path).status_code for path in ("/kiosk", "/curator", "/wall", "/home/x")] == [404] * 4
        assert not (tmp_path / "kiosk").exists()
