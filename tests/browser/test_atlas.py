"""The map in a real browser: pictures find their places, one wanders between them, and whatever is taken stands in Create."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from studio.look import lay_map
from tests.browser.hands import after_rest, recipe
from tests.browser.test_axe import AXE, IN_EARNEST, SCAN

GROUND = ".panel [data-role=atlas]"
PLACE = "(i) => { const {ground, items} = window.atelier.atlas; return ground.toScreen(items[i].now); }"


def open_map(page: Page, generator: str = "digits-cgan", count: int = 48) -> None:
    """The map of a generator, all pictures at their places."""
    page.emulate_media(reduced_motion="reduce")
    page.evaluate("([generator, count]) => { atelier.atlas.count = count; atelier.state.restore({generator}); }", [generator, count])
    page.click("[data-act=atlas]")
    lay_map(page)


def point(page: Page, number: int, across: float = 0, down: float = 0) -> tuple[float, float]:
    """Where a picture of the map lies on the page, and what lies beside it."""
    box = page.locator(GROUND).bounding_box()
    assert box is not None
    x, y = page.evaluate(PLACE, number)
    return box["x"] + x + across, box["y"] + y + down


def topmost(page: Page) -> int:
    """The number of a picture whose middle no other covers."""
    return page.evaluate("""() => { const {ground, items} = window.atelier.atlas;
      return items.findIndex((item) => {
        const [x, y] = ground.toScreen(item.now);
        return x > 40 && y > 40 && ground.at(x, y) === item; }); }""")


def test_a_picture_is_taken_and_can_be_undone(page: Page) -> None:
    open_map(page)
    before, number = recipe(page), topmost(page)
    wanted = page.evaluate("(i) => atelier.atlas.items[i].recipe", number)
    after_rest(page, lambda: page.mouse.click(*point(page, number)))
    assert (recipe(page)["seed"], recipe(page)["classes"]) == (wanted["seed"], wanted["classes"])
    expect(page.locator(GROUND)).to_be_visible()
    after_rest(page, lambda: page.keyboard.press("z"))
    assert recipe(page) == before
    page.keyboard.press("Escape")
    expect(page.locator(GROUND)).to_be_hidden()
    expect(page.locator("[data-act=atlas]")).to_have_attribute("aria-pressed", "false")


def test_a_pointer_that_passes_only_looks_and_a_hold_wanders(page: Page) -> None:
    open_map(page)
    before, painted = recipe(page), page.evaluate("window.painted.all")
    box = page.locator(GROUND).bounding_box()
    assert box is not None
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.move(*middle)
    page.wait_for_function(f"window.painted.all > {painted}")
    assert recipe(page) == before
    for _ in range(8):
        page.mouse.wheel(0, -120)
    page.wait_for_function("window.atelier.atlas.ground.zoom > 5")
    page.evaluate("""() => { const {ground} = atelier.atlas; let best = 0;  // go to where the ground is empty
      for (let x = -0.8; x < 0.8; x += 0.1) for (let y = -0.8; y < 0.8; y += 0.1) {
        const near = Math.min(...atelier.atlas.items.map(({now}) => Math.hypot(now.x - x, now.y - y)));
        if (near > best) { best = near; ground.middle = {x, y}; } } }""")
    page.mouse.down()
    page.wait_for_function("window.atelier.state.recipe.blend.length > 1")
    shares: list[list[float]] = []
    for step in range(5):
        page.mouse.move(middle[0] + 6 * step, middle[1] + 3 * step)
        shares.append([part["share"] for part in recipe(page)["blend"]])
    after_rest(page, page.mouse.up)
    assert shares[0] != shares[-1]
    assert 1 < len(recipe(page)["blend"]) <= 8
    assert sum(part["share"] for part in recipe(page)["blend"]) > 0.99
    assert page.evaluate("atelier.state.parents.length") == len(recipe(page)["blend"])
    after_rest(page, lambda: page.click("[data-act=undo]"))
    assert recipe(page) == before, "a walk is one step"


def test_blends_have_no_jumps_and_end_at_their_pictures(page: Page) -> None:
    jumps: list[float] = page.evaluate("""async () => {
      const {between} = await import('./page/atlas-blend.js');
      const place = (i) => ({x: Math.cos(i * 2.4) * i / 20, y: Math.sin(i * 2.4) * i / 20});
      const items = Array.from({length: 20}, (_, i) => ({id: null, recipe: {generator: 'a', seed: i}, now: place(i)}));
      const at = (x, y) => {
        const {recipe} = between(items, {x, y});
        return new Map((recipe.blend ?? [{recipe, share: 1}]).map((part) => [part.recipe.seed, part.share])); };
      const end = at(items[7].now.x + 1e-7, items[7].now.y);
      if (end.size !== 1 || !end.has(7)) return [9];
      const found = [];
      for (let x = -0.9; x < 0.9; x += 0.002) {
        const [a, b] = [at(x, 0.13), at(x + 0.002, 0.13)];
        found.push(Math.max(...[...new Set([...a.keys(), ...b.keys()])].map((seed) => Math.abs((a.get(seed) ?? 0) - (b.get(seed) ?? 0)))));
      }
      return found; }""")
    assert max(jumps) < 0.1


def test_saved_pictures_are_on_it_and_what_is_near_is_sharp(page: Page) -> None:
    saved: dict[str, Any] = page.evaluate("atelier.api.call('save', [{generator: 'portraits', seed: 90210}, []])")
    open_map(page, "portraits")
    places = page.evaluate("atelier.atlas.items.map(({plane}) => plane)")
    page.click("[data-act=atlas-saved]")
    page.wait_for_function(f"atelier.atlas.items.some(({{id, picture}}) => id === '{saved['id']}' && picture)")
    lay_map(page)
    assert page.evaluate("atelier.atlas.items.filter(({id}) => !id).map(({plane}) => plane)") == places
    page.locator(GROUND).focus()
    page.evaluate("() => { const {ground, items} = atelier.atlas; ground.middle = {...items.find(({id}) => !id).now}; }")
    for _ in range(9):
        page.keyboard.press("+")
    page.wait_for_function("atelier.atlas.items.some(({id, sharp}) => !id && sharp?.width === 128)")
    page.keyboard.press("Home")
    after_rest(page, lambda: page.keyboard.press("Enter"))
    page.click("[data-act=atlas-wall]")
    lay_map(page)
    assert page.evaluate("new Set(atelier.atlas.items.map(({now}) => `${now.x} ${now.y}`)).size") == len(places) + 1
    page.click(".panel .atlas summary")
    item = page.locator(".panel .atlas-list button").filter(has_text="90210")
    expect(item).to_have_count(1)
    after_rest(page, item.click)
    assert recipe(page)["seed"] == 90210
    assert page.evaluate("atelier.state.parents") == [saved["id"]]


def test_the_gallery_as_a_map_on_a_telephone_in_chinese(page: Page) -> None:
    page.evaluate("atelier.api.call('save', [{generator: 'digits-cgan', seed: 6}, []])")
    page.set_viewport_size({"width": 390, "height": 844})
    page.evaluate("atelier.words.use('zh')")
    page.evaluate("atelier.openTab('gallery')")
    page.click(".album-bar [data-act=map]")
    page.wait_for_function("atelier.gallery.atlas.ground.isLaid && atelier.gallery.atlas.items.length > 0")
    expect(page.locator(".island-gallery .atlas h2")).to_have_text("地图")
    expect(page.locator(".album")).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.add_script_tag(path=Path(AXE))
    found = [fault for fault in page.evaluate(SCAN, []) if fault["impact"] in IN_EARNEST]
    assert [fault for fault in found if "atlas" in fault["html"]] == []
    page.click(".album-bar [data-act=map]")
    expect(page.locator(".album")).to_be_visible()
    page.evaluate("atelier.words.use('en')")
