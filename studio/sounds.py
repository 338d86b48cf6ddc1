"""Sounds from outside: the one door they come in by, where a visitor's are kept, and what is heard in them."""

from __future__ import annotations

import io
import os
import threading
from collections import OrderedDict
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import cast

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.error import FFmpegError

from models.music import RATE, Heard, listen
from models.whole import write_whole
from studio.errors import Fault
from studio.gallery_files import drop_old
from studio.gallery_index import as_faults
from studio.recipe_rules import source as checked

DIGITS = 32  # of the hash
MAX_SOUND = 96 << 20  # bytes
LONGEST, SHORTEST = 600.0, 0.1  # seconds
RATES, CHANNELS = (4000, 192_000), 8  # samples a second, and how many at once, that a file may have
EACH, SPACE = 512 << 20, 4 << 30  # bytes of a visitor's sounds, and of all visitors'; what was used longest ago goes
LISTENED = 8  # sounds of which is remembered what was heard


@dataclass(frozen=True)
class Kind:
    """A kind of file that is known, and what browsers call it."""

    format: str  # FFmpeg's name of its container
    media: str
    ending: str


WAV, MP3, FLAC = Kind("wav", "audio/wav", "wav"), Kind("mp3", "audio/mpeg", "mp3"), Kind("flac", "audio/flac", "flac")
OGG, AAC, AIFF = Kind("ogg", "audio/ogg", "ogg"), Kind("aac", "audio/aac", "aac"), Kind("aiff", "audio/aiff", "aiff")
MP4, WEBM = Kind("mp4", "audio/mp4", "m4a"), Kind("matroska", "audio/webm", "webm")
KNOWN = "WAV, MP3, M4A, FLAC, OGG, WebM, AIFF, AAC"


def kind_of(data: bytes) -> Kind:
    """By its first bytes, so that nothing is ever opened as a list of other files; Fault for all that is no sound."""
    head = data[:12]
    for start, kind in {b"fLaC": FLAC, b"OggS": OGG, b"ID3": MP3, b"\x1a\x45\xdf\xa3": WEBM}.items():
        if head.startswith(start):
            return kind
    for start, form, kind in ((b"RIFF", b"WAVE", WAV), (b"FORM", b"AIFF", AIFF), (b"FORM", b"AIFC", AIFF)):
        if head[:4] == start and head[8:] == form:
            return kind
    if head[4:8] == b"ftyp":
        return MP4
    if len(head) > 1 and head[0] == 0xFF and head[1] & 0xF0 == 0xF0:  # a frame begins; AAC is said to have no layer
        return MP3 if head[1] & 0x06 else AAC
    raise Fault("fault.sound_kind", known=KNOWN, status=415)


def samples(data: bytes, rate: int, layout: str) -> Iterator[np.ndarray]:
    """The sound in a file's bytes, a piece at a time: float32 (channels, n) at that rate, "mono" or "stereo".

    Fault for what is empty, too large or too long, damaged, or has no sound in it; of a file that breaks off, what is whole.
    """
    if len(data) > MAX_SOUND:
        raise Fault("fault.too_large", size=len(data), most=MAX_SOUND, status=413)
    begun, left = False, round(LONGEST * rate)
    try:
        with _opened(data) as container:
            stream = _stream(container)
            resampler = av.AudioResampler("fltp", layout, rate)
            for frame in container.decode(stream):
                for piece in resampler.resample(frame):
                    begun, left = True, left - piece.samples
                    if left < 0:
                        raise Fault("fault.sound_long", most=round(LONGEST / 60), status=413)
                    yield piece.to_ndarray()
            for piece in resampler.resample(None) if begun else ():
                yield piece.to_ndarray()
    except (FFmpegError, ValueError, OSError, EOFError) as error:  # PyAV's own are of these kinds too
        if not begun:
            raise Fault("fault.sound_damaged", status=422) from error


def _opened(data: bytes) -> InputContainer:
    return cast(InputContainer, av.open(io.BytesIO(data), format=kind_of(data).format))


