"""What saved pictures look like: seen once each, behind everybody's back, so that what is alike and what is there twice can be found."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from itertools import groupby

import numpy as np
import torch
from PIL import Image

from models.checkpoint import load_card
from models.encoder import FOLDER, Encoder, seen
from studio.device import stand_back
from studio.errors import Fault
from studio.gallery import Gallery
from studio.gallery_entry import Entry

SAME = 0.01  # distance below which two pictures look the same; measured: strangers of one generator lie 0.03 and more apart
MOST = 20_000  # a visitor's newest pictures that are compared
NEAREST = 500  # pictures that are found
LARGE = 1 << 20  # pixels of a picture that is looked at by its thumbnail
_UNSEEN = "removed IS NULL AND id NOT IN (SELECT id FROM looks WHERE encoder = ?)"
LOG = logging.getLogger("studio.likeness")


class Likeness:
    """Looks at a gallery's pictures on a thread of its own, which begins when it is woken and ends when all are seen.

    What it saw is kept in the gallery's index under the encoder's name: another encoder looks again.
    eyes: the distilled encoder, asked for when first needed. stand_aside: called before each picture, to let everybody else go first.
    """

    def __init__(self, gallery: Gallery, eyes: Callable[[], Encoder], stand_aside: Callable[[], None] = lambda: None) -> None:
        self._gallery, self._eyes, self._stand_aside = gallery, eyes, stand_aside
        card = load_card(FOLDER)
        self._name, self._width = card.weights_sha256[:12], sum(card.config["widths"])
        self._lock = threading.Lock()
        self._due, self._running = False, False

    def wake(self) -> None:
        """There may be pictures that were not seen yet. Returns at once."""
        with self._lock:
            self._due = True
            if not self._running:
                self._running = True
                threading.Thread(target=self._work, name="likeness", daemon=True).start()

    def unseen(self, visitor: str) -> int:
        """How many of a visitor's pictures were not seen yet."""
        with self._gallery.index.reading() as db:
            return db.execute(f"SELECT count(*) FROM pictures WHERE visitor = ? AND {_UNSEEN}", (visitor, self._name)).fetchone()[0]

    def like(self, id: str, visitor: str) -> list[str]:
        """A visitor's pictures, the likest first and this one before them; Fault where there is no such picture."""
        entry = self._gallery.get(id, visitor)
        ids, _, vectors = self._seen(visitor)
        wanted = vectors[ids.index(id)] if id in ids else self._look(entry)
        if wanted is None:
            return [id]
        order = np.linalg.norm(vectors - wanted, axis=1).argsort(kind="stable")
        return list(dict.fromkeys([id, *(ids[i] for i in order[:NEAREST])]))

    def vectors(self, entries: Sequence[Entry], visitor: str) -> dict[str, np.ndarray]:
        """How pictures of a visitor look, (480,) each, by id; without those whose files can't be read. What was not seen yet is now."""
        ids, _, held = self._seen(visitor)
        known: dict[str, np.ndarray | None] = dict(zip(ids, held, strict=True))
        found = {entry.id: known[entry.id] if entry.id in known else self._look(entry) for entry in entries}
        return {id: vector for id, vector in found.items() if vector is not None}

    def _work(self) -> None:
        stand_back()
        torch.set_num_threads(1)  # a small network gains nothing from more, and those would be others'
        while True:
            with self._lock:
                if not self._due:
                    self._running = False
                    return
                self._due = False
            try:
                self._see_all()
            except Exception:  # the gallery may be closed by now; who wakes it next begins anew
                LOG.debug("Looking at the gallery ended early", exc_info=True)

    def _see_all(self) -> None:
        for visitor, rows in groupby(self._unseen(), key=lambda row: row[1]):
            wanted = [id for id, _ in rows]
            _, looks, held = self._seen(visitor)
            vectors = np.concatenate([held, np.empty((len(wanted), self._width), np.float32)])
            for id in wanted:
                self._stand_aside()
                try:
                    vector = self._look(self._gallery.get(id, visitor))
                except Fault:  # removed meanwhile
                    continue
                if vector is None:
                    self._note(id, id, b"")
                    continue
                far = np.linalg.norm(vectors[: len(looks)] - vector, axis=1)
                look = looks[int(far.argmin())] if len(far) and far.min() < SAME else id
                self._note(id, look, vector.astype(np.float16).tobytes())
                vectors[len(looks)] = vector
                looks.append(look)

    def _note(self, id: str, look: str, vector: bytes) -> None:
        with self._gallery.index.writing() as db:
            known = "WHERE EXISTS (SELECT 1 FROM pictures WHERE id = ?)"  # it may have gone for good while it was looked at
            db.execute(f"INSERT OR REPLACE INTO looks SELECT ?, ?, ?, ? {known}", (id, self._name, look, vector, id))

    def _unseen(self) -> list[tuple[str, str]]:
        """Ids and visitors, a visitor after another, oldest first."""
        with self._gallery.index.reading() as db:
            rows = db.execute(f"SELECT id, visitor FROM pictures WHERE {_UNSEEN} ORDER BY visitor, number", (self._name,))
            return [(id, visitor) for id, visitor in rows]

    def _seen(self, visitor: str) -> tuple[list[str], list[str], np.ndarray]:
        """Ids, what they look the same as, and vectors (n, 480) of a visitor's pictures that were seen, newest first."""
        with self._gallery.index.reading() as db:
            rows = db.execute(
                "SELECT id, look, vector FROM looks JOIN pictures USING (id) WHERE visitor = ? AND removed IS NULL AND encoder = ?"
                " AND vector <> x'' ORDER BY number DESC LIMIT ?",
                (visitor, self._name, MOST),
            ).fetchall()
        vectors = np.frombuffer(b"".join(vector for _, _, vector in rows), np.float16).reshape(len(rows), self._width)
        return [id for id, _, _ in rows], [look for _, look, _ in rows], vectors.astype(np.float32)

    def _look(self, entry: Entry) -> np.ndarray | None:
        """A picture's vector; None where its file can't be read."""
        small = entry.width * entry.height <= LARGE
        try:
            with Image.open((self._gallery.png if small else self._gallery.thumb)(entry.id, entry.visitor)) as image:
                pixels = np.asarray(image.convert("RGB"))
        except (Fault, OSError, Image.DecompressionBombError):
            return None
        return looked_at(self._eyes(), pixels)


@torch.inference_mode()
def looked_at(encoder: Encoder, pixels: np.ndarray) -> np.ndarray:
    """How a picture (h, w, 3) uint8 looks, (480,) float32: the mean of each feature, each level of length one half.

    Distances of such vectors run from 0 (the same) to about 1.4; levels count alike, as in `encoder.distance`.
    """
    x = torch.tensor(pixels).permute(2, 0, 1)[None].float() / 127.5 - 1
    levels = encoder.vector(seen(x))[0].split(list(encoder.widths))
    return torch.cat([level / (2 * level.norm().clamp_min(1e-8)) for level in levels]).numpy()
