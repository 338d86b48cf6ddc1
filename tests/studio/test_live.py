"""The live socket: the newest wins, faults are answered, and nothing outlives its page."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from starlette.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from studio import live, live_page, sheets
from studio.frames import read_recipe, to_png
from studio.live import is_welcome
from studio.rate import Rate
from studio.recipe import VERSION, Recipe, from_dict
from studio.recipe_text import MAX_JSON, from_json
from studio.sampling import Mode
from tests.studio.given import bomb, noise, photograph
from tests.studio.served import OpenPage, Served, open_page, served
from tests.studio.stand_in import NAN, Obedient, StandIns, obedient_engine, stand_ins


@pytest.fixture(scope="module")
def studio(engine: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(engine, tmp_path_factory.mktemp("live")) as studio:  # type: ignore[arg-type]
        yield studio


@pytest.fixture
def page(studio: Served) -> Iterator[OpenPage]:
    with open_page(studio.host) as page:
        yield page


@pytest.fixture
def obedient(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[tuple[Served, Obedient]]:
    with obedient_engine(monkeypatch) as (engine, generator), served(engine, tmp_path) as studio:
        yield studio, generator


def soon(condition: Callable[[], bool]) -> bool:
    """Whether it comes true within five seconds."""
    end = time.monotonic() + 5
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    return condition()


# Frames


def test_a_page_is_greeted(page: OpenPage) -> None:
    assert page.hello["type"] == "hello"
    assert page.hello["device"] == "cpu"
    assert page.hello["dtype"] in ("float32", "bfloat16")
    assert page.hello["version"] == VERSION


def test_a_moving_frame_is_a_small_jpeg(page: OpenPage) -> None:
    page.say(type="draw", id=1, recipe={"generator": "tiny-dcgan", "upscale": 8})
    frame = page.hear()
    assert frame.header.items() >= {"type": "frame", "id": 1, "format": "jpeg", "rest": False}.items()
    assert frame.header["ms"] > 0
    assert frame.header.keys().isdisjoint({"recipe", "position"})
    assert frame.data[:2] == b"\xff\xd8"
    assert read_recipe(frame.data) is None


def test_a_page_on_this_machine_may_have_plain_pixels(studio: Served, page: OpenPage) -> None:
    page.say(type="draw", id=1, near=True, recipe={"generator": "tiny-dcgan", "seed": 3})
    frame = page.hear()
    pixels = studio.engine.draw(Recipe("tiny-dcgan", seed=3)).pixels
    assert (frame.header["format"], frame.header["width"], frame.header["height"]) == ("rgba", 16, 16)
    drawn = np.frombuffer(frame.data, np.uint8).reshape(16, 16, 4)
    assert (drawn[..., :3] == pixels).all()
    assert (drawn[..., 3] == 255).all()


def test_a_resting_frame_is_the_picture_itself(studio: Served, page: OpenPage) -> None:
    page.say(type="draw", id=2, rest=True, recipe={"generator": "tiny-style", "seed": 9, "upscale": 2})
    frame = page.hear()
    picture = studio.engine.draw(Recipe("tiny-style", seed=9, upscale=2))
    assert frame.data == to_png(picture)
    assert from_dict(frame.header["recipe"]) == from_json(read_recipe(frame.data) or "") == picture.recipe
    assert (frame.header["rest"], frame.header["format"]) == (True, "png")


def test_a_frame_of_a_map_says_where_it_lies(page: OpenPage) -> None:
    page.say(type="draw", id=3, recipe={"generator": "tiny-vae", "position": [1.5, -0.25]})
    assert page.hear().header["position"] == [1.5, -0.25]
    page.say(type="draw", id=4, recipe={"generator": "tiny-vae", "seed": 3})
    x, y = page.hear().header["position"]
    page.say(type="draw", id=5, recipe={"generator": "tiny-vae", "position": [x, y]})
    assert page.hear().header["position"] == [x, y]


def test_only_the_newest_of_many_is_drawn(obedient: tuple[Served, Obedient]) -> None:
    studio, generator = obedient
    with open_page(studio.host) as page:
        with generator.held():
            page.say(type="draw", id=1, recipe={"generator": "obedient", "noise_seed": 1})
            generator.wait_until_drawing()
            for number in range(2, 30):
                page.say(type="draw", id=number, recipe={"generator": "obedient", "noise_seed": number})
            page.say(type="what")  # answered in its turn, so what was sent before it has been read
            assert page.fault() == (None, "fault.bad_message")
        assert [page.hear().header["id"] for _ in range(2)] == [1, 29]
    assert generator.drawn == [(1,), (29,)]


def test_what_waits_in_the_engine_is_replaced_there(obedient: tuple[Served, Obedient]) -> None:
    studio, generator = obedient
    with open_page(studio.host) as page:
        with generator.held():
            busy = studio.engine.ask(Recipe("obedient"))
            generator.wait_until_drawing()
            for number in (2, 3, 4):
                page.say(type="draw", id=number, recipe={"generator": "obedient", "noise_seed": number})
            page.say(type="what")
            page.fault()
        assert page.hear().header["id"] == 4
    assert busy.result(5)
    assert generator.drawn == [(0,), (4,)]


def test_two_tabs_of_one_visitor_each_get_their_own(studio: Served) -> None:
    with open_page(studio.host) as left, open_page(studio.host) as right:
        for number in range(20):
            left.say(type="draw", id=number, recipe={"generator": "tiny-dcgan", "seed": number}, rest=True)
            right.say(type="draw", id=100 + number, recipe={"generator": "tiny-dcgan", "seed": 500}, rest=True)
            mine, theirs = left.hear(), right.hear()
            assert (mine.header["id"], theirs.header["id"]) == (number, 100 + number)
            assert mine.header["recipe"].get("seed", 0) == number
            assert theirs.header["recipe"]["seed"] == 500


# Frames of a picture that comes along


def brought(data: bytes) -> str:
    return base64.b64encode(data).decode()


@pytest.fixture
def room(studio: Served) -> Iterator[StandIns]:
    with stand_ins(studio.engine) as room:
        yield room


def test_a_picture_comes_with_the_message_and_is_worked_on(studio: Served, page: OpenPage, room: StandIns) -> None:
    recipe = {"after": [{"translator": "negative"}]}
    page.say(type="draw", id=1, near=True, recipe=recipe, picture=brought(photograph(46, 34)))
    frame = page.hear()
    assert (frame.header["id"], frame.header["width"], frame.header["height"]) == (1, 46, 34)
    negative = np.frombuffer(frame.data, np.uint8).reshape(34, 46, 4)
    assert np.array_equal(negative[..., :3], 255 - noise(46, 34))
    page.say(type="draw", id=2, rest=True, recipe=recipe, picture=brought(photograph(46, 34)))
    rest = page.hear()
    drawn = from_dict(rest.header["recipe"])
    assert (drawn.source, drawn.generator) == (sha256(photograph(46, 34)).hexdigest()[:32], "")
    assert rest.data == to_png(studio.engine.draw(drawn))
    page.say(type="draw", id=3, recipe={"source": drawn.source, **recipe})
    assert page.hear().header["id"] == 3, "it is held for a while"
    assert not list(studio.engine.darkroom.tray._folder.rglob(drawn.source)), "and is not on the disk"


def test_a_large_one_moves_small(page: OpenPage) -> None:
    page.say(type="draw", id=1, near=True, recipe={"after": [{"translator": "tiny-up"}]}, picture=brought(photograph(500, 250)))
    assert page.hear().header["width"] == 384


@pytest.mark.parametrize(
    ("picture", "recipe", "code"),
    [
        ("%", {}, "fault.bad_message"),
        ("ä", {}, "fault.bad_message"),
        ("", {}, "fault.picture_empty"),
        (brought(b"no picture"), {}, "fault.not_upload"),
        (brought(photograph())[:400], {}, "fault.picture_damaged"),
        (brought(bomb(1001, 1000)), {}, "fault.picture_pixels"),
        (7, {}, "fault.recipe_generator"),
        (brought(photograph()), {"generator": "tiny-vae"}, "fault.recipe_generator"),
        (brought(photograph()), {"after": [{"translator": "ukyoe"}]}, "fault.no_translator"),
        (brought(photograph()), [], "fault.recipe_shape"),
        (brought(photograph()), {"seed": -1}, "fault.recipe_whole"),
        ("x" * live_page.MAX_PICTURE + "x" * MAX_JSON, {}, "fault.too_large"),
    ],
    ids=range(12),
)
def test_a_picture_that_cannot_be_is_a_fault_and_the_page_goes_on(page: OpenPage, picture: object, recipe: object, code: str) -> None:
    page.say(type="draw", id=4, recipe=recipe, picture=picture)
    assert page.fault() == (None if code == "fault.too_large" else 4, code)
    page.say(type="draw", id=5, recipe={"generator": "tiny-dcgan"})
    assert page.hear().header["id"] == 5


def test_a_hand_that_moves_again_does_not_wait_for_the_picture_at_rest(studio: Served, page: OpenPage, room: StandIns) -> None:
    id = studio.engine.darkroom.tray.put(photograph(300, 40), "local")[0]
    recipe = {"source": id, "after": [{"translator": "negative"}]}
    with room.negative.held():
        page.say(type="draw", id=1, rest=True, recipe=recipe)
        room.negative.wait_until_working()
        page.say(type="draw", id=2, recipe={"generator": "tiny-dcgan"})
        assert page.hear().header["id"] == 2
    assert soon(lambda: studio.engine.figures().queue == 0)
    page.say(type="draw", id=3, rest=True, recipe=recipe)
    assert page.hear().header["id"] == 3


def test_a_page_that_leaves_is_worked_for_no_longer(studio: Served, room: StandIns) -> None:
    id = studio.engine.darkroom.tray.put(photograph(300, 300), "local")[0]
    with room.negative.held():
        with open_page(studio.host) as page:
            page.say(type="draw", id=1, rest=True, recipe={"source": id, "after": [{"translator": "negative"}]})
            room.negative.wait_until_working()
        time.sleep(0.1)
    assert soon(lambda: studio.engine.figures().queue == 0)
    assert len(room.negative.given) == 1


# Faults


@pytest.mark.parametrize(
    ("message", "number", "code"),
    [
        ("{", None, "fault.bad_message"),
        ("[" * 50_000, None, "fault.bad_message"),
        ("[]", None, "fault.bad_message"),
        ('"draw"', None, "fault.bad_message"),
        (b"\x00\x01", None, "fault.bad_message"),
        ('{"type": "dance", "id": 7}', 7, "fault.bad_message"),
        ('{"type": "draw", "id": 1.5, "recipe": {}}', None, "fault.bad_message"),
        ('{"type": "draw", "id": 7}', 7, "fault.bad_message"),
        ('{"type": "draw", "id": 7, "recipe": 5}', 7, "fault.recipe_shape"),
        ('{"type": "draw", "id": 7, "recipe": {"generator": "tiny-vae", "truncation": NaN}}', 7, "fault.recipe_number"),
        ('{"type": "draw", "id": 7, "recipe": {"generator": "tiny-vae", "seed": 1%s}}' % ("0" * 400), 7, "fault.recipe_whole"),
        ('{"type": "draw", "id": 7, "recipe": {"generator": "ukyoe"}}', 7, "fault.no_generator"),
        ('{"type": "draw", "id": 7, "recipe": {"generator": "tiny-vae", "classes": {"a": 1}}}', 7, "fault.no_class"),
        ('{"type": "sheet", "id": 7, "recipes": {}}', 7, "fault.bad_message"),
        ('{"type": "sheet", "id": 7, "recipes": []}', 7, "fault.sheet_size"),
        ('{"type": "sheet", "id": 7, "recipes": [{"generator": "ukyoe"}]}', 7, "fault.no_generator"),
        ("x" * 10_000_000, None, "fault.too_large"),
        ('{"type": "draw", "id": 9, "recipe": "' + "x" * 70_000 + '"}', None, "fault.too_large"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_what_is_wrong_is_answered_and_the_page_goes_on(page: OpenPage, message: str | bytes, number: int | None, code: str) -> None:
    page.socket.send(message)
    assert page.fault() == (number, code)
    page.say(type="draw", id=8, recipe={"generator": "tiny-vae"})
    assert page.hear().header["id"] == 8


def test_a_fault_of_the_drawing_names_its_frame(obedient: tuple[Served, Obedient]) -> None:
    studio, _ = obedient
    with open_page(studio.host) as page:
        page.say(type="draw", id=4, recipe={"generator": "obedient", "noise_seed": NAN})
        told = page.hear().header
        assert (told["id"], told["fault"]["code"]) == (4, "fault.not_finite")
        assert "obedient" in told["fault"]["text"]


def test_a_flood_is_answered_and_then_sent_away(studio: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_page, "PATIENCE", 100)
    codes: list[str] = []
    with open_page(studio.host) as page, pytest.raises(ConnectionClosed) as closed:
        for _ in range(10_000):
            page.say(type="cancel", id=1)
        while True:
            codes.append(page.fault()[1])
    assert closed.value.rcvd is None or closed.value.rcvd.code == live_page.TOO_FAST
    assert set(codes) <= {"fault.too_fast"}


def test_too_fast_is_said_once_a_second_and_forgiven(page: OpenPage) -> None:
    for _ in range(live_page.BURST * 4):
        page.say(type="cancel", id=1)
    assert page.fault() == (None, "fault.too_fast")
    time.sleep(0.3)
    page.say(type="draw", id=1, recipe={"generator": "tiny-vae"})
    assert page.hear().header["type"] == "frame"


def test_a_rate_lets_through_what_it_says() -> None:
    now = 0.0
    rate = Rate(10, 3, lambda: now)
    assert [rate.allows() for _ in range(4)] == [True, True, True, False]
    now = 0.25
    assert [rate.allows() for _ in range(3)] == [True, True, False]


# Who may come in


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://127.0.0.1", "file://", "http://[", "https://127.0.0.1.evil.example"]
)
def test_a_foreign_page_is_turned_away(studio: Served, origin: str) -> None:
    address = f"ws://{studio.host}/live"
    with connect(address, origin=origin) as socket, pytest.raises(ConnectionClosed) as closed:  # type: ignore[arg-type]
        socket.recv(timeout=5)
    assert closed.value.rcvd
    assert closed.value.rcvd.code == live.WRONG_ORIGIN


def test_our_own_page_is_let_in(studio: Served) -> None:
    with open_page(studio.host, origin=f"http://{studio.host}") as page:
        assert page.hello["type"] == "hello"


def test_an_origin_may_be_allowed_and_a_proxy_may_name_the_host() -> None:
    foreign = Headers({"host": "localhost:7860", "origin": "https://atelier.example"})
    assert not is_welcome(foreign, ())
    assert is_welcome(foreign, ("https://atelier.example",))
    assert is_welcome(Headers({"host": "10.0.0.1", "x-forwarded-host": "atelier.example", "origin": "https://Atelier.example"}), ())
    assert not is_welcome(Headers({"origin": "null"}), ())


def test_too_many_pages_are_told_so(studio: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "PAGES_EACH", 1)
    with open_page(studio.host), connect(f"ws://{studio.host}/live") as second:
        assert "fault.many_pages" in str(second.recv(timeout=5))
        with pytest.raises(ConnectionClosed) as closed:
            second.recv(timeout=5)
    assert closed.value.rcvd
    assert closed.value.rcvd.code == live.TRY_LATER
    monkeypatch.setattr(live, "PAGES_EACH", 16)
    with open_page(studio.host) as third:
        assert third.hello["type"] == "hello"


# Sheets


def test_a_sheet_comes_picture_by_picture(studio: Served, page: OpenPage) -> None:
    recipes = [{"generator": "tiny-dcgan", "seed": seed} for seed in range(4)]
    page.say(type="sheet", id=5, recipes=recipes)
    told = [page.hear()]
    while told[-1].header["type"] != "job" or told[-1].header["state"] != "done":
        told.append(page.hear())
    cells = [one for one in told if one.header["type"] == "cell"]
    assert [one.header["index"] for one in cells] == [0, 1, 2, 3]
    assert [one.data for one in cells] == [to_png(studio.engine.draw(from_dict(recipe))) for recipe in recipes]
    assert told[-1].header == {"type": "job", "id": 5, "place": 0, "estimate": 0.0, "done": 4, "total": 4, "state": "done"}


@pytest.mark.parametrize("mode", ["varied", "plane", "classes"])
def test_a_sheet_around_one_recipe_is_that_of_its_mode(studio: Served, page: OpenPage, mode: Mode) -> None:
    recipe = {"generator": "tiny-dcgan", "seed": 4}
    page.say(type="sheet", id=5, recipe=recipe, mode=mode, count=3, seed=9)
    cells = [page.hear_until("cell") for _ in range(3)]
    drawn = [replace(from_dict(cell.header["recipe"]), weights="", made=None) for cell in cells]
    assert drawn == studio.engine.sample(from_dict(recipe), mode, 3, 9)
    assert cells[2].data == to_png(studio.engine.draw(drawn[2]))


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ({"mode": "layers"}, "fault.no_mode"),
        ({"mode": "m" * 1000}, "fault.no_mode"),
        ({"mode": 7}, "fault.bad_message"),
        ({"count": 65}, "fault.sheet_size"),
        ({"count": -(10**9)}, "fault.sheet_size"),
        ({"count": "3"}, "fault.bad_message"),
        ({"seed": -1}, "fault.recipe_whole"),
        ({"seed": None}, "fault.bad_message"),
        ({"recipe": {"generator": "ukiyoe"}}, "fault.no_generator"),
        ({"recipe": 7}, "fault.recipe_shape"),
    ],
)
def test_a_sheet_that_cannot_be_is_a_fault_and_the_page_goes_on(page: OpenPage, told: dict[str, object], code: str) -> None:
    page.say(**{"type": "sheet", "id": 5, "recipe": {"generator": "tiny-dcgan"}, "mode": "random", "count": 3, "seed": 0, **told})
    assert page.fault() == (5, code)
    page.say(type="draw", id=6, recipe={"generator": "tiny-dcgan"})
    assert page.hear().header["id"] == 6


def test_a_sheet_can_be_stopped_while_frames_go_on(obedient: tuple[Served, Obedient]) -> None:
    studio, generator = obedient
    with open_page(studio.host) as page:
        with generator.held():
            page.say(type="sheet", id=5, recipes=[{"generator": "obedient", "noise_seed": n} for n in range(100, 130)])
            generator.wait_until_drawing()
            page.say(type="cancel", id=5)
            assert soon(lambda: studio.engine.figures().queue == 0)
        assert page.hear_until("cell").header["index"] == 0, "the one being drawn is finished"
        while (last := page.hear_until("job").header)["state"] == "running":
            pass
        assert (last["state"], last["done"], last["total"]) == ("cancelled", 1, 30)
        page.say(type="draw", id=6, recipe={"generator": "obedient", "noise_seed": 6})
        assert page.hear().header["id"] == 6
    assert generator.drawn == [(100,), (6,)]


def test_a_sheet_that_fails_says_why_and_then_that_it_did(obedient: tuple[Served, Obedient]) -> None:
    studio, _ = obedient
    with open_page(studio.host) as page:
        page.say(type="sheet", id=5, recipes=[{"generator": "obedient", "noise_seed": n} for n in (1, NAN, 2)])
        assert page.hear_until("cell").header["index"] == 0
        assert page.fault() == (5, "fault.not_finite")
        assert page.hear_until("job").header["state"] == "failed"


def test_a_page_has_few_sheets_at_once(obedient: tuple[Served, Obedient]) -> None:
    studio, generator = obedient
    with open_page(studio.host) as page, generator.held():
        for number in range(sheets.SHEETS_EACH + 1):
            page.say(type="sheet", id=number, recipes=[{"generator": "obedient"}])
        assert page.fault() == (sheets.SHEETS_EACH, "fault.too_many")
        page.say(type="sheet", id=0, recipes=[{"generator": "obedient"}])
        assert page.fault() == (0, "fault.too_many")


def test_a_client_gone_mid_job_is_drawn_for_no_more(obedient: tuple[Served, Obedient]) -> None:
    studio, generator = obedient
    with generator.held():
        with open_page(studio.host) as page:
            page.say(type="sheet", id=5, recipes=[{"generator": "obedient", "noise_seed": n} for n in range(100, 130)])
            generator.wait_until_drawing()
            page.say(type="draw", id=6, recipe={"generator": "obedient", "noise_seed": 6})
            page.socket.socket.close()  # as a laptop that is shut: no goodbye
        assert soon(lambda: studio.engine.figures().queue == 0), "its job still waits"
    studio.engine.draw(Recipe("obedient", noise_seed=7))
    assert generator.drawn == [(100,), (7,)]
