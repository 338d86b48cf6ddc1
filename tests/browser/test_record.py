"""A performance recorded: what was played is what the film shows, as nearly as it says, and a reload takes nothing away."""

from __future__ import annotations

import random
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from studio.film import Film, film_from_dict
from tests.browser.hands import after_rest, recipe

SLOT, CLOSE = 0.04, 0.01
RANGES = {"variation": (0, 1), "truncation": (0, 1.5), "direction:smile": (-5, 5)}
FILM_OF = """async ([changes, slot]) => {
  const { filmOf } = await import('./page/record-film.js');
  const base = { ...atelier.state.recipe, seed: 1, variation: 0, truncation: 1 };
  return filmOf({ base, changes, slot });
}"""


def film_of(page: Page, changes: list[tuple[int, dict[str, Any]]], slot: int) -> tuple[Film, float]:
    made = page.evaluate(FILM_OF, [[list(change) for change in changes], slot])
    return film_from_dict(made["film"]), made["off"]


def in_film(film: Film, parameter: str, at: float) -> float:
    track = next(track for track in film.tracks if track.parameter == parameter)
    return track.drawn(at, film.seconds, film.loop)


def playing(seed: int) -> list[tuple[int, dict[str, Any]]]:
    """A hand that wanders, rests, leaps, and rolls the dice."""
    hand, slot, found = random.Random(seed), 0, []
    at = {"variation": 0.0, "truncation": 1.0, "direction:smile": 0.0}
    for _ in range(8):
        name, steps = hand.choice(list(at)), hand.randrange(1, 30)
        least, most = RANGES[name]
        speed = hand.uniform(-0.1, 0.1) * (most - least)
        slot += hand.randrange(4, 60)  # it rests
        for _ in range(steps):
            slot += 1
            at[name] = round(min(max(at[name] + speed, least), most), 3)
            found.append((slot, {"directions": {"smile": at[name]}} if name.startswith("direction") else {name: at[name]}))
        if hand.random() < 0.5:
            slot += 1
            found.append((slot, {"seed": hand.randrange(2**32)}))
    return found


def test_what_was_played_is_what_the_film_shows_as_nearly_as_it_says(page: Page) -> None:
    for seed in range(8):
        compare(page, playing(seed))


def compare(page: Page, changes: list[tuple[int, dict[str, Any]]]) -> None:
    film, off = film_of(page, changes, changes[-1][0] + 25)
    assert off <= CLOSE
    stands: dict[str, Any] = {"seed": 1, "variation": 0.0, "truncation": 1.0, "direction:smile": 0.0}
    moved = {track.parameter for track in film.tracks}
    for (slot, patch), (then, _) in zip(changes, [*changes[1:], (changes[-1][0] + 20, {})], strict=True):
        stands |= {"direction:smile": patch["directions"]["smile"]} if "directions" in patch else patch
        # When it moved and, where it then rested, until it moves again.
        for at in (slot * SLOT, *([then * SLOT - SLOT / 2] if then - slot >= 4 else [])):
            for name, (least, most) in RANGES.items():
                shown = in_film(film, name, round(at, 6)) if name in moved else {"truncation": 1}.get(name, 0)
                assert shown == pytest.approx(stands[name], abs=CLOSE * (most - least) + 1e-3), (name, at)
            assert [key for key in film.keys if key.at <= at + 1e-6][-1].recipe.seed == stands["seed"]
    assert all(key.ease == "hold" for key in film.keys)
    assert not any(key.recipe.directions for key in film.keys), "the curve has it"


def test_a_place_that_is_walked_through_becomes_few_pictures(page: Page) -> None:
    walk = [(slot, {"position": [slot / 50, 1.0]}) for slot in range(1, 101)]
    film, off = film_of(page, [*walk, (140, {"position": [2.0, -4.0]})], 160)
    assert off <= CLOSE
    assert [(key.at, key.ease) for key in film.keys] == [(0, "hold"), (0.04, "even"), (4.0, "hold"), (5.6, "hold")]
    assert film.seconds == 6.4
    assert not film.tracks


