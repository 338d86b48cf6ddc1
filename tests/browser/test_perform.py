"""A performance: knobs, sticks and sound by stand-ins for the browser's own, mappings as files, and the stage window."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.hands import after_rest, recipe

GROUP = "[data-group=perform]"
ROWS = f"{GROUP} [data-role=mappings] .mapping"

# What navigator.requestMIDIAccess gives: ports that come and go, and a hand that plays them.
MIDI = """
window.midi = {inputs: new Map(), onstatechange: null};
window.plug = (name) => { midi.inputs.set(name, {name, state: 'connected', onmidimessage: null}); midi.onstatechange?.({}); };
window.pull = (name) => { midi.inputs.delete(name); midi.onstatechange?.({}); };
window.play = (...bytes) => { for (const port of midi.inputs.values()) port.onmidimessage?.({data: new Uint8Array(bytes)}); };
navigator.requestMIDIAccess = async () => midi;
plug('nanoKONTROL');
"""
FRAMES = "async (count) => { for (let i = 0; i < count; i += 1) await new Promise(requestAnimationFrame); }"
WRONG: list[dict[str, Any]] = [
    *({"source": source} for source in ("cc-17-1", "cc-1-128", "javascript:alert(1)", "", 7, ["cc-1-1"])),
    *({"source": f"osc-{address}"} for address in ("", "/a b", "/*", "/a#9", "/a" * 40)),
    *({"from": value} for value in ("0", 101, None, True, [])),
    {"to": -1e9},
    *({"curve": curve} for curve in ("t => fetch('/')", "constructor", "hold", "")),
    *({"parameter": parameter} for parameter in ("", "direction-" + "x" * 71, {}, None, "brightness", "seed", "__proto__", "constructor")),
    {"__proto__": {"source": "cc-1-1"}},
    {"prototype": 1},
]


@pytest.fixture
def stage(page: Page) -> Page:
    """The page with a MIDI port."""
    page.evaluate(MIDI)
    return page


def mapping(**changes: Any) -> dict[str, Any]:
    return {"source": "cc-1-74", "from": 0, "to": 1, "curve": "even", "parameter": "variation", **changes}


def bring(page: Page, content: Any) -> None:
    text = content if isinstance(content, str) else json.dumps({"mappings": content})
    page.set_input_files(f"{GROUP} input[type=file]", {"name": "m.json", "mimeType": "application/json", "buffer": text.encode()})


def with_mappings(page: Page, *mappings: dict[str, Any]) -> None:
    bring(page, list(mappings))
    expect(page.locator(ROWS)).to_have_count(len(mappings))


def listen(page: Page) -> None:
    page.click(f"{GROUP} [data-act=perform-midi]")
    expect(page.locator(f"{GROUP} [role=status]")).to_contain_text("nanoKONTROL")


def steps(page: Page) -> int:
    return page.evaluate("atelier.state.steps.length")


def test_learn_move_a_knob_done(stage: Page) -> None:
    stage.click(f"{GROUP} [data-act=perform-learning]")
    button = stage.locator("[data-learn=variation]")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    stage.evaluate("play(0xb0, 74, 10); play(0xb0, 12, 64); play(0xb0, 74, 40)")
    expect(button).to_have_text("CC 74")
    expect(stage.locator(ROWS)).to_have_count(1)
    after_rest(stage, lambda: stage.evaluate("play(0xb0, 74, 127)"))
    assert recipe(stage)["variation"] == 1
    stage.click(f"{GROUP} [data-act=perform-learning]")
    expect(button).to_be_hidden()
    stage.fill(f"{ROWS} [data-field=to]", "0.5")
    stage.keyboard.press("Tab")
    expect(stage.locator(f"{ROWS} [data-field=curve]")).to_be_focused()
    after_rest(stage, lambda: stage.evaluate("play(0xb0, 74, 126); play(0xb0, 74, 127)"))
    assert recipe(stage)["variation"] == 0.5

    stage.reload()
    expect(stage.locator(ROWS)).to_have_count(1)
    stage.click(f"{ROWS} [data-act=perform-remove]")
    expect(stage.locator(ROWS)).to_have_count(0)
    stage.click(".toast button")
    expect(stage.locator(ROWS)).to_have_count(1)


def test_a_flood_moves_once_a_frame_and_is_one_step(stage: Page) -> None:
    with_mappings(stage, mapping())
    listen(stage)
    before = steps(stage)
    told = stage.evaluate("""async () => {
      let [changes, frames, running] = [0, 0, true];
      const stop = atelier.state.follow(() => { changes += 1; });
      const count = () => { frames += 1; if (running) requestAnimationFrame(count); };
      requestAnimationFrame(count);
      changes = 0;
      for (let burst = 0; burst < 20; burst += 1) {
        for (let i = 0; i < 2000; i += 1) {
          play(0xb0, 74, i % 128);
          play(0xb0 + i % 16, i % 128, i % 128);
          play(0xf8); play(); play(0x90); play(0xff, 200, 255);
        }
        await new Promise((done) => setTimeout(done, 10));
      }
      play(0xb0, 74, 96);
      await new Promise((done) => setTimeout(done, 900));
      running = false; stop();
      return {changes, frames};
    }""")
    assert 1 <= told["changes"] <= told["frames"] + 2
    assert steps(stage) == before + 1
    assert recipe(stage)["variation"] == 0.76
    stage.keyboard.press("z")
    assert recipe(stage)["variation"] == 0


def test_a_hand_on_the_slider_wins(stage: Page) -> None:
    with_mappings(stage, mapping(), mapping(parameter="truncation", source="cc-1-75"))
    listen(stage)
    slider = stage.locator("input[name=variation]")
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    assert box
    stage.mouse.move(box["x"] + 5, box["y"] + box["height"] / 2)
    stage.mouse.down()
    stage.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    held = recipe(stage)["variation"]
    before = steps(stage)
    stage.evaluate("play(0xb0, 74, 127); play(0xb0, 75, 0)")
    stage.evaluate(FRAMES, 3)
    assert (recipe(stage)["variation"], recipe(stage)["truncation"]) == (held, 0), "the others go on"
    stage.wait_for_timeout(600)
    assert steps(stage) == before, "no step while the hand holds on"
    stage.mouse.up()
    stage.evaluate("play(0xb0, 74, 127)")
    stage.evaluate(FRAMES, 3)
    assert recipe(stage)["variation"] == held, "nor at once when it lets go"
    stage.wait_for_timeout(900)
    after_rest(stage, lambda: stage.evaluate("play(0xb0, 74, 127)"))
    assert recipe(stage)["variation"] == 1


def test_keys_do_deeds_and_a_drumming_key_does_few(stage: Page) -> None:
    with_mappings(
        stage,
        mapping(source="note-10-36", parameter="deed-seed"),
        mapping(source="note-10-37", parameter="deed-save"),
        mapping(source="note-10-38", parameter="deed-next"),
    )
    listen(stage)
    first = recipe(stage)["seed"]
    after_rest(stage, lambda: stage.evaluate("play(0x99, 36, 100); play(0x89, 36, 0)"))
    assert recipe(stage)["seed"] != first
    after_rest(stage, lambda: stage.evaluate("play(0x99, 38, 100); play(0x99, 38, 0)"))
    assert recipe(stage)["seed"] == first
    stage.evaluate("""async () => {
      window.saved = 0;
      document.addEventListener('atelier:saved', () => { window.saved += 1; });
      for (let i = 0; i < 100; i += 1) {
        play(0x99, 37, 127); play(0x89, 37, 0);
        await new Promise((done) => setTimeout(done, 10));
      }
    }""")
    stage.wait_for_function("window.saved > 0")
    stage.wait_for_timeout(300)
    assert stage.evaluate("window.saved") == 1


def test_ports_come_and_go(stage: Page) -> None:
    with_mappings(stage, mapping())
    listen(stage)
    said = stage.locator(f"{GROUP} [role=status]")
    stage.evaluate("pull('nanoKONTROL')")
    expect(said).to_contain_text("no device")
    stage.evaluate("plug('<b>Faders</b>')")
    expect(said).to_contain_text("<b>Faders</b>")
    after_rest(stage, lambda: stage.evaluate("play(0xb0, 74, 127)"))
    assert recipe(stage)["variation"] == 1
    stage.click(f"{GROUP} [data-act=perform-midi]")
    stage.evaluate("play(0xb0, 74, 0)")
    stage.evaluate(FRAMES, 3)
    assert recipe(stage)["variation"] == 1, "it no longer listens"


@pytest.mark.parametrize(
    ("instead", "said"),
    [
        (
            "() => { navigator.requestMIDIAccess = async () => { throw new DOMException('no', 'SecurityError'); }; }",
            "not allowed to use MIDI",
        ),
        ("delete Navigator.prototype.requestMIDIAccess", "no Web MIDI"),
    ],
)
def test_without_midi_it_is_said(page: Page, instead: str, said: str) -> None:
    page.evaluate(instead)
    page.click(f"{GROUP} [data-act=perform-midi]")
    expect(page.locator(f"{GROUP} [role=status]")).to_contain_text(said)
    expect(page.locator(f"{GROUP} [data-act=perform-midi]")).to_have_attribute("aria-pressed", "false")


def test_malformed_mappings_are_refused_whole_and_good_ones_come_back(page: Page) -> None:
    with_mappings(page, good := mapping(source="bend-3", curve="soft"))
    wrong = [
        "no json",
        "[]",
        '{"mappings": {"length": 1}}',
        '{"mappings": [null]}',
        '{"mappings": [' + json.dumps(mapping())[:-1] + ', "from": 1e999}]}',
        '{"__proto__": {"mappings": []}}',
        json.dumps({"mappings": [mapping(**{"from": float("nan")})]}),
        "x" * 100_000,
        " " * 10_000_000,
        [mapping()] * 65,
        [mapping(), mapping()],
        *([mapping(**change)] for change in WRONG),
    ]
    for one in wrong:
        bring(page, one)
        expect(page.locator(".toast", has_text="apping")).to_be_visible()
        page.evaluate("document.querySelector('.toast').remove()")
    expect(page.locator(ROWS)).to_have_count(1)
    assert page.evaluate("[({}).source, ({}).mappings]") == [None, None]
    with page.expect_download() as saved:
        page.click(f"{GROUP} [data-act=perform-file]")
    assert json.loads(saved.value.path().read_text()) == {"mappings": [good]}
    page.evaluate('localStorage.setItem(\'atelier.mappings\', \'{"mappings": [{"source": "<img>"}]}\')')
    with_mappings(page, mapping(parameter='direction-"]<img src=x onerror=alert(1)>'))
    expect(page.locator(f"{ROWS}[data-here=false]")).to_contain_text("<img src=x")


def test_every_slider_on_the_page_can_learn_whatever_the_generator(stage: Page) -> None:
    stage.click(f"{GROUP} [data-act=perform-learning]")
    readable = """async () => {
      const { readMappings } = await import('./page/mappings.js');
      for (const { name } of document.querySelectorAll('.groups .row > input[type=range]'))
        readMappings(JSON.stringify({mappings: [{source: 'axis-0', from: 0, to: 1, curve: 'even', parameter: name}]}));
    }"""
    for generator in stage.evaluate("atelier.state.declarations.map(({id}) => id)"):
        stage.evaluate(f"atelier.state.choose('{generator}')")
        stage.wait_for_function("document.querySelector('.groups .row > input[type=range] + .learn')")
        assert stage.locator(".groups .row > input[type=range]:not(:has(+ .learn))").count() == 0, generator
        stage.evaluate(readable)


def test_a_gamepad_moves_the_place(page: Page) -> None:
    page.evaluate("""() => {
      window.asked = 0;
      window.pad = {connected: true, axes: [0.02, 0], buttons: [{value: 0}]};
      navigator.getGamepads = () => { window.asked += 1; return [null, pad]; };
      dispatchEvent(new Event('gamepadconnected'));
    }""")
    page.evaluate(FRAMES, 3)
    assert page.evaluate("window.asked") == 0, "nobody wants to know"
    page.click(f"{GROUP} [data-act=perform-learning]")
    page.click("[data-learn=position-x]")
    page.evaluate(FRAMES, 3)
    page.evaluate("pad.axes[0] = 0.5")
    expect(page.locator("[data-learn=position-x]")).to_have_text("Stick 1")
    after_rest(page, lambda: page.evaluate("pad.axes[0] = 1"))
    assert recipe(page)["position"][0] == 4
    page.click(f"{ROWS} [data-act=perform-remove]")
    page.evaluate(FRAMES, 2)
    asked = page.evaluate("window.asked")
    page.evaluate(FRAMES, 3)
    assert page.evaluate("window.asked") == asked


def test_sound_moves_a_slider(page: Page) -> None:
    page.evaluate("""() => {
      navigator.mediaDevices.getUserMedia = async () => {
        window.tone = new AudioContext();
        const [source, gain] = [new OscillatorNode(tone, {frequency: 100}), new GainNode(tone, {gain: 0})];
        const out = tone.createMediaStreamDestination();
        source.connect(gain).connect(out);
        source.start();
        window.loud = (to) => { gain.gain.value = to; };
        return out.stream;
      };
    }""")
    page.click(f"{GROUP} [data-act=perform-sound]")
    expect(page.locator(f"{GROUP} [data-level=low]")).to_be_visible()
    page.click(f"{GROUP} [data-act=perform-learning]")
    page.click("[data-learn=variation]")
    page.click(f"{GROUP} [data-level=low]")
    page.click("[data-learn=truncation]")
    page.click(f"{GROUP} [data-level=onset]")
    expect(page.locator(ROWS)).to_have_count(2)
    page.evaluate("loud(0.5)")
    page.wait_for_function("atelier.state.recipe.variation > 0.3")
    page.evaluate("loud(0)")
    page.wait_for_function("atelier.state.recipe.variation < 0.1")
    page.click(f"{GROUP} [data-act=perform-sound]")
    expect(page.locator(f"{GROUP} .meters")).to_be_hidden()


def test_the_stage_window_shows_what_the_first_shows_and_nothing_is_drawn_twice(page: Page) -> None:
    with page.expect_popup() as opened:
        page.click(f"{GROUP} [data-act=perform-stage]")
    stage = opened.value
    sockets: list[str] = []
    stage.on("websocket", lambda socket: sockets.append(socket.url))
    stage.wait_for_selector("body:not([data-dark])", state="attached")
    shown = "(selector) => { const one = document.querySelector(selector); return one.width > 64 && one.toDataURL(); }"
    after_rest(page, lambda: page.click("[data-act=dice]"))
    wanted = page.evaluate(shown, "canvas[data-role=picture]")
    stage.wait_for_function(f"(wanted) => ({shown})('canvas') === wanted", arg=wanted)
    assert sockets == []
    assert stage.locator("button, input, a, select").count() == 0
    assert stage.evaluate("getComputedStyle(document.body).cursor") == "none"
    stage.click("body")
    stage.wait_for_function("document.fullscreenElement")

    page.reload()
    stage.wait_for_selector("body:not([data-dark])", state="attached")
    address = page.url
    page.goto("about:blank")
    stage.wait_for_selector("body[data-dark]", state="attached")
    page.goto(address)
    stage.wait_for_selector("body:not([data-dark])", state="attached")
