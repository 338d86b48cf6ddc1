"""Look at the pages: `python -m studio.look` photographs every tab, light and dark, the hosted page and the kiosk, into look/."""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page

from studio.bench.browser import NoBrowserError, open_browser
from studio.bench.server import NotServedError, free_port, serving
from studio.kiosk.exhibition import LEAST_IDLE
from studio.ui.page import TABS

Theme = Literal["light", "dark"]
SIZES = ((1440, 900), (820, 1180), (390, 844))
KIOSK_SIZES = ((1080, 1920), (3840, 2160), (1024, 768))
PICTURES = 5  # in the gallery while it is photographed
SOON, SLOWLY = 400, 2500  # ms until thumbnails have come, until a film or a wall has
THEMES: tuple[Theme, ...] = ("light", "dark")


@contextmanager
def open_themed(browser: Browser, url: str, width: int, height: int, theme: Theme) -> Iterator[Page]:
    """The studio's page in one theme, its first picture painted; a first visit each time."""
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=theme)
    try:
        page = context.new_page()
        page.add_init_script("document.addEventListener('atelier:painted', () => { document.documentElement.dataset.painted = ''; })")
        page.goto(url)
        page.locator(f"html[data-theme={theme}][data-painted]").wait_for(state="attached")
        yield page
    finally:
        context.close()


def open_tab(page: Page, tab: str) -> None:
    """Go to a tab as a visitor does and wait until what it shows has come: a picture, or a heading where there is none."""
    page.locator(f"button[role=tab]#{tab}-button").click()
    page.locator(f"[data-island={tab}] :is(canvas, img, h2, h3, .bench, .film):visible").first.wait_for()


def hang_pictures(page: Page, count: int) -> None:
    """Roll the dice and save, so that the gallery has something to show."""
    for _ in range(count):
        page.locator("[data-act=dice]").first.click()
        page.locator("[data-act=save]").first.click()
        page.wait_for_timeout(500)  # a hand is no quicker
    page.locator(".notice-close").click()


def lay_map(page: Page) -> None:
    """Wait until all pictures of the map are drawn and lie at their places."""
    page.wait_for_function(
        "window.atelier.atlas.ground.isLaid && !window.atelier.atlas.ground.glide.runs && atelier.live.sheets.size === 0"
    )


def shoot(page: Page, path: Path, wait: float) -> Path:
    """A screenshot after so many ms, in which pictures come and what moves comes to rest."""
    page.wait_for_timeout(wait)
    page.screenshot(path=path)
    return path


def photograph(browser: Browser, url: str, folder: Path) -> list[Path]:
    """One numbered PNG a width, theme and tab: look/01-create-1440-light.png and so on."""
    made: list[Path] = []
    for width, height in SIZES:
        for theme in THEMES:
            with open_themed(browser, url, width, height, theme) as page:
                if not made:
                    hang_pictures(page, PICTURES)
                for tab in TABS:
                    open_tab(page, tab)
                    made.append(shoot(page, folder / f"{len(made) + 1:02}-{tab}-{width}-{theme}.png", SOON))
    return made


def photograph_hosted(browser: Browser, url: str, folder: Path) -> list[Path]:
    """What a visitor of a Space sees, on a desk and on a phone: Create, the map of it, and a gallery of their own."""
    made: list[Path] = []
    for (width, height), theme in zip((SIZES[0], SIZES[-1]), THEMES, strict=True):
        with open_themed(browser, url, width, height, theme) as page:
            size = f"{width}-{theme}.png"
            made.append(shoot(page, folder / f"hosted-create-{size}", SLOWLY))
            page.locator("[data-act=atlas]").click()
            lay_map(page)
            made.append(shoot(page, folder / f"hosted-map-{size}", SOON))
            page.keyboard.press("Escape")
            hang_pictures(page, PICTURES)
            open_tab(page, "gallery")
            made.append(shoot(page, folder / f"hosted-gallery-{size}", SOON))
    return made


def photograph_kiosk(browser: Browser, url: str, pin: str, folder: Path) -> list[Path]:
    """At three sizes of screens: the film, a visit, a picture to take home, the countdown, the wall and the curator's page."""
    made: list[Path] = []
    for width, height in KIOSK_SIZES:
        size = f"{width}x{height}.png"
        context = browser.new_context(viewport={"width": width, "height": height}, has_touch=True)
        page = context.new_page()
        page.route("**/kiosk.json", lambda route: route.fulfill(json={**route.fetch().json(), "idle": LEAST_IDLE}))
        page.goto(url)
        place = page.locator(".place").last
        place.wait_for()
        made.append(shoot(page, folder / f"kiosk-film-{size}", SLOWLY))
        place.locator("canvas").tap()
        for _ in range(PICTURES):
            place.locator("[data-act=another]").tap()
            page.wait_for_timeout(500)  # a hand is no quicker
            place.locator("[data-act=keep]").tap()
        made.append(shoot(page, folder / f"kiosk-visit-{size}", SLOWLY))
        if place.locator("[data-act=home]").is_visible():  # the machine has a network
            place.locator("[data-act=home]").tap()
            made.append(shoot(page, folder / f"kiosk-home-{size}", SLOWLY))
        place.locator(".leaving").wait_for()  # nobody touches it any more
        made.append(shoot(page, folder / f"kiosk-leaving-{size}", 0))
        page.unroute_all(behavior="ignoreErrors")
        page.goto(f"{url}wall")
        made.append(shoot(page, folder / f"kiosk-wall-{size}", SLOWLY))
        page.goto(f"{url}curator")
        for digit in pin:
            page.locator(f"[data-digit='{digit}']").tap()
        made.append(shoot(page, folder / f"kiosk-gate-{size}", SLOWLY))
        page.locator("[data-act=enter]").tap()
        made.append(shoot(page, folder / f"kiosk-curator-{size}", SLOWLY))
        context.close()
    return made


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m studio.look", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("look"), help="default: %(default)s")
    parser.add_argument("--checkpoints", type=Path, default=Path("checkpoints"), help="default: %(default)s")
    options = parser.parse_args(argv)
    options.out.mkdir(parents=True, exist_ok=True)
    port = free_port()
    try:
        with tempfile.TemporaryDirectory() as folder, open_browser() as browser:
            flags = ["--port", str(port), "--folder", folder, "--checkpoints", str(options.checkpoints.resolve())]
            with serving(["app.py", *flags], port, Path(folder) / "log") as server:
                made = photograph(browser, server.url, options.out)
            with serving(["app.py", "--profile", "spaces", *flags], port, Path(folder) / "hosted.log") as server:
                made += photograph_hosted(browser, server.url, options.out)
            log = Path(folder) / "kiosk.log"
            with serving(["app.py", "--profile", "kiosk", "--host", "0.0.0.0", *flags], port, log) as server:
                pin = re.findall(r"PIN is (\d+)", log.read_text("utf-8"))[0]
                made += photograph_kiosk(browser, server.url, pin, options.out)
    except (NoBrowserError, NotServedError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{len(made)} pictures in {options.out}/")
    return 0


if __name__ == "__main__":
    sys.exit(main())
