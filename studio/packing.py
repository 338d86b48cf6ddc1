"""A ZIP that is sent or written as it is made: nothing of it is held but the part in hand."""

from __future__ import annotations

import os
import time
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from studio.errors import Fault

PART = 1 << 18  # bytes of a file that are read at once

Member = tuple[str, Path | bytes | Iterator[bytes]]


def zipped(members: Iterable[Member]) -> Iterator[bytes]:
    """The bytes of a ZIP of names and what lies under them: files, bytes, or bytes that come in parts.

    What is packed is packed already (PNG, JPEG, films), so nothing is compressed. Fault where a file has gone meanwhile.
    """
    out = _Out()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in members:
            entry = zipfile.ZipInfo(name, time.localtime()[:6])
            entry.external_attr = 0o644 << 16
            with archive.open(entry, "w", force_zip64=isinstance(content, Path) and _size(content) > zipfile.ZIP64_LIMIT // 2) as file:
                for part in _parts(content):
                    file.write(part)
                    yield out.take()
    yield out.take()


class _Out:
    """Where the zipfile module writes to: it can't seek there, so sizes come behind what they are of."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        pass

    def close(self) -> None:
        pass

    def take(self) -> bytes:
        taken = b"".join(self._parts)
        self._parts.clear()
        return taken


def _parts(content: Path | bytes | Iterator[bytes]) -> Iterator[bytes]:
    if isinstance(content, bytes):
        yield content
    elif isinstance(content, Path):
        with content.open("rb") as file:
            while part := file.read(PART):
                yield part
    else:
        yield from content


def _size(path: Path) -> int:
    try:
        return os.path.getsize(path)
    except OSError as error:
        raise Fault("fault.picture_lost", id=path.stem, status=410) from error
