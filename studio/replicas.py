"""Replicas of what draws, run by Ray Serve: one a GPU or a core, on this machine or on others that hold the same checkpoints.

Ray is no requirement of the studio: only who asks for replicas imports it (`requirements-scale.txt`).
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import numpy as np
import torch

from studio.device import claim, describe, pick_device, quicker_dtype
from studio.directions import OwnDirections
from studio.errors import Fault
from studio.recipe import Recipe, from_dict, to_dict
from studio.recipe_steps import Made
from studio.settings import PROJECT
from studio.sheets import as_json, pack, unpack
from studio.shelf import Shelf

NAME = "atelier"
SEATS_EACH = 2  # one batch of a replica travels while another is drawn
RETRY = 0.1  # seconds until a batch whose replica was lost is sent again
PATIENCE = 30.0  # seconds until it is given up
# Nothing is reported; and what draws is no less in a hurry than the page: Ray would have it give way to all else (nice 15).
TOLD = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_SERVE_PROXY_PREFER_LOCAL_NODE_ROUTING": "0", "RAY_worker_niceness": "0"}


class Replica:
    """A shelf in a process of its own: recipes as JSON in, bytes out. It holds nothing of any visitor."""

    def __init__(self, checkpoints: str, device: str | None, hashes: Mapping[str, str]) -> None:
        self._shelf = Shelf(OwnDirections(Path(os.devnull)))  # a visitor's own stay with the studio
        self._thread = ThreadPoolExecutor(1)  # threads and precision belong to the one that draws
        self._thread.submit(self._load, Path(checkpoints), device).result()
        if other := [name for name, known in hashes.items() if self._shelf.hashes().get(name) != known]:
            raise ValueError(f"{checkpoints} of the replica lacks the studio's weights of {', '.join(other)}. Copy them there.")

    async def draw(self, asked: bytes) -> bytes:
        """[recipe, …] of one generator in; out a header as JSON and uint8 (n, size, size, 3), or a header with the fault."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._draw, asked)

    def facts(self) -> dict[str, Any]:
        """Its process, and on what it draws."""
        return {"pid": os.getpid(), "made": asdict(self._shelf.made)}

    def _load(self, checkpoints: Path, wanted: str | None) -> None:
        device = pick_device(wanted)
        claim(device)
        torch.set_num_threads(1)  # a replica a core; a GPU asks for no more
        dtype = quicker_dtype(device)
        self._shelf.made = Made(describe(device), str(dtype).removeprefix("torch."), str(torch.__version__))
        for line in self._shelf.load(checkpoints, device, dtype):
            print(line, flush=True)

    def _draw(self, asked: bytes) -> bytes:
        return answered(self._shelf, asked)


def answered(shelf: Shelf, asked: bytes) -> bytes:
    """What a shelf draws of [recipe, …] as JSON, as `Seat` reads it: a header and uint8 (n, size, size, 3), or a header with the fault."""
    try:
        pixels = shelf.draw([from_dict(one) for one in json.loads(asked)])
    except Fault as fault:
        return pack({"fault": {"code": fault.code, "params": fault.params, "status": fault.status}}, b"")
    return pack({"made": asdict(shelf.made), "shape": pixels.shape}, pixels.tobytes())


class Seat:
    """A Painter whose brush a replica holds. What a lost replica had in hand, another draws: a recipe is all that it takes."""

    def __init__(self, ask: Any, lost: tuple[type[Exception], ...], given_up: tuple[type[Exception], ...] = ()) -> None:
        """ask: bytes -> bytes; lost: what it raises where the replica is gone; given_up: of these, what the drawing itself raised."""
        self._ask, self._lost, self._given_up = ask, lost, given_up
        self.made = Made("", "", "")

    def draw(self, recipes: Sequence[Recipe]) -> np.ndarray:
        asked = as_json([to_dict(recipe) for recipe in recipes]).encode()
        header, data = unpack(self._ask_until_drawn(asked))
        if fault := header.get("fault"):
            raise Fault(fault["code"], status=fault["status"], **fault["params"])
        self.made = Made(**header["made"])
        return np.frombuffer(data, np.uint8).reshape(header["shape"])

    def _ask_until_drawn(self, asked: bytes) -> bytes:
        until = time.monotonic() + PATIENCE
        while True:
            try:
                return self._ask(asked)
            except self._lost as error:
                if isinstance(error, self._given_up):
                    raise
                if time.monotonic() > until:
                    raise Fault("fault.no_replica", status=503) from error
                time.sleep(RETRY)