def _stream(container: InputContainer) -> AudioStream:
    stream = next(iter(container.streams.audio), None)
    if not stream:
        raise Fault("fault.sound_none", status=422)
    if not RATES[0] <= (stream.rate or 0) <= RATES[1] or not 1 <= stream.channels <= CHANNELS:
        raise Fault("fault.sound_damaged", status=422)
    stream.codec_context.thread_count = 1
    return stream


def inside(data: bytes) -> bytes | None:
    """The sound of a video, its packets as they are, as a file of its own; None where it has none that can be taken out."""
    file = io.BytesIO()
    try:
        with _opened(data) as video, av.open(file, "w", format="webm" if kind_of(data) == WEBM else "mp4") as out:
            given = _stream(video)
            stream = out.add_stream_from_template(given)
            for packet in video.demux(given):
                if packet.dts is not None:
                    packet.stream = stream
                    out.mux(packet)
    except (Fault, FFmpegError, ValueError, OSError):
        return None
    return file.getvalue()


class Sounds:
    """Those of all visitors, each found again by the hash of its bytes and by nobody else. Safe to use from any thread."""

    def __init__(self, folder: Path, *, each: int = EACH, space: int = SPACE) -> None:
        self._folder, self._each, self._space = folder, each, space
        self._lock, self._listening = threading.Lock(), threading.Lock()  # one at a time: it takes seconds of a processor
        self._heard: OrderedDict[Path, Heard] = OrderedDict()

    def put(self, data: bytes, visitor: str) -> tuple[str, Heard]:
        """Keep a sound, once it is known to be one: its id, and what is heard in it."""
        id = sha256(data).hexdigest()[:DIGITS]
        path = self._path(id, visitor)
        heard = self._listened(path, data)
        with self._lock, as_faults(self._folder):
            if not path.is_file():
                write_whole(path, data)
                self._make_room(path)
        return id, heard

    def find(self, id: str, visitor: str) -> Path:
        """Where it lies; Fault where it does not, or is another visitor's. It counts as used."""
        path = self._path(checked("sound", id), visitor)
        if not id or not path.is_file():
            raise Fault("fault.no_sound", status=404)
        with suppress(OSError):
            os.utime(path)
        return path

    def hear(self, id: str, visitor: str) -> Heard:
        """What is heard in it; takes a second or two where that is no longer known."""
        path = self.find(id, visitor)
        if found := self._heard.get(path):
            return found
        return self._listened(path, path.read_bytes())

    def sweep(self, life: float, busy: Collection[str]) -> None:
        """Drop what was not used for so many seconds; busy: visitors with works under way, of whom everything stays."""
        spared = {self._path("", one) for one in busy}
        for folder in self._folder.glob("*"):
            if folder not in spared:
                drop_old(folder, life)

    def _path(self, id: str, visitor: str) -> Path:
        return self._folder / sha256(visitor.encode()).hexdigest()[:DIGITS] / id

    def _listened(self, path: Path, data: bytes) -> Heard:
        with self._listening:
            if found := self._heard.get(path):
                return found
            pieces = [piece[0] for piece in samples(data, RATE, "mono")]
            heard = np.concatenate([*pieces, np.zeros(0, np.float32)])
            if len(heard) < SHORTEST * RATE:
                raise Fault("fault.sound_damaged", status=422)
            self._heard[path] = found = listen(heard)
            while len(self._heard) > LISTENED:
                self._heard.popitem(last=False)
        return found

    def _make_room(self, newest: Path) -> None:
        """What was used longest ago goes: the visitor's own beyond their share, anybody's beyond that of all."""
        for root, most in ((newest.parent, self._each), (self._folder, self._space)):
            files = [(path, path.stat()) for path in root.rglob("*") if path.is_file()]
            excess = sum(told.st_size for _, told in files) - most
            for path, told in sorted(files, key=lambda one: one[1].st_mtime):
                if excess > 0 and path != newest:
                    excess -= told.st_size
                    path.unlink(missing_ok=True)
