"""Whatever is sent becomes a valid thing or a fault of ours in words: never another exception, never slow, and what is valid comes back.

A few hundred inputs in the suite, hundreds of thousands by `make torture`, which prints how many.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings, strategies as st

from studio import live_page
from studio.engine import Engine
from studio.errors import Fault
from studio.film import film_from_dict, film_from_json, film_to_dict, film_to_json
from studio.kiosk.exhibition import from_dict as exhibition_from
from studio.osc_packets import Malformed, read_packet, write_packet
from studio.recipe import Recipe, from_dict, to_dict
from studio.recipe_text import from_json, from_link, open_recipe, to_json, to_link
from studio.tracks import track_to_dict, tracks_from
from tests.studio.served import OpenPage, open_page, served
from tests.studio.strategies import anything, bad, exhibitions, films, flipped, links, messages, packets, recipes, tracks
from tests.torture import TORTURE, rounds

SLOWEST = 2.0  # seconds of this thread's own time
COMMON: dict[str, Any] = {"deadline": None, "suppress_health_check": list(HealthCheck), "database": None}
settings.register_profile("suite", max_examples=60, derandomize=True, phases=[Phase.explicit, Phase.generate], **COMMON)
settings.register_profile("torture", max_examples=5_000, **COMMON)
settings.load_profile("torture" if TORTURE else "suite")


@pytest.fixture(scope="module")
def tally() -> Iterator[Counter[str]]:
    """Inputs, and those that were refused."""
    counts: Counter[str] = Counter()
    yield counts
    print(f"\nfuzzed: {counts['tried']} inputs, {counts['refused']} refused in words, {counts['left']} ended otherwise")


def tried(tally: Counter[str], read: Callable[[Any], Any], given: Any) -> Any:
    """What is read; None where it was refused in words that can be sent. Anything else fails the test, and so does taking long."""
    tally["tried"] += 1
    tally["left"] += 1  # until it has ended well
    began = time.thread_time()
    try:
        found = read(given)
    except Fault as fault:
        assert str(fault).strip()
        json.dumps(fault.as_json(), ensure_ascii=False, allow_nan=False).encode()
        tally["refused"] += 1
        found = None
    except Malformed:
        tally["refused"] += 1
        found = None
    assert time.thread_time() - began < SLOWEST
    tally["left"] -= 1
    return found


@given(given=st.one_of(recipes, anything))
def test_recipes(tally: Counter[str], given: Any) -> None:
    if recipe := tried(tally, from_dict, given):
        assert from_dict(to_dict(recipe)) == recipe
        assert from_json(to_json(recipe)) == recipe
        assert hash(recipe) == hash(from_dict(json.loads(json.dumps(to_dict(recipe)))))
        if link := tried(tally, to_link, recipe):
            assert from_link(link) == recipe


@given(text=st.one_of(st.binary(max_size=200), bad, recipes.map(lambda one: json.dumps(one)), flipped(recipes.map(json.dumps))))
def test_texts(tally: Counter[str], text: Any) -> None:
    recipe = tried(tally, from_json, text)
    opened = tried(tally, lambda given: open_recipe(given, {"tiny": "0" * 12}), text)
    assert (recipe is None) == (opened is None)
    if film := tried(tally, film_from_json, text):
        assert film_from_json(film_to_json(film)) == film


@given(link=links)
def test_links(tally: Counter[str], link: str) -> None:
    if recipe := tried(tally, from_link, link):
        assert isinstance(recipe, Recipe)
        assert from_dict(to_dict(recipe)) == recipe


@given(given=st.one_of(films, anything))
def test_films(tally: Counter[str], given: Any) -> None:
    if film := tried(tally, film_from_dict, given):
        assert film_from_dict(film_to_dict(film)) == film
        assert film_from_json(film_to_json(film)) == film
        assert 2 <= film.frames <= 36_000


@given(given=st.one_of(st.lists(tracks, max_size=9), anything), at=st.floats(0, 600), loop=st.booleans())
def test_tracks(tally: Counter[str], given: Any, at: float, loop: bool) -> None:
    for track in tried(tally, tracks_from, given) or ():
        assert tracks_from([track_to_dict(track)]) == (track,)
        assert track.range[0] - 1e-6 <= track.drawn(at, 600.0, loop) <= track.range[1] + 1e-6


@given(packet=packets)
def test_osc_packets(tally: Counter[str], packet: bytes) -> None:
    for address, numbers in tried(tally, read_packet, packet) or ():
        assert address.startswith("/")
        assert all(abs(number) <= 1e10 for number in numbers)


@given(
    name=st.text("abZ09_.-", min_size=1, max_size=60).map(lambda name: f"/{name}"),
    value=st.one_of(st.integers(-(10**10), 10**10), st.floats(-1e9, 1e9, width=32)),
)
def test_osc_packets_that_we_write(tally: Counter[str], name: str, value: float) -> None:
    assert tried(tally, read_packet, write_packet(name, value)) == [(name, (float(value),))]


@given(given=st.one_of(exhibitions, anything))
def test_settings_of_the_kiosk(tally: Counter[str], given: Any) -> None:
    if exhibition := tried(tally, exhibition_from, given):
        assert exhibition_from(json.loads(json.dumps(asdict(exhibition)))) == exhibition
        assert exhibition.shown({"tiny": 1}) == ("tiny",)


@pytest.fixture(scope="module")
def page(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenPage]:
    """A page that may speak as fast as it likes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(live_page, "RATE", 1e9)
        patch.setattr(live_page, "BURST", 10**9)
        with served(engine, tmp_path_factory.mktemp("fuzz")) as studio, open_page(studio.host) as page:
            yield page


@settings(max_examples=rounds(60, 1000))
@given(message=messages)
def test_messages_to_a_page(tally: Counter[str], page: OpenPage, message: Any) -> None:
    """After each the page still draws."""
    tally["tried"] += 1
    tally["left"] += 1
    page.socket.send(message)
    number = 10**9 + tally["tried"]
    page.say(type="cancel", id=1)
    page.say(type="draw", id=number, rest=True, recipe={"generator": "tiny-vae"})
    while (told := page.hear().header).get("id") != number:
        tally["refused"] += told["type"] == "error"
        assert told.get("fault", {}).get("code") != "fault.surprise"
    assert told["type"] == "frame"
    tally["left"] -= 1
