"""The named endpoint of films."""

# As in api.py, annotations stay real types: no `from __future__ import annotations`.
from typing import Any

import gradio as gr
from gradio import FileData

from studio.engine import Engine
from studio.film import film_from_dict, film_from_json
from studio.film_routes import told_of_sound
from studio.filming import ENDINGS, FilmFormat
from studio.films import Films
from studio.settings import Settings
from studio.sounds import MAX_SOUND
from studio.ui.answers import AnyRecipe, endpoint, new_file, uploaded, written
from studio.visitors import visitor_of


class FilmEndpoints:
    """Recipes at moments in, a film out."""

    NAMES = ("film", "bring_sound")

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self._engine = engine
        self._films = Films(engine)
        self._settings = settings

    @endpoint
    def film(self, film: AnyRecipe, request: gr.Request, format: FilmFormat = "mp4", side: int = 512, sharp: bool = False) -> FileData:
        """Make a film of pictures at moments and all that lies between them. The file carries the film inside.

        Args:
            film: An object, or the same as JSON text: {"keys": [{"at": 0, "recipe": {"generator": "portraits", "seed": 7}},
                {"at": 2, "recipe": {"generator": "portraits", "seed": 8}, "ease": "soft"}], "seconds": 4, "loop": true, "path": "slerp"}.
                Besides: "music": {"sound": id, "start": 0}, as `bring_sound` gives it; "drift": true; "tracks":
                [{"parameter": "truncation", "points": [{"at": 0, "value": 0.7}], "follow": {"source": "beats", "amount": 0.3}}].
            format: The kind of file; png is a ZIP of PNGs, each with its recipe.
            side: Pixels a side at least: 0 (as drawn), 256, 512, 1024 or 2048.
            sharp: Enlarge each frame by the upscaler, which takes its time.
        Returns:
            The film.
        """
        wanted: Any = film_from_json(film) if isinstance(film, str) else film_from_dict(film)
        target = new_file(f"{wanted.generator}-film.{ENDINGS[format]}")
        work = self._films.shoot(wanted, format, side, target, visitor_of(request, self._settings), sharp=sharp)
        return written(self._engine.darkroom.works, work, target)

    @endpoint
    def bring_sound(self, sound: FileData, request: gr.Request) -> dict[str, Any]:
        """Bring the music of a film: {"keys": …, "music": {"sound": id, "start": 0}}.

        Args:
            sound: WAV, MP3, M4A, FLAC, OGG, WebM, AIFF or AAC, at most ten minutes.
        Returns:
            Its id and what is heard in it: seconds, tempo (beats a minute), beats and onsets (seconds), curves.
        """
        id, heard = self._engine.sounds.put(uploaded(sound, MAX_SOUND), visitor_of(request, self._settings))
        return told_of_sound(id, heard)
