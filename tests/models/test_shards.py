"""Two processes on the CPU train as one does."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from models.training.datasets import PictureSet, save
from models.training.shards import Shard
from studio.bench.server import free_port

TRAIN = """
import json, sys, torch
from itertools import islice
from pathlib import Path
from models.training.batches import batches
from models.training.datasets import load
from models.training.loop import step
from models.training.presets import Preset
from models.training.run import open_run
from models.training.shards import joined

torch.set_num_threads(1)
config = {"widths": [8, 8, 4], "z_dim": 4, "w_dim": 8, "mapping_layers": 1}
preset = Preset("style", "x", config, batch=16, rate=2e-3, betas=(0.0, 0.99), r1_every=2, augment="adaptive")
with joined() as shard:
    run = open_run(Path(sys.argv[1]), preset, load(Path(sys.argv[2])), shard=shard)
    losses = [step(run, batch) for batch in islice(batches(run), 6)]
    if shard.leads:
        print(json.dumps(losses))
left = [task.read_text().strip() for task in Path("/proc/self/task").glob("*/comm")]
assert not any("gloo" in name for name in left), left
"""


def start(*command: str, world: int, rank: int, port: int) -> subprocess.Popen[str]:
    joining = {"RANK": str(rank), "WORLD_SIZE": str(world), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)} if world > 1 else {}
    return subprocess.Popen([sys.executable, "-c", TRAIN, *command], env=os.environ | joining, stdout=subprocess.PIPE, text=True)


def test_two_processes_have_the_losses_of_one(tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    pictures = draw.integers(0, 256, (64, 16, 16, 3), dtype=np.uint8)
    save(PictureSet(pictures, np.zeros(64, bool), np.arange(64) % 2, None, ("a", "b"), (), "noise", "none"), tmp_path / "set")
    port = free_port()
    runs = [start(str(tmp_path / "one"), str(tmp_path / "set"), world=1, rank=0, port=port)]
    runs += [start(str(tmp_path / "two"), str(tmp_path / "set"), world=2, rank=rank, port=port) for rank in range(2)]
    told = [run.communicate(timeout=120)[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0, 0]
    alone, together = json.loads(told[0]), json.loads(told[1])
    assert len(alone) == 6
    for one, two in zip(alone, together, strict=True):
        assert one == pytest.approx(two, abs=1e-4)


def test_a_batch_that_does_not_divide_says_so() -> None:
    assert Shard(1, 2).part(8) == slice(4, 8)
    with pytest.raises(ValueError, match="multiple of 6"):
        Shard(0, 3).part(16)
