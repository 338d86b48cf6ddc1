"""How an endpoint answers: typed shapes, files, and faults that every kind of caller can read."""

import inspect
import json
import logging
import secrets
from collections.abc import Callable
from concurrent.futures import CancelledError
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypedDict, TypeVar

import gradio as gr
from gradio import FileData
from gradio.processing_utils import save_bytes_to_cache
from gradio.utils import get_upload_folder
from pydantic import ConfigDict, ValidationError, validate_call

from studio.errors import Fault
from studio.gallery_entry import Entry
from studio.gallery_index import as_faults
from studio.recipe import Recipe, from_dict, to_dict
from studio.recipe_text import Note, from_json
from studio.words import say
from studio.works import Work, Works

AnyRecipe = dict[str, Any] | str
LOG = logging.getLogger("studio.api")
P = ParamSpec("P")
R = TypeVar("R")


class GalleryEntry(TypedDict):
    """A saved picture; its PNG is at gallery/ID.png and its thumbnail at gallery/ID/thumb.webp.

    Where it is the first picture of a film, `film` is that film's format, and the film is at gallery/ID/film.
    """

    id: str
    created: str
    generator: str
    recipe: dict[str, Any]
    favourite: bool
    labels: list[str]
    note: str
    film: str
    parents: list[str]
    double: bool
    width: int
    height: int
    bytes: int


class GalleryPage(TypedDict):
    """Some of the pictures that match, how many match in all, what can be filtered by, and how many were not looked at yet."""

    entries: list[GalleryEntry]
    total: int
    labels: list[str]
    generators: list[str]
    doubles: int
    unseen: int


class Collected(TypedDict):
    """A collection: the ids of its pictures, in their order."""

    id: str
    name: str
    pictures: list[str]


class LeftFile(TypedDict):
    """A file that did not come in: why, as a code with parameters and as an English sentence."""

    name: str
    fault: dict[str, Any]


class ImportSummary(TypedDict):
    """What became of files that were brought."""

    pictures: list[str]
    known: list[str]
    left: list[LeftFile]
    others: int


class Relative(TypedDict):
    """Its entry where it is a saved picture, and the recipe."""

    entry: GalleryEntry | None
    recipe: dict[str, Any]


class Lineage(TypedDict):
    """What a picture came from, generation by generation, its parents first, and what came from it."""

    ancestors: list[list[Relative]]
    children: list[GalleryEntry]


class OpenedRecipe(TypedDict):
    """A recipe with its short link form and with notes where this studio differs from the one that drew it."""

    recipe: dict[str, Any]
    link: str
    notes: list[dict[str, Any]]


class Brought(TypedDict):
    """A picture from outside: recipes name it as their source, or beside a step."""

    id: str
    width: int
    height: int
    notes: list[dict[str, Any]]


class Projected(TypedDict):
    """Where a picture was found in a generator's latent space, and how well it fits."""

    recipe: dict[str, Any]
    fit: str
    first: float
    distance: float
    strangers: float


def endpoint(method: Callable[P, R]) -> Callable[P, R]:
    """A method whose arguments are checked against their types, and whose faults reach every kind of caller."""
    checked = validate_call(config=ConfigDict(arbitrary_types_allowed=True))(method)
    names = list(inspect.signature(method).parameters)

    @wraps(method)
    def answer(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return checked(*args, **kwargs)
        except ValidationError as error:
            first = error.errors()[0]
            place = first["loc"][0]
            name = names[place] if isinstance(place, int) else place
            raise shown(Fault("fault.argument", name=name, problem=first["msg"])) from None
        except Fault as fault:
            raise shown(fault) from None
        except Exception as error:
            LOG.exception("The endpoint /%s failed", method.__name__)
            raise shown(Fault("fault.surprise", status=500)) from error

    return answer


def shown(fault: Fault) -> gr.Error:
    """The fault as Gradio carries errors: the English sentence, and in the title what the page needs to say it in its own language."""
    title = json.dumps({"code": fault.code, "params": fault.params}, ensure_ascii=False)
    return gr.Error(str(fault), title=title, print_exception=False)


def served(data: bytes, name: str) -> Any:
    """A file in Gradio's cache, where it is served from, at an address made of its own hash."""
    folder = get_upload_folder()
    with as_faults(Path(folder)):
        return file_at(Path(save_bytes_to_cache(data, name, folder)))


def new_file(name: str) -> Path:
    """Where a file of that name can be written that Gradio serves; nothing stands there, the folder neither."""
    return Path(get_upload_folder()) / secrets.token_hex(16) / name


def written(works: Works, work: Work, path: Path) -> Any:
    """Wait for a work that writes a file, and answer with it; Fault where it failed or was cancelled."""
    ended(works, work)
    return file_at(path)


def ended(works: Works, work: Work) -> Any:
    """Wait for a work, and give what it made; Fault where it failed or was cancelled."""
    try:
        return work.future.result()
    except CancelledError:
        raise Fault("fault.no_work", status=410) from None
    finally:
        works.forget(work)


def file_at(path: Path) -> Any:
    """A FileData as the plain object it is sent as: within a list Gradio gives an address to nothing else."""
    return FileData(path=str(path), orig_name=path.name, size=path.stat().st_size).model_dump()


def noted(note: Note) -> dict[str, Any]:
    """A note as the page and an API user read it."""
    return {"code": note.code, "params": dict(note.params), "text": say("en", note.code, **note.params)}


def read(recipe: AnyRecipe) -> Recipe:
    """A recipe from either form; Fault says what is wrong with it."""
    return from_json(recipe) if isinstance(recipe, str) else from_dict(recipe)


def uploaded(file: FileData, most: int) -> bytes:
    """The bytes of a file that was uploaded to this app."""
    path = uploaded_path(file)
    if (size := path.stat().st_size) > most:
        raise Fault("fault.too_large", size=size, most=most, status=413)
    return path.read_bytes()


def uploaded_path(file: FileData) -> Path:
    """Where a file lies that was uploaded to this app; nothing else on the disk is opened, whatever the path says."""
    path = Path(file.path).resolve()
    if not path.is_relative_to(Path(get_upload_folder()).resolve()) or not path.is_file():
        raise Fault("fault.not_uploaded")
    return path


def related(one: Entry | Recipe) -> Relative:
    """An ancestor, saved or not."""
    return Relative(entry=None, recipe=to_dict(one)) if isinstance(one, Recipe) else Relative(entry=listed(one), recipe=to_dict(one.recipe))


def listed(entry: Entry) -> GalleryEntry:
    """An entry without the visitor it belongs to."""
    return GalleryEntry(
        id=entry.id,
        created=entry.created,
        generator=entry.generator,
        recipe=to_dict(entry.recipe),
        favourite=entry.favourite,
        labels=list(entry.labels),
        note=entry.note,
        film=entry.film,
        parents=list(entry.parents),
        double=entry.double,
        width=entry.width,
        height=entry.height,
        bytes=entry.bytes,
    )
