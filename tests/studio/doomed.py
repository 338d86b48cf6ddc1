"""Processes that write without end until somebody kills them; each says when it has begun."""

from __future__ import annotations

import hashlib
import io
import itertools
from collections.abc import Callable
from datetime import timedelta
from multiprocessing.synchronize import Event
from pathlib import Path

import numpy as np
from PIL import Image

from models.checkpoint import Card, save
from models.registry import GENERATORS
from models.training.batches import batches
from models.training.datasets import PictureSet
from models.training.loop import step
from models.training.presets import Preset
from models.training.run import Run, note, open_run, save_state
from studio.engine import Engine
from studio.film import Film, Key, film_to_dict
from studio.films import keep_film
from studio.gallery import Gallery
from studio.recipe import Recipe
from studio.takes import FOLDER, Take

ME = "ann"
PRESET = Preset("vae", "tiny", {"width": 4, "z_dim": 3}, images=8000, batch=8, rate=1e-3)
CARD = Card("killed", "vae", {"en": "Killed"}, {"size": 8, "z_dim": 2, "width": 4}, "crisp", "none", "none")
FORMATS = ("mp4", "webp", "png")


def picture(seed: int) -> bytes:
    """A PNG of 48 kB that tells of itself whether all of it is there."""
    pixels = np.random.default_rng(seed).integers(0, 256, (128, 128, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", compress_level=0)
    return file.getvalue()


def sealed(seed: int) -> bytes:
    """300 kB that end in the hash of the rest, in the place of a film."""
    body = np.random.default_rng(seed).bytes(300_000)
    return body + hashlib.sha256(body).digest()


def is_sealed(data: bytes) -> bool:
    return hashlib.sha256(data[:-32]).digest() == data[-32:]


def noise() -> PictureSet:
    draw = np.random.default_rng(0)
    held_out, none = np.arange(40) >= 32, np.zeros(40, int)
    return PictureSet(draw.integers(0, 256, (40, 8, 8, 1), np.uint8), held_out, none, none, ("a",), ("x",), "noise", "none")


def film() -> Film:
    recipes = (Recipe("tiny-style", seed=1), Recipe("tiny-style", seed=2))
    return Film((Key(recipes[0], 0.0), Key(recipes[1], 0.5)), seconds=1.0, rate=24)


def save_pictures(folder: Path, begun: Event) -> None:
    """Pictures and films into a gallery, some removed and some purged on the way."""
    film = folder / "film"
    film.write_bytes(sealed(0))
    with Gallery(folder / "gallery") as gallery:
        begun.set()
        for seed in itertools.count():
            one = gallery.save(picture(seed % 50), Recipe("tiny-style", seed=seed), visitor=ME)
            gallery.thumb(one.id, ME)
            other = gallery.save_film(film, picture(seed % 50), Recipe("tiny-style"), format="mp4", visitor=ME, parents=[one.id])
            gallery.note(other.id, ME, "kept")
            gallery.remove([one.id] if seed % 3 else [other.id], ME)
            if seed % 5 == 4:
                gallery.purge(timedelta(0))


def export_films(checkpoints: Path, folder: Path, begun: Event) -> None:
    """Films of a second, each kept in the gallery once it is whole."""
    with Gallery(folder / "gallery") as gallery, Engine(checkpoints, folder=folder, device="cpu", report=lambda line: None) as engine:
        begun.set()
        for number in itertools.count():
            format = FORMATS[number % len(FORMATS)]
            asked = {"film": film_to_dict(film()), "format": format}
            take = Take(folder / FOLDER / f"{number:04}", ME, asked)
            work = engine.films.shoot(film(), format, 0, folder / f"{number:04}.film", ME, take=take)
            keep_film(gallery, work.future.result(60), format, ME)


def train(folder: Path, begun: Event) -> None:
    """A training that keeps its state and a checkpoint after every step."""
    run = open_run(folder / "run", PRESET, noise())
    begun.set()
    for _, batch in zip(itertools.count(), batches(run), strict=False):
        note(run, step(run, batch))
        save_state(run)
        publish(folder, run)


def publish(folder: Path, run: Run) -> None:
    network = GENERATORS.get("vae").build(CARD.config)
    preview = Image.new("RGB", (64, 64), (run.seen % 256, 0, 0))
    save(folder / "checkpoints" / "killed", network, CARD, preview=preview)


Doomed = Callable[..., None]
