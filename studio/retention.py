"""How long a hosted studio keeps what strangers leave: pictures for some days after the last visit, uploads until their job is done.

docs/hosting.md tells the same in a table.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from studio.edits import FOLDER as WORKS
from studio.engine import Engine
from studio.errors import Fault
from studio.gallery import KEEP_REMOVED, Gallery
from studio.gallery_files import drop_old
from studio.settings import CACHE, Settings

EVERY = 600.0  # seconds between two sweeps
UPLOADS = 3600.0  # seconds that a picture or a sound from outside stays after it was last used
RESULTS = 24 * 3600.0  # seconds that what a work made waits to be fetched
HANDED_OUT = 3600.0  # seconds that a file which an endpoint answered with can be fetched
NOTED = timedelta(hours=1)  # a visit is noted no more often
REMEMBERED = 10_000  # visitors of whom is known when that was
LOG = logging.getLogger("studio.retention")


def now() -> datetime:
    return datetime.now(UTC)


class Retention:
    """Notes who was there, and sweeps; on a hosted profile alone. clock: what time it is."""

    def __init__(self, engine: Engine, gallery: Gallery, settings: Settings, clock: Callable[[], datetime] = now) -> None:
        self._engine, self._gallery, self._settings, self._clock = engine, gallery, settings, clock
        self._noted: OrderedDict[str, datetime] = OrderedDict()

    async def seen(self, visitor: str) -> None:
        """Note that a visitor was there, once in a while."""
        moment = self._clock()
        if (noted := self._noted.get(visitor)) and moment - noted < NOTED:
            return
        self._noted[visitor] = moment
        self._noted.move_to_end(visitor)
        if len(self._noted) > REMEMBERED:
            self._noted.popitem(last=False)
        with suppress(Fault):  # a disk that is full is said where somebody saves
            await asyncio.to_thread(self._gallery.see, visitor, moment)

    def sweep(self) -> None:
        """Delete what has had its time. Whose works wait or are under way, keeps what they brought."""
        busy, folder = self._engine.darkroom.works.busy(), self._settings.folder
        if self._settings.keep_days:
            for visitor in self._gallery.visitors(self._clock() - timedelta(days=self._settings.keep_days)):
                self._gallery.forget(visitor)
                self._engine.directions.forget(visitor)
        self._gallery.purge(KEEP_REMOVED)
        self._engine.darkroom.tray.sweep(UPLOADS, self._gallery.visitors(), busy)
        self._engine.sounds.sweep(UPLOADS, busy)
        drop_old(folder / WORKS, RESULTS)
        drop_old(folder / CACHE, HANDED_OUT)

    @asynccontextmanager
    async def lifespan(self, _: Any) -> AsyncIterator[None]:
        """Sweep as long as the application runs."""
        task = asyncio.create_task(self._keep_sweeping()) if self._settings.hosted else None
        try:
            yield
        finally:
            if task:
                task.cancel()

    async def _keep_sweeping(self) -> None:
        while True:
            try:
                await asyncio.to_thread(self.sweep)
            except (Fault, OSError):  # the next may go better
                LOG.exception("A sweep failed")
            await asyncio.sleep(EVERY)
