"""The music of a film, as an artist brings it: seen, heard in step, pictures on its beats, and all of it undone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.studio.given import click_track

KEYS = ".film-key"
TEMPO = "[data-role=film-tempo]"
LANE = "[data-role=film-music]"


@pytest.fixture(scope="session")
def clicks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten seconds at 120 beats a minute, the first at 0.4 s."""
    path = tmp_path_factory.mktemp("music") / "clicks.wav"
    path.write_bytes(click_track(np.arange(0.4, 9.9, 0.5), 10))
    return path


@pytest.fixture
def film(page: Page, clicks: Path) -> Page:
    """Two pictures and music."""
    page.evaluate("atelier.state.choose('digits-cgan')")
    page.evaluate("atelier.openTab('film')")
    page.wait_for_function("window.atelier.film")
    page.click("[data-act=film-add]")
    page.click("[data-act=film-chance]")
    page.set_input_files("[data-role=film-sound]", str(clicks))
    expect(page.locator(TEMPO)).to_have_text("clicks.wav: 120 beats a minute, 19 beats.")
    return page


def told(page: Page) -> dict[str, Any]:
    return page.evaluate("window.atelier.film.film")


def moments(page: Page) -> list[float]:
    return [key["at"] for key in told(page)["keys"]]


def test_a_picture_on_each_beat_and_each_bar_and_all_of_it_undone(film: Page) -> None:
    before = told(film)
    film.click("[data-act=film-each_beat]")
    after = told(film)
    assert after["music"]["start"] == pytest.approx(0.4, abs=0.025)
    assert moments(film) == pytest.approx(list(np.arange(12) * 0.5), abs=0.01)
    assert after["seconds"] == pytest.approx(6, abs=0.01)
    assert [key["recipe"] for key in after["keys"][:4]] == [key["recipe"] for key in before["keys"]] * 2
    film.click("[data-act=film-undo]")
    assert told(film) == before
    film.click("[data-act=film-each_bar]")
    assert np.diff(moments(film)) == pytest.approx([2] * (len(moments(film)) - 1), abs=0.01)
    film.keyboard.press("z")
    assert told(film) == before
    expect(film.locator(KEYS)).to_have_count(2)
    film.keyboard.press("y")
    assert len(moments(film)) > 2


def test_pictures_snap_to_the_beats_that_are_nearest(film: Page) -> None:
    film.click("[data-act=film-chance]")
    film.click("[data-act=film-snap]")
    assert moments(film) == pytest.approx([0, 3, 6], abs=0.01)
    assert told(film)["seconds"] == pytest.approx(9, abs=0.01)


def test_it_plays_in_step(film: Page) -> None:
    film.click("[data-act=film-play]")
    film.wait_for_function("atelier.film.music.audio.currentTime > 0.5")
    apart = film.evaluate("""async () => {
      const apart = [];
      for (let k = 0; k < 20; k += 1) {
        await new Promise(requestAnimationFrame);
        apart.push(Math.abs(atelier.film.music.audio.currentTime - atelier.film.at));
      }
      return apart;
    }""")
    assert max(apart) < 0.1
    film.locator("[data-role=scrub]").evaluate("(one) => { one.value = 0.8; one.dispatchEvent(new Event('input')); }")
    film.wait_for_function("Math.abs(atelier.film.music.audio.currentTime - atelier.film.at) < 0.1 && atelier.film.at > 4.8")
    film.click("[data-act=film-play]")
    assert film.evaluate("atelier.film.music.audio.paused")


def test_a_loop_brings_its_music_round(film: Page) -> None:
    film.locator("[data-role=scrub]").evaluate("(one) => { one.value = 0.95; one.dispatchEvent(new Event('input')); }")
    film.click("[data-act=film-play]")
    film.wait_for_function("atelier.film.at < 2 && atelier.film.at > 0.2 && !atelier.film.music.audio.paused")
    assert film.evaluate("Math.abs(atelier.film.music.audio.currentTime - atelier.film.at)") < 0.15
    film.click("[data-act=film-play]")


def test_made_and_opened_it_has_its_music_again(film: Page, tmp_path: Path) -> None:
    film.select_option("[data-act=film-side]", "0")
    film.select_option("[data-act=film-rate]", "12")
    before = told(film)
    film.click("[data-act=film-make]")
    expect(film.locator("[data-act=film-download]")).to_be_visible(timeout=60_000)
    film.wait_for_function("document.querySelector('[data-role=film-video]').readyState >= 2")
    with film.expect_download() as saved:
        film.click("[data-act=film-download]")
    saved.value.save_as(tmp_path / "film.mp4")
    film.click("[data-act=film-silence]")
    expect(film.locator(LANE)).to_be_hidden()
    film.set_input_files("[data-role=film-file]", str(tmp_path / "film.mp4"))
    expect(film.locator(LANE)).to_be_visible()
    assert told(film) == before


def test_a_film_in_the_making_is_there_after_a_reload(film: Page) -> None:
    film.select_option("[data-act=film-side]", "512")
    film.click("[data-act=film-make]")
    expect(film.locator("[data-act=film-stop]")).to_be_visible()
    film.reload()
    film.wait_for_function("window.atelier?.live.settled")
    film.evaluate("atelier.openTab('film')")
    expect(film.locator(TEMPO)).to_contain_text("120 beats")
    expect(film.locator("[data-act=film-download]")).to_be_visible(timeout=60_000)


