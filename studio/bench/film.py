"""A film in a loop: pictures a second while it plays in the page, seconds to write it, its seam, and how even its pace is."""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from models.encoder import load_encoder
from studio.bench.browser import open_browser
from studio.bench.drag import RECORDER, Rate, rate_of
from studio.bench.server import free_port, serving
from studio.engine import Engine
from studio.film import Film, Key, film_to_dict
from studio.films import Films
from studio.recipe import Recipe
from studio.reel import Reel, steps

PLAY = """([film, seconds]) => new Promise(async (done) => {
  localStorage.setItem('atelier.film', JSON.stringify(film));
  atelier.openTab('film');
  while (!atelier.film) await new Promise(requestAnimationFrame);
  while (!document.querySelector('[data-role=seam]').textContent) await new Promise(requestAnimationFrame);
  document.querySelector('[data-act=film-play]').click();
  setTimeout(benchReset, 500); // its first frames must not be measured
  setTimeout(() => done(benchRecord.frames), 500 + 1000 * seconds);
})"""
PLAYED = 4  # seconds


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--generator", default="portraits", help="default: %(default)s")
    parser.add_argument("--keys", type=int, default=6, help="default: %(default)s")
    parser.add_argument("--seconds", type=float, default=10.0, help="default: %(default)s")


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """The film of seeds 0, 1, 2 … at even moments, plain and with its pace evened."""
    moments = np.linspace(0, options.seconds, options.keys, endpoint=False)
    keys = tuple(Key(Recipe(options.generator, seed=seed), float(at)) for seed, at in enumerate(moments))
    film = Film(keys, seconds=options.seconds)
    figures: dict[str, Any] = {"generator": options.generator, "keys": options.keys, "frames": film.frames}
    with tempfile.TemporaryDirectory() as folder:
        with Engine(options.checkpoints, folder=Path(folder), report=lambda line: None) as engine:
            films = Films(engine)
            begun = time.monotonic()
            written = films.shoot(film, "mp4", 512, Path(folder) / "film", "bench").future.result()
            figures |= {"write_seconds": round(time.monotonic() - begun, 2), "megabytes": round(written.stat().st_size / 2**20, 2)}
            for name, one in (("plain", film), ("even", replace(film, even=True))):
                figures |= {f"{name}_{what}": value for what, value in pace(engine, films.reel(one, "bench")).items()}
        port = free_port()
        command = ["app.py", "--port", str(port), "--folder", f"{folder}/studio", "--checkpoints", str(options.checkpoints.resolve())]
        with serving(command, port, Path(folder) / "log") as server:
            figures["played_fps"] = round(played(server.url, film, PLAYED).fps, 1)
    return figures


def pace(engine: Engine, reel: Reel) -> dict[str, float]:
    """Spread of the steps as they look, by their mean; and the last one, from the last frame to the first, by its neighbours."""
    drawn = [engine.draw(reel.frame(number)).pixels for number in range(reel.film.frames)]
    walked = steps(drawn, load_encoder(), loop=True)
    beside = (walked[-2] + walked[0]) / 2
    return {"spread": round(float(walked.std() / walked.mean()), 4), "seam": round(float(walked[-1] / max(beside, 1e-9)), 4)}


def played(url: str, film: Film, seconds: float) -> Rate:
    """Frames a second that a studio's page shows of it while it plays."""
    with open_browser() as browser:
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.add_init_script(path=RECORDER)
        page.goto(url)
        page.wait_for_function("window.atelier?.live.settled")
        frames = page.evaluate(PLAY, [film_to_dict(film), seconds])
    return rate_of(frames, frames[0], frames[-1])


def table(figures: Mapping[str, Any]) -> str:
    """The figures side by side."""
    return "\n".join(
        [
            f"{figures['generator']}, {figures['keys']} pictures, {figures['frames']} frames",
            f"{'played in the page':36}{figures['played_fps']:>9} a second",
            f"{'written as MP4, 512 px':36}{figures['write_seconds']:>9} s, {figures['megabytes']} MB",
            f"{'spread of steps, as keys stand':36}{figures['plain_spread']:>9}, the seam {figures['plain_seam']} of its neighbours",
            f"{'spread of steps, pace evened':36}{figures['even_spread']:>9}, the seam {figures['even_seam']} of its neighbours",
        ]
    )