def test_more_than_a_film_holds_is_said(page: Page) -> None:
    dice = [(4 * number, {"seed": number}) for number in range(1, 200)]
    film, off = film_of(page, [*dice, (4000, {"seed": 7}), (8000, {"seed": 8})], 8400)
    assert (len(film.keys), off) == (64, 1)
    assert [key.recipe.seed for key in film.keys][-3:] == [199, 7, 8], "what stood longest is there"
    hand = random.Random(0)
    film, off = film_of(page, [(slot, {"variation": hand.random()}) for slot in range(1, 1000)], 1000)
    assert len(film.tracks[0].points) == 64
    assert CLOSE < off <= 1
    film, off = film_of(page, [], 10)
    assert (len(film.keys), film.seconds, off) == (2, 1, 0)
    names = [f"way-{number}" for number in range(12)]
    walk = [(slot, {"directions": {name: slot * (n + 1) / 100 for n, name in enumerate(names)}}) for slot in range(1, 41)]
    film, off = film_of(page, walk, 50)
    assert {track.direction for track in film.tracks} == set(names[4:]), "those that went farthest"
    assert off <= CLOSE
    assert dict(film.keys[-1].recipe.directions) == pytest.approx({name: 0.4 * (n + 1) for n, name in enumerate(names[:4])})


def test_a_recording_outlives_a_reload_and_becomes_a_film_that_plays(page: Page) -> None:
    page.keyboard.press("r")
    record = page.locator("[data-act=perform-record]")
    expect(record).to_have_attribute("aria-pressed", "true")
    first = recipe(page)["seed"]
    page.wait_for_timeout(300)
    page.locator("input[name=variation]").focus()
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    page.evaluate("document.activeElement.blur()")
    page.reload()
    page.wait_for_function("window.painted?.rests > 0")
    expect(record).to_have_attribute("aria-pressed", "true")
    after_rest(page, lambda: page.keyboard.press(" "))
    second = recipe(page)["seed"]
    other = page.evaluate("atelier.state.declarations[1].id")
    after_rest(page, lambda: page.evaluate(f"atelier.state.choose('{other}')"))
    page.evaluate("atelier.openTab('create')")
    record.click()
    page.wait_for_function("window.atelier.film?.film.keys.length > 1")
    expect(page.locator(".toast")).to_contain_text("On the timeline")
    film = film_from_dict(page.evaluate("atelier.film.film"))
    assert [key.recipe.seed for key in film.keys] == [first, second]
    assert [track.parameter for track in film.tracks] == ["variation"]
    assert in_film(film, "variation", film.seconds) == pytest.approx(0.1, abs=0.01)
    assert film.generator != other, "a film has one generator"
    page.wait_for_selector("[data-act=film-play]:enabled")
    page.evaluate("window.shown = 0; document.addEventListener('atelier:film-painted', () => { window.shown += 1; })")
    page.click("[data-act=film-play]")
    page.wait_for_function("window.shown > 5")
    assert page.evaluate("sessionStorage.getItem('atelier.recording')") is None
    page.reload()
    page.wait_for_function("window.painted?.rests > 0")
    expect(record).to_have_attribute("aria-pressed", "false")


def test_a_damaged_recording_is_passed_over(page: Page) -> None:
    nowhere = '{"base": {"generator": "nowhere"}, "slot": 1, "changes": []}'
    for text in ("{", nowhere, '{"base": null, "slot": 1, "changes": [1]}'):
        page.add_init_script(f"sessionStorage.setItem('atelier.recording', {text!r})")
        page.reload()
        page.wait_for_function("window.painted?.rests > 0")
        expect(page.locator("[data-act=perform-record]")).to_have_attribute("aria-pressed", "false")
