"""The named endpoints of collections."""

# As in api.py, annotations stay real types: no `from __future__ import annotations`.
from dataclasses import asdict
from typing import Annotated, Any

import gradio as gr
from pydantic import Field

from studio.gallery import Gallery
from studio.gallery_collections import MAX_COLLECTED, MAX_NAME, Collection
from studio.settings import Settings
from studio.ui.answers import Collected, endpoint
from studio.visitors import visitor_of

Id = Annotated[str, Field(min_length=1, max_length=64)]
Ids = Annotated[list[Id], Field(max_length=MAX_COLLECTED)]
Name = Annotated[str, Field(max_length=MAX_NAME)]
NOTHING: Any = ()


class CollectionEndpoints:
    """Saved pictures under a name, in an order; a picture may be in several."""

    NAMES = (
        "collections",
        "keep_collection",
        "rename_collection",
        "collect",
        "arrange_collection",
        "remove_collection",
        "undo_remove_collection",
    )

    def __init__(self, gallery: Gallery, settings: Settings) -> None:
        self._collections = gallery.collections
        self._settings = settings

    @endpoint
    def collections(self, request: gr.Request) -> list[Collected]:
        """List your collections, the oldest first.

        Returns:
            Objects with an id, the name and the ids of the pictures, in their order.
        """
        return [_told(one) for one in self._collections.of(self._visitor(request))]

    @endpoint
    def keep_collection(self, name: Name, request: gr.Request, ids: Ids = NOTHING) -> Collected:
        """Begin a collection.

        Args:
            name: What you call it.
            ids: The pictures, in their order.
        Returns:
            The collection.
        """
        return _told(self._collections.keep(name, ids, self._visitor(request)))

    @endpoint
    def rename_collection(self, id: Id, name: Name, request: gr.Request) -> Collected:
        """Call a collection something else.

        Args:
            id: As `collections` lists it.
            name: What you call it.
        Returns:
            The collection.
        """
        return _told(self._collections.rename(id, name, self._visitor(request)))

    @endpoint
    def collect(self, id: Id, ids: Ids, request: gr.Request, out: bool = False) -> Collected:
        """Put pictures at the end of a collection, or take them out.

        Args:
            id: As `collections` lists it.
            ids: The pictures.
            out: Take them out.
        Returns:
            The collection.
        """
        return _told(self._collections.collect(id, ids, self._visitor(request), out=out))

    @endpoint
    def arrange_collection(self, id: Id, ids: Ids, request: gr.Request) -> Collected:
        """Say what a collection holds, in this order, and nothing else.

        Args:
            id: As `collections` lists it.
            ids: The pictures.
        Returns:
            The collection.
        """
        return _told(self._collections.arrange(id, ids, self._visitor(request)))

    @endpoint
    def remove_collection(self, id: Id, request: gr.Request) -> bool:
        """Take a collection away; its pictures stay in the gallery. `undo_remove_collection` brings it back.

        Args:
            id: As `collections` lists it.
        Returns:
            True.
        """
        self._collections.remove(id, self._visitor(request))
        return True

    @endpoint
    def undo_remove_collection(self, id: Id, request: gr.Request) -> Collected:
        """Bring a removed collection back, as it was.

        Args:
            id: The collection.
        Returns:
            The collection.
        """
        return _told(self._collections.restore(id, self._visitor(request)))

    def _visitor(self, request: gr.Request) -> str:
        return visitor_of(request, self._settings)


def _told(one: Collection) -> Collected:
    return Collected(**{**asdict(one), "pictures": list(one.pictures)})