@dataclass
class Replicas:
    """A Company run by Ray Serve: `most` replicas at the start and under load, down to `least` when nothing waits."""

    checkpoints: Path
    most: int
    least: int = 1
    device: str | None = None
    address: str | None = None  # of a Ray cluster; None = one of its own, on this machine

    def __post_init__(self) -> None:
        if not 1 <= self.least <= self.most:
            raise ValueError(f"--least is a number from 1 to --replicas, which is {self.most}, not {self.least}.")
        self.seats, self.only_rests = SEATS_EACH * self.most, False
        self._ray, self._serve = _ray()
        self._handle: Any = None

    def open(self, hashes: Mapping[str, str]) -> Made:
        os.environ |= TOLD
        where = {"address": self.address} if self.address else {"num_cpus": max(self.most, os.cpu_count() or 1), "include_dashboard": False}
        paths = {"env_vars": {"PYTHONPATH": str(PROJECT), "OMP_NUM_THREADS": "1"}}
        self._ray.init(
            **where, runtime_env=paths, log_to_driver=False, logging_level="error", _temp_dir=f"{gettempdir()}/ray-{os.getuid()}"
        )
        logging.getLogger("ray.serve").setLevel(logging.WARNING)
        self._serve.start(proxy_location="Disabled")
        kind = "GPU" if (self.device or "").startswith("cuda") else "CPU"
        if (there := int(self._ray.cluster_resources().get(kind, 0))) < self.most:  # Ray would wait for more, for ever
            raise ValueError(
                f"--replicas {self.most} needs as many {kind}s, and here are {there}. Ask for fewer, or name a cluster with --address."
            )
        deployment = self._serve.deployment(
            Replica,
            name=NAME,
            ray_actor_options={f"num_{kind.lower()}s": 1},
            max_ongoing_requests=2 * self.seats,
            health_check_period_s=1,
            health_check_timeout_s=5,
            request_router_config={"request_router_class": "studio.seating:SeatRouter"},
            autoscaling_config={
                "min_replicas": self.least,
                "initial_replicas": self.most,
                "max_replicas": self.most,
                "target_ongoing_requests": SEATS_EACH * 0.75,  # all seats wait for a drawing under load, of fewer replicas more each
                "upscale_delay_s": 5,
                "metrics_interval_s": 1,
            },
        )
        bound = deployment.bind(str(self.checkpoints.resolve()), self.device, dict(hashes))
        try:
            self._handle = self._serve.run(bound, name=NAME, route_prefix=None)
        except RuntimeError as error:
            raise ValueError(f"The replicas did not start. {error}") from error
        return Made(**self._facts(0)["made"])

    def painter(self, seat: int) -> Seat:
        """Its batches go to one replica, as long as it is there."""
        method = self._handle.options(session_id=str(seat)).draw
        lost = (self._ray.exceptions.RayError, TimeoutError)
        return Seat(lambda asked: method.remote(asked).result(timeout_s=PATIENCE), lost, (self._ray.exceptions.RayTaskError,))

    def processes(self) -> set[int]:
        """Those of the replicas that answer now."""
        return {self._facts(seat)["pid"] for seat in range(self.seats)}

    def _facts(self, seat: int) -> dict[str, Any]:
        return self._handle.options(session_id=str(seat)).facts.remote().result(timeout_s=PATIENCE)

    def close(self) -> None:
        self._serve.shutdown()
        self._ray.shutdown()


def _ray() -> tuple[Any, Any]:
    """ray and ray.serve; ValueError names the remedy where they are not installed."""
    try:
        return import_module("ray"), import_module("ray.serve")
    except ImportError as error:
        raise ValueError("Replicas need Ray, which is not installed: pip install -r requirements-scale.txt.") from error
