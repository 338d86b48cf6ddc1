"""The named endpoint of films."""

# As in api.py, annotations stay real types: no `from __future__ import annotations`.
from pathlib import Path
from typing import Annotated, Any

import gradio as gr
from gradio import FileData
from pydantic import Field

from studio.engine import Engine
from studio.film import film_from_dict, film_from_json, film_to_json
from studio.film_routes import told_of_sound
from studio.filming import ENDINGS, FilmFormat
from studio.films import keep_film, poster_of
from studio.gallery import Gallery
from studio.settings import Settings
from studio.sounds import MAX_SOUND
from studio.ui.answers import AnyRecipe, GalleryEntry, ended, endpoint, file_at, listed, new_file, uploaded
from studio.visitors import visitor_of


class FilmEndpoints:
    """Recipes at moments in, a film out."""

    NAMES = ("film", "save_film", "open_film", "bring_sound")

    def __init__(self, engine: Engine, gallery: Gallery, settings: Settings) -> None:
        self._engine = engine
        self._gallery = gallery
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
        path = self._made(film, visitor_of(request, self._settings), format, side, sharp)
        poster_of(path).unlink(missing_ok=True)
        return file_at(path)

    @endpoint
    def save_film(
        self, film: AnyRecipe, request: gr.Request, format: FilmFormat = "mp4", side: int = 512, sharp: bool = False
    ) -> GalleryEntry:
        """Make a film, and keep it in the gallery beside the pictures.

        Args:
            film: As `film` takes it.
            format: The kind of file.
            side: Pixels a side at least: 0 (as drawn), 256, 512, 1024 or 2048.
            sharp: Enlarge each frame by the upscaler, which takes its time.
        Returns:
            The new entry: the film's first picture.
        """
        visitor = visitor_of(request, self._settings)
        return listed(keep_film(self._gallery, self._made(film, visitor, format, side, sharp), format, visitor))

    def _made(self, film: AnyRecipe, visitor: str, format: FilmFormat, side: int, sharp: bool) -> Path:
        """Where the film then lies."""
        wanted: Any = film_from_json(film) if isinstance(film, str) else film_from_dict(film)
        target = new_file(f"{wanted.generator}-film.{ENDINGS[format]}")
        ended(self._engine.darkroom.works, self._engine.films.shoot(wanted, format, side, target, visitor, sharp=sharp))
        return target

    @endpoint
    def open_film(self, id: Annotated[str, Field(min_length=1, max_length=64)], request: gr.Request) -> str:
        """Find what a film in the gallery is made of.

        Args:
            id: The saved film.
        Returns:
            The film as JSON text, which `film` takes: as an object, its path would be mistaken for a file's.
        """
        visitor = visitor_of(request, self._settings)
        return film_to_json(self._engine.films.opened(self._gallery.film(id, visitor), visitor))

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
