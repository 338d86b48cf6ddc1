"""Music: the door it comes in by, where it is kept, and that film and sound go together."""

from __future__ import annotations

import io
import os
import wave
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import httpx
import numpy as np
import pytest

from studio.engine import Engine
from studio.errors import Fault
from studio.film import Film, Key, Music, film_from_dict, film_from_json, film_to_dict, film_to_json
from studio.filming import SOUND_RATE, read_film, read_sound, soundtrack, write_film
from studio.frames import Picture
from studio.recipe import Recipe
from studio.sounds import Sounds, samples
from tests.studio.given import click_track
from tests.studio.served import Served, served

BEATS = np.arange(0.4, 8, 0.5)
CLICKS = click_track(BEATS, 8.2)
A, B = (Recipe("tiny-style", seed=seed) for seed in (1, 2))
FILM = Film((Key(A, 0.0), Key(B, 1.0)), seconds=3.0, rate=24, music=Music("0" * 32, 0.4, "clicks.wav"))


def fault(code: str) -> Any:
    return pytest.raises(Fault, check=lambda error: error.code == code)


def encoded(container: str, codec: str, seconds: float = 2.0, rate: int = 48_000, layout: str = "stereo") -> bytes:
    """A tone as any program might have saved it."""
    file = io.BytesIO()
    with av.open(file, "w", format=container) as out:
        stream: Any = out.add_stream(codec, rate=rate, layout=layout)
        tone = np.sin(np.arange(round(seconds * rate)) * 2 * np.pi * 440 / rate).astype(np.float32) * 0.5
        for place in range(0, len(tone), 960):
            piece = tone[None, place : place + 960].repeat(stream.channels, 0)
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(piece), format="fltp", layout=layout)
            frame.sample_rate, frame.pts, frame.time_base = rate, place, Fraction(1, rate)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return file.getvalue()


@pytest.mark.parametrize(
    ("container", "codec"),
    [
        ("mp3", "libmp3lame"),
        ("mp4", "aac"),
        ("adts", "aac"),
        ("ogg", "libopus"),
        ("webm", "libopus"),
        ("flac", "flac"),
        ("aiff", "pcm_s16be"),
    ],
)
def test_every_known_kind_is_read(container: str, codec: str) -> None:
    pieces = np.concatenate(list(samples(encoded(container, codec), 24_000, "mono")), 1)
    assert pieces.dtype == np.float32
    assert pieces.shape[1] / 24_000 == pytest.approx(2, abs=0.06)
    assert 0.45 < np.abs(pieces[0, 12_000:24_000]).max() < 0.75  # both channels as one carry their power


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "fault.sound_kind"),
        (b"#EXTM3U\nfile:///etc/passwd", "fault.sound_kind"),
        (b"ffconcat version 1.0\nfile /etc/passwd", "fault.sound_kind"),
        (b"<?xml version='1.0'?><MPD/>", "fault.sound_kind"),
        (b"RIFF\xff\xff\xff\xffWAVE" + bytes(99), "fault.sound_damaged"),
        (b"fLaC" + bytes(200), "fault.sound_damaged"),
        (b"OggS" + bytes(200), "fault.sound_damaged"),
        (b"\0\0\0\x18ftypM4A " + bytes(200), "fault.sound_damaged"),
        (b"\x1a\x45\xdf\xa3" + bytes(200), "fault.sound_damaged"),
        (b"ID3\x04\0\0\x7f\x7f\x7f\x7f" + bytes(200), "fault.sound_damaged"),
        (CLICKS[:44], "fault.sound_damaged"),
        (CLICKS[:20] + b"\x01\0\x01\0\0\0\0\0" + CLICKS[28:], "fault.sound_damaged"),
        (CLICKS[:22] + b"\xff\xff" + CLICKS[24:], "fault.sound_damaged"),
    ],
)
def test_what_is_no_sound_says_so(data: bytes, code: str, tmp_path: Path) -> None:
    with fault(code):
        Sounds(tmp_path).put(data, "ann")
    assert list(tmp_path.rglob("*")) == []


def test_what_is_too_long_is_refused_before_it_is_held(tmp_path: Path) -> None:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setparams((1, 1, 4000, 0, "NONE", ""))
        out.writeframes(bytes(4000 * 601))
    with fault("fault.sound_long"):
        Sounds(tmp_path).put(file.getvalue(), "ann")


def test_a_video_without_sound_is_told(tmp_path: Path) -> None:
    write_film(path := tmp_path / "silent", replace(FILM, music=None), "mp4", pictures(FILM))
    with fault("fault.sound_none"):
        Sounds(tmp_path / "sounds").put(path.read_bytes(), "ann")


