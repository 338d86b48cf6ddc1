"""Three sets of pictures that others gathered: prints, photographs and paintings, each from a folder on this disk."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from models.training.datasets.folder import Kind, Original, found, held_out, prepare as cut
from models.training.datasets.pictures import PictureSet, PictureSetError
from models.training.datasets.squares import Crops

LANDSCAPES = {
    "badlands": "canyon",
    "beach": "sea",
    "canyon": "canyon",
    "city": "city",
    "desert": "desert",
    "dune": "desert",
    "fields": "fields",
    "fog": "fog",
    "forest": "fog",
    "hills": "hills",
    "lava": "lava",
    "mountain": "mountain",
    "sea": "sea",
    "sky": "sky",
    "snow": "snow",
    "valley": "hills",
    "water": "sea",
}  # the words file names begin with; what else there is shows machines or outer space

PERIODS = {
    "medieval": "medieval",
    "baroque": "baroque",
    "18th century": "18th-century",
    "1850s": "1850s-60s",
    "1860s": "1850s-60s",
    "1870s": "1870s",
    "1880s": "1880s",
    "1890s": "1890s",
}  # words in index.json

_FRAMED = "11142 111444 16212 16551 188974 190405 22871 25743 263514 39851 5502 80526 80570 80589 90071"
FRAMED = frozenset(f"{number}.jpg" for number in _FRAMED.split())  # much frame, several panels, or round on black


@dataclass(frozen=True)
class Collection:
    """A set from a folder of originals: where they come from, how each is labelled and cut."""

    kind: Kind
    labels: tuple[str, ...]  # in the order that a page shows them
    crops: Crops
    label: Callable[[Path], Callable[[str], str | None]]  # source -> file name -> label; None: not of this set
    origin: str  # where a reader gets the originals
    source: str
    licence: str
    margin: float = 0.0
    margins: Mapping[str, float] = field(default_factory=dict)  # of single files
    left_out: frozenset[str] = frozenset()


def artist(_: Path) -> Callable[[str], str | None]:
    """The folder a print lies in."""
    return lambda name: name.split("/")[0] if "/" in name else None


def place(_: Path) -> Callable[[str], str | None]:
    """What a photograph's name begins with: canyon04.jpg, fields10-sfiera.jpg."""
    return lambda name: LANDSCAPES.get(re.split(r"[^a-z]", name, maxsplit=1)[0])


def period(source: Path) -> Callable[[str], str | None]:
    """The period that index.json gives a painting."""
    try:
        rows = json.loads((source / "index.json").read_text(encoding="utf-8"))
        periods = {row["file"]: row["period"].lower() for row in rows}
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise PictureSetError(f"No readable index.json in {source}: a list of objects with file and period. ({fault})") from fault
    return lambda name: next((label for word, label in PERIODS.items() if word in periods.get(name, "")), None)


_APART: Mapping[str, Collection] = {
    "ukiyoe": Collection(
        kind="style",
        labels=("hiroshige", "hokusai"),
        crops=Crops(128, count=64, least=0.55),
        label=artist,
        origin="folders hiroshige (GitHub damgoweb/tokaido_orai) and hokusai (GitHub seancswanson/osd-woodblocks)",
        source="53 Stations of the Tokaido (Utagawa Hiroshige), GitHub damgoweb/tokaido_orai; "
        "36 Views of Mount Fuji (Katsushika Hokusai), Metropolitan Museum of Art, GitHub seancswanson/osd-woodblocks",
        licence="public domain by age; scans of the Metropolitan Museum CC0, of tokaido_orai MIT",
        margin=0.06,  # paper around the prints, and the notches that Hiroshige's frames have in their corners
        margins={"hiroshige/13_hara.jpg": 0.11, "hiroshige/36_akasaka.jpg": 0.11, "hiroshige/45_shono.jpg": 0.11},
    ),
    "landscapes": Collection(
        kind="class",
        labels=tuple(sorted(set(LANDSCAPES.values()))),
        crops=Crops(128, count=32, least=0.7),
        label=place,
        origin="the public-domain photographs of the Debian package endless-sky-data, their names unchanged (canyon0.jpg)",
        source="photographs of the Debian package endless-sky-data, those that its copyright file lists as public domain",
        licence="public domain",
    ),
    "paintings": Collection(
        kind="class",
        labels=tuple(dict.fromkeys(PERIODS.values())),
        crops=Crops(128, count=24, least=0.6),
        label=period,
        origin="European paintings of the Art Institute of Chicago and their index.json, through GitHub klv4de/ArtWall",
        source="European paintings of the Art Institute of Chicago, through GitHub klv4de/ArtWall",
        licence="CC0 1.0",
        margin=0.02,  # edges of panels
        left_out=FRAMED,
    ),
}
COLLECTIONS: Mapping[str, Collection] = {
    **_APART,
    "brushwork": replace(_APART["paintings"], crops=Crops(128, count=24, least=0.2)),  # the paintings, near enough for strokes to be seen
}


def prepare(name: str, folder: Path, source: Path | None, size: int | None = None) -> PictureSet:
    """Prepare one of the three in `folder` from the originals in `source`, `size` pixels a side; PictureSetError where there are none."""
    collection = COLLECTIONS[name]
    if source is None or not source.is_dir():
        where = "No --source is given" if source is None else f"No folder {source}"
        raise PictureSetError(f"{where}. Give --source DIR, a folder that holds {collection.origin}.")
    crops = replace(collection.crops, size=size or collection.crops.size)
    return cut(folder, members(name, source), crops, collection.kind, collection.source, collection.licence)


def members(name: str, source: Path) -> list[Original]:
    """Those pictures in a folder that are of the collection, by label; PictureSetError where there are none."""
    collection = COLLECTIONS[name]
    label_of = collection.label(source)
    originals: list[Original] = []
    for original in found(source):
        label = label_of(original.name)
        if label in collection.labels and original.name not in collection.left_out:
            margin = collection.margins.get(original.name, collection.margin)
            originals.append(Original(original.file, original.name, label, margin))
    if not originals:
        raise PictureSetError(f"No picture of the set {name} in {source}. It must hold {collection.origin}.")
    return sorted(originals, key=lambda original: collection.labels.index(original.label or ""))


def unseen(name: str, source: Path) -> list[Path]:
    """The files of those that no training sees."""
    originals = members(name, source)
    return [one.file for one, apart in zip(originals, held_out(originals), strict=True) if apart]
