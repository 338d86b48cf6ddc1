"""The exhibition: a screen that passers-by touch, a wall of what they keep, and the curator's page behind a PIN."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI

from studio.engine import Engine
from studio.gallery import Gallery
from studio.kiosk.curator import CuratorRoutes
from studio.kiosk.floor import FOLDER, Floor
from studio.kiosk.guard import Guard
from studio.kiosk.pin import Door, Pin
from studio.kiosk.routes import KioskRoutes
from studio.settings import Settings


def add_kiosk(web: FastAPI, engine: Engine, gallery: Gallery, settings: Settings, static: Path) -> None:
    """The kiosk's pages on `web`, and a guard before all others."""

    def report(line: str) -> None:
        print(line, flush=True)

    door = Door(Pin(settings.folder / FOLDER / "pin.json", settings.pin, report))
    floor = Floor(engine, gallery, settings, static, report)
    KioskRoutes(floor, static / FOLDER).add(web)
    CuratorRoutes(floor, door, static / FOLDER).add(web)
    web.add_middleware(Guard, door=door)
