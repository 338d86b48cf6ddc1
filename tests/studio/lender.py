"""A stand-in for the package that lends cards: calls run in forks, as the real one's do, and are written down."""

from __future__ import annotations

from pathlib import Path

# The package that a ZeroGPU Space brings, as far as the studio asks for it. A call runs in a fork, which ends with it, and each is
# written down with the seconds that were asked for.
SPACES = """
import os, pickle

STARTED = []

def GPU(task, *, duration):
    def call(asked):
        if os.environ.get("LENDER_REFUSES"):
            raise RuntimeError("You have exceeded your ZeroGPU quota")
        read, write = os.pipe()
        if not (child := os.fork()):
            try:
                answer = task(asked)
            except BaseException as error:
                answer = error
            os.write(write, pickle.dumps((os.getpid(), answer)))
            os._exit(0)
        os.close(write)
        with open(read, "rb") as file:
            pid, answer = pickle.load(file)
        os.waitpid(child, 0)
        with open(os.environ["LENDER_LOG"], "a") as log:
            log.write(f"{os.getpid()} {pid} {duration(asked)}\\n")
        if isinstance(answer, BaseException):
            raise answer
        return answer
    return call
"""
ZERO = "import spaces\n\ndef startup():\n    spaces.STARTED.append(True)\n"


def lay_out(folder: Path) -> Path:
    """Write the package into a folder, which is to stand in Python's path; LENDER_LOG names the file that calls go to."""
    package = folder / "spaces"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(SPACES)
    (package / "zero.py").write_text(ZERO)
    return folder