def test_of_a_file_that_breaks_off_what_is_whole_is_heard(tmp_path: Path) -> None:
    _, heard = Sounds(tmp_path).put(CLICKS[: len(CLICKS) // 2], "ann")
    assert heard.seconds == pytest.approx(4.1, abs=0.1)
    assert np.abs(heard.beats - BEATS[: len(heard.beats)]).max() < 0.025


def test_a_sound_is_its_visitors_alone_and_found_again_after_a_restart(tmp_path: Path) -> None:
    id, heard = Sounds(tmp_path).put(CLICKS, "ann")
    assert len(heard.beats) == len(BEATS)
    assert np.abs(heard.beats - BEATS).max() < 0.025
    again = Sounds(tmp_path)
    assert np.array_equal(again.hear(id, "ann").beats, heard.beats)
    assert again.find(id, "ann").read_bytes() == CLICKS
    for visitor, other in (("bob", id), ("ann", "0" * 32)):
        with fault("fault.no_sound"):
            again.hear(other, visitor)
    with fault("fault.recipe_source"):
        again.find("../../etc/passwd", "ann")


def test_what_was_used_longest_ago_makes_room(tmp_path: Path) -> None:
    tracks = [click_track(BEATS[:3], 2 + k / 10) for k in range(4)]
    sounds = Sounds(tmp_path, each=3 * len(tracks[3]), space=4 * len(tracks[3]))
    ids = [sounds.put(data, "ann")[0] for data in tracks[:3]]
    for age, id in zip((30, 10, 20), ids, strict=True):
        path = sounds.find(id, "ann")
        used = path.stat().st_mtime - age
        os.utime(path, (used, used))
    sounds.put(tracks[3], "ann")
    with fault("fault.no_sound"):
        sounds.find(ids[0], "ann")
    sounds.find(ids[2], "ann")
    sounds.put(tracks[0], "bob")
    sounds.put(tracks[1], "bob")
    with fault("fault.no_sound"):
        sounds.find(ids[1], "ann")  # all visitors' together are too much


def pictures(film: Film) -> Iterator[Picture]:
    """White on every beat of the music, else black."""
    for number in range(film.frames):
        white = number % 12 == 0
        yield Picture(np.full((32, 32, 3), 255 * white, np.uint8), A)


@pytest.mark.parametrize("format", ["mp4", "webm"])
def test_picture_and_sound_are_in_step(format: Any, tmp_path: Path) -> None:
    path = tmp_path / "film"
    write_film(path, FILM, format, pictures(FILM), CLICKS)
    assert read_film(path.read_bytes()) == FILM
    with av.open(str(path)) as film:
        flashes = [float(frame.time or 0) for frame in film.decode(video=0) if frame.to_ndarray(format="gray").mean() > 128]
    heard: list[float] = []
    with av.open(str(path)) as film:
        length = 0.0
        for frame in film.decode(audio=0):
            wave = np.abs(frame.to_ndarray()[0])
            length = float(frame.time or 0) + frame.samples / frame.sample_rate
            if wave.max() > 0.4:
                heard.append(float(frame.time or 0) + int(wave.argmax()) / frame.sample_rate)
    assert flashes == pytest.approx([0, 0.5, 1, 1.5, 2, 2.5], abs=0.01)
    clicks = [moment for moment in heard if moment > 0.1]  # the first is faded in
    assert clicks == pytest.approx(flashes[1:], abs=0.01)
    assert length == pytest.approx(3, abs=0.03)


def test_a_soundtrack_is_as_long_as_its_film_and_silent_beyond_the_music() -> None:
    film = replace(FILM, seconds=10.0, music=replace(FILM.music, start=7.0))  # type: ignore[arg-type]
    track = np.concatenate(list(soundtrack(film, CLICKS)), 1)
    assert track.shape == (2, 10 * SOUND_RATE)
    assert np.abs(track[:, :SOUND_RATE]).max() > 0.5
    assert not track[:, round(1.3 * SOUND_RATE) :].any()


def test_music_is_part_of_a_film() -> None:
    assert film_from_json(film_to_json(FILM)) == FILM
    assert "music" not in film_to_dict(replace(FILM, music=None))
    for music in (7, [], {}, {"sound": ""}, {"sound": "x"}, {"sound": "0" * 32, "start": -1}, {"sound": "0" * 32, "volume": 2}):
        with pytest.raises(Fault):
            film_from_dict({**film_to_dict(FILM), "music": music})


@pytest.fixture(scope="module")
def studio(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(engine, tmp_path_factory.mktemp("sounds")) as studio:
        yield studio


def test_music_is_brought_heard_played_and_comes_out_of_the_file_again(studio: Served, tmp_path: Path) -> None:
    with httpx.Client(base_url=studio.url, timeout=60) as client:
        told = client.post("/sounds", content=CLICKS).json()
        assert told["tempo"] == 120
        assert told["beats"] == pytest.approx(list(BEATS), abs=0.025)
        assert client.get(f"/sounds/{told['id']}/heard.json").json() == told
        part = client.get(f"/sounds/{told['id']}", headers={"range": "bytes=0-3"})
        assert (part.status_code, part.content, part.headers["content-type"]) == (206, b"RIFF", "audio/wav")
        assert client.post("/sounds", content=b"nothing").json()["fault"]["code"] == "fault.sound_kind"
        film = film_to_dict(replace(FILM, music=Music(told["id"], 0.4, "clicks.wav")))
        id = client.post("/films", json={"film": film, "format": "mp4", "side": 0}).json()["id"]
        while (now := client.get(f"/works/{id}").json())["state"] in ("waiting", "running"):
            pass
        assert now["state"] == "done", now
        data = client.get(f"/films/{id}/file").content
        assert client.post("/films/open", content=data).json() == film
        for path in studio.engine.sounds._folder.rglob("*"):
            path.unlink() if path.is_file() else None
        elsewhere = client.post("/films/open", content=data).json()["music"]
        assert (elsewhere["start"], elsewhere["name"]) == (0, "clicks.wav")
        beats = client.get(f"/sounds/{elsewhere['sound']}/heard.json").json()["onsets"]
        assert [beat for beat in beats if beat > 0.1] == pytest.approx([0.5, 1, 1.5, 2, 2.5], abs=0.025)
        assert client.post("/films", json={"film": film}).json()["fault"]["code"] == "fault.no_sound"


def test_beside_pngs_it_lies_as_it_came(tmp_path: Path) -> None:
    path = tmp_path / "film"
    write_film(path, FILM, "png", pictures(FILM), CLICKS)
    assert read_sound(path.read_bytes()) == (CLICKS, True)
    write_film(path, replace(FILM, music=None), "png", pictures(FILM))
    assert read_sound(path.read_bytes()) == (b"", True)
