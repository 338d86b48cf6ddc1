"""Files from outside in numbers, loose or in a ZIP: read one at a time, within bounds, and never written anywhere by their names."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from studio.errors import Fault

MAX_MEMBERS = 10_000  # files in a ZIP
MAX_NAME = 80  # characters of a file's name that are shown, its end
MAX_BYTES = 1 << 30  # of all files that are read, unpacked
END, END64 = b"PK\5\6", b"PK\6\7"  # what the end of a ZIP, and the place of a larger one's, begin with (PKWARE APPNOTE 4.3.15, 4.3.16)
END_SIZE, END64_SIZE = 22, 20
KINDS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # of the others zipfile can't unpack a part alone
ENCRYPTED = 0x1


@dataclass(frozen=True)
class Found:
    """A file from outside, not read yet. `read` gives its bytes, at most so many, or raises Fault."""

    name: str
    read: Callable[[int], bytes]


class Budget:
    """How many bytes may still be read."""

    def __init__(self, left: int = MAX_BYTES) -> None:
        self.left = left

    def read(self, file: IO[bytes], size: int, most: int) -> bytes:
        """A file of that size; Fault where it is larger, as it is said or as it turns out."""
        if size > most:
            raise Fault("fault.too_large", size=size, most=most, status=413)
        if size > self.left:
            raise Fault("fault.import_bytes", most=MAX_BYTES, status=413)
        data = file.read(most + 1)
        self.left -= len(data)
        if len(data) > most:
            raise Fault("fault.too_large", size=len(data), most=most, status=413)
        if self.left < 0:
            raise Fault("fault.import_bytes", most=MAX_BYTES, status=413)
        return data


def loose(name: str, path: Path, budget: Budget) -> Found:
    """A file that came by itself."""

    def read(most: int) -> bytes:
        with path.open("rb") as file:
            return budget.read(file, path.stat().st_size, most)

    return Found(name, read)


def is_archive(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) in (b"PK\3\4", END)


@contextmanager
def unpacked(path: Path, budget: Budget) -> Iterator[list[Found]]:
    """The files in a ZIP, to be read while it is open; Fault where it is damaged or lists more than it may."""
    with path.open("rb") as file:
        try:
            _check_end(file)
            archive = zipfile.ZipFile(file)
        except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError) as error:
            raise Fault("fault.import_archive") from error
        with archive:
            yield [_member(archive, entry, budget) for entry in archive.infolist() if not entry.is_dir()]


def _member(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, budget: Budget) -> Found:
    def read(most: int) -> bytes:
        if leads_out(entry.filename):
            raise Fault("fault.import_name")
        if entry.flag_bits & ENCRYPTED or entry.compress_type not in KINDS:
            raise Fault("fault.import_packed")
        try:
            with archive.open(entry) as file:
                return budget.read(file, entry.file_size, most)
        except Fault:
            raise
        except Exception as error:  # a damaged member raises whatever its damage leads to: BadZipFile, zlib.error, EOFError
            raise Fault("fault.picture_damaged") from error

    return Found(entry.filename, read)


def leads_out(name: str) -> bool:
    """Whether a name would lead out of the folder that it is unpacked in."""
    parts = name.replace("\\", "/").split("/")
    return ".." in parts or not parts[0] or ":" in parts[0]


def named(name: str) -> str:
    """A name from outside as a summary may show it."""
    name = "".join(one if one.isprintable() else "?" for one in name)
    return name if len(name) <= MAX_NAME else f"…{name[1 - MAX_NAME :]}"


def _check_end(file: IO[bytes]) -> None:
    """Fault where the list of members is longer than it may be: zipfile reads it whole, at ten times its size, before anything else."""
    size = file.seek(0, 2)
    file.seek(max(size - END_SIZE - END64_SIZE - (1 << 16), 0))
    tail = file.read()
    at = tail.rfind(END)
    end = tail[at : at + END_SIZE]
    if at < 0 or len(end) < END_SIZE:
        raise Fault("fault.import_archive")
    count, listed = int.from_bytes(end[10:12], "little"), int.from_bytes(end[12:16], "little")
    if tail[max(at - END64_SIZE, 0) : at].startswith(END64) or count > MAX_MEMBERS or listed > MAX_MEMBERS * 512:
        raise Fault("fault.import_members", most=MAX_MEMBERS, status=413)
    file.seek(0)
