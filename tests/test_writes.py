"""A studio on a Space writes to its folder and nowhere else: every file that its process opens for writing is watched."""

from __future__ import annotations

import json
import sys
import urllib.request
from pathlib import Path

import pytest

from studio.bench.server import free_port, serving
from tests.studio.given import photograph

# Runs before anything else in the studio's process and in those it starts: each path that is written to, made, moved or removed.
WATCH = """
import os, sys

LOG = os.open(os.environ["WRITES"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
CHANGES = {"os.mkdir": 0, "os.rename": 1, "os.remove": 0, "os.rmdir": 0, "os.truncate": 0, "os.link": 1, "os.symlink": 1, "os.utime": 0,
           "sqlite3.connect": 0}

def watch(event, args):
    path = None
    if event == "open" and args[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
        path = args[0]
    elif event in CHANGES:
        path = args[CHANGES[event]]
    if isinstance(path, (str, bytes, os.PathLike)):
        os.write(LOG, os.fsencode(os.path.abspath(os.fspath(path).decode() if isinstance(path, bytes) else os.fspath(path))) + b"\\n")

sys.addaudithook(watch)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="what a Space runs on")
def test_a_space_writes_to_its_folder_and_the_systems_temporary_one_alone(
    tiny_checkpoints: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watching, home, temporary, folder = (tmp_path / name for name in ("watching", "home", "tmp", "gallery"))
    for one in (watching, home, temporary):
        one.mkdir()
    (watching / "sitecustomize.py").write_text(WATCH)
    for name, value in {
        "PYTHONPATH": str(watching),
        "PYTHONDONTWRITEBYTECODE": "1",
        "WRITES": str(tmp_path / "writes"),
        "HOME": str(home),
        "TMPDIR": str(temporary),
        "SPACE_ID": "someone/atelier",
    }.items():
        monkeypatch.setenv(name, value)
    for name in ("GRADIO_TEMP_DIR", "XDG_CACHE_HOME", "HF_HOME", "TORCHINDUCTOR_CACHE_DIR"):  # torch sets the last for its children
        monkeypatch.delenv(name, raising=False)
    port = free_port()
    flags = ["--host", "127.0.0.1", "--port", str(port), "--checkpoints", str(tiny_checkpoints), "--folder", str(folder)]
    with serving(["app.py", *flags], port, tmp_path / "log") as server:
        use(server.url)
    written = {Path(line) for line in (tmp_path / "writes").read_text().splitlines()}
    assert any(path.is_relative_to(folder / "pictures") for path in written), "a picture was saved"
    assert any(path.is_relative_to(folder / "cache") for path in written), "a file was handed out"
    allowed = (folder, temporary, Path("/dev"), Path("/proc"))
    assert sorted(str(path) for path in written if not any(map(path.is_relative_to, allowed))) == []
    assert list(home.iterdir()) == []


def use(url: str) -> None:
    """What a visitor does: looks, draws, saves, brings a picture."""
    cookie = ""

    def ask(path: str, data: bytes | None = None) -> bytes:
        nonlocal cookie
        asked = urllib.request.Request(url + path, data, {"Cookie": cookie, "Content-Type": "application/json"})
        with urllib.request.urlopen(asked) as answer:
            cookie = answer.headers.get("set-cookie", cookie).partition(";")[0]
            return answer.read()

    def call(name: str, *given: object) -> bytes:
        event = json.loads(ask(f"gradio_api/call/{name}", json.dumps({"data": given}).encode()))["event_id"]
        told = ask(f"gradio_api/call/{name}/{event}")
        assert b"event: complete" in told, told
        return told

    recipe = {"generator": "tiny-dcgan", "seed": 1}
    assert b"atelier-keep-days" in ask("")
    call("draw", recipe, "png")
    call("save", recipe, [])
    assert b"tiny-dcgan" in call("gallery", "", "", False, "", 0, 10, "", False, "")
    source = json.loads(ask("tray", photograph()))["id"]
    call("finish", {"source": source, "after": [{"translator": "tiny-up"}]})