def test_what_is_recorded_is_music_too(film: Page) -> None:
    film.click("[data-act=film-silence]")
    film.context.grant_permissions(["microphone"])
    film.click("[data-act=film-record]")
    expect(film.locator("[data-act=film-record]")).to_have_text("Stop recording")
    film.wait_for_timeout(1200)
    film.click("[data-act=film-record]")
    expect(film.locator(TEMPO)).to_contain_text("Recording:")
    expect(film.locator(LANE)).to_be_visible()


def test_what_is_no_sound_is_told_and_changes_nothing(film: Page, tmp_path: Path) -> None:
    before = told(film)
    (tmp_path / "list.wav").write_bytes(b"#EXTM3U\nfile:///etc/passwd")
    film.set_input_files("[data-role=film-sound]", str(tmp_path / "list.wav"))
    expect(film.locator(".toast", has_text="no sound of a known kind")).to_be_visible()
    assert told(film) == before


CURVE = ".film-curve"
POINTS = ".film-point"


@pytest.fixture
def track(film: Page) -> Page:
    """A track of boldness with its first point."""
    film.select_option("[data-act=film-track]", "truncation")
    expect(film.locator(POINTS)).to_have_count(1)
    return film


def points(page: Page) -> list[dict[str, Any]]:
    return told(page)["tracks"][0]["points"]


def tap(page: Page, x: float, y: float) -> None:
    box = page.locator(CURVE).bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])


def test_a_curve_is_drawn_point_by_point_dragged_typed_and_undone(track: Page) -> None:
    tap(track, 0.5, 0.75)
    assert points(track)[1] == {"at": pytest.approx(3, abs=0.05), "value": pytest.approx(0.375, abs=0.03), "ease": "soft"}
    box = track.locator(POINTS).nth(1).bounding_box()
    assert box is not None
    track.mouse.move(box["x"] + 7, box["y"] + 7)
    track.mouse.down()
    track.mouse.move(box["x"] + 67, box["y"] - 13, steps=4)
    track.mouse.up()
    dragged = points(track)[1]
    assert dragged["at"] > 3.1
    assert dragged["value"] > 0.6
    track.locator(POINTS).nth(1).focus()
    track.keyboard.press("ArrowLeft")
    track.keyboard.press("ArrowDown")
    assert points(track)[1]["at"] == pytest.approx(dragged["at"] - 0.1)
    assert points(track)[1]["value"] == pytest.approx(dragged["value"] - 0.03, abs=0.002)
    track.fill("[aria-labelledby=label-film-value]", "0.25")
    track.keyboard.press("Enter")
    track.select_option("[data-act=film-onward]", "hold")
    assert (points(track)[1]["value"], points(track)[1]["ease"]) == (0.25, "hold")
    track.locator(POINTS).nth(1).focus()
    track.keyboard.press("Delete")
    expect(track.locator(POINTS)).to_have_count(1)
    for _ in range(5):
        track.click("[data-act=film-undo]")
    assert [point["at"] for point in points(track)] == [0, dragged["at"]]


def test_a_track_follows_the_beat_and_the_picture_with_it(track: Page) -> None:
    track.select_option("[data-act=film-follow]", "beats")
    follow = told(track)["tracks"][0]["follow"]
    assert (follow["source"], follow["attack"], follow["decay"], follow["delay"]) == ("beats", 0.02, 0.3, 0)
    assert len(track.locator(".film-moved").get_attribute("d") or "") > 1000
    track.evaluate("document.addEventListener('atelier:film-painted', ({detail}) => { window.rested ||= detail.rest; })")
    psi = {}
    for at in (0.41, 0.8):
        expect(track.locator("[data-role=seam]")).not_to_be_empty()
        track.evaluate("window.rested = false")
        track.locator("[data-role=scrub]").evaluate(
            "(one, at) => { one.value = at; one.dispatchEvent(new Event('input')); one.dispatchEvent(new Event('change')); }", at / 6
        )
        track.wait_for_function("window.rested")
        track.click("[data-act=film-take]")
        track.wait_for_function("atelier.state.recipe.blend.length > 0")
        psi[at] = track.evaluate("atelier.state.recipe.blend[0].recipe.truncation ?? 1")
        track.evaluate("atelier.openTab('film')")
    assert psi[0.41] == pytest.approx(1.375, abs=0.08)
    assert psi[0.8] < 1.2


def test_a_film_with_tracks_is_made_opened_and_emptied(track: Page, tmp_path: Path) -> None:
    tap(track, 0.4, 0.9)
    track.select_option("[data-act=film-follow]", "low")
    track.select_option("[data-act=film-side]", "0")
    track.select_option("[data-act=film-rate]", "12")
    before = told(track)
    track.click("[data-act=film-make]")
    expect(track.locator("[data-act=film-download]")).to_be_visible(timeout=60_000)
    with track.expect_download() as saved:
        track.click("[data-act=film-download]")
    saved.value.save_as(tmp_path / "film.mp4")
    track.click("[data-act=film-drop_track]")
    expect(track.locator(CURVE)).to_have_count(0)
    track.set_input_files("[data-role=film-file]", str(tmp_path / "film.mp4"))
    expect(track.locator(POINTS)).to_have_count(2)
    assert told(track) == before


def test_by_touch_on_a_telephone_in_chinese(track: Page) -> None:
    track.set_viewport_size({"width": 390, "height": 844})
    track.evaluate("atelier.words.use('zh')")
    expect(track.locator("[data-act=film-snap]")).to_have_text("对齐节拍")
    expect(track.locator(".film-track-name")).not_to_have_text("Boldness")
    track.locator(CURVE).evaluate("(one) => one.scrollIntoView({block: 'center'})")
    tap(track, 0.6, 0.2)
    assert len(points(track)) == 2
    assert track.evaluate("document.documentElement.scrollWidth") <= 390
    track.evaluate("atelier.words.use('en')")
