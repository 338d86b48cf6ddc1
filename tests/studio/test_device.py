"""The machine: which device and precision, and what its complaints mean."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch

from studio import device
from studio.device import claim, describe, free_memory, is_out_of_memory, pick_device, quicker_dtype, resident_mb, usable_processors, wait

CPU = torch.device("cpu")


@pytest.mark.parametrize(("cuda", "mps", "best"), [(True, True, "cuda"), (False, True, "mps"), (False, False, "cpu")])
def test_the_best_device_is_taken(monkeypatch: pytest.MonkeyPatch, cuda: bool, mps: bool, best: str) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    monkeypatch.setattr(torch, "zeros", lambda *_, **__: None)
    assert pick_device(None) == torch.device(best)


@pytest.mark.parametrize("name", ["cuda:77", "abacus"])
def test_a_device_that_cannot_be_used_is_named_with_the_remedy(name: str) -> None:
    with pytest.raises(ValueError, match=f"'{name}' cannot be used .* use cpu"):
        pick_device(name)


@pytest.mark.parametrize(
    ("full", "half", "expected"),
    [(3.0, 1.0, torch.bfloat16), (1.0, 3.0, torch.float32), (1.1, 1.0, torch.float32)],
    ids=["half is quicker", "full is quicker", "too close to call"],
)
def test_the_quicker_precision_is_taken(monkeypatch: pytest.MonkeyPatch, full: float, half: float, expected: torch.dtype) -> None:
    seconds = {torch.float32: full, torch.bfloat16: half}
    monkeypatch.setattr(device, "_seconds", lambda convolution, _: seconds[convolution.weight.dtype])
    assert quicker_dtype(CPU) == expected


def test_a_device_without_half_precision_draws_in_full(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> float:
        raise RuntimeError("bfloat16 is not supported")

    monkeypatch.setattr(device, "_seconds", refuse)
    assert quicker_dtype(CPU) == torch.float32


def test_the_measurement_runs_here() -> None:
    assert quicker_dtype(CPU) in (torch.float32, torch.bfloat16)
    wait(CPU)
    free_memory(CPU)
    assert describe(CPU) == "cpu"


@pytest.mark.parametrize(
    ("told", "usable"), [("200000 100000", 2), ("50000 100000", 1), ("max 100000", 16), ("", 16), ("9900000 100000", 16)]
)
def test_a_container_counts_its_share_of_processors(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, told: str, usable: int) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(16)), raising=False)
    (tmp_path / "cpu.max").write_text(told)
    assert usable_processors(tmp_path / "cpu.max") == usable
    assert usable_processors(tmp_path / "absent") == 16


def test_drawing_leaves_processors_to_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen: list[int] = []
    monkeypatch.setattr(torch, "set_num_threads", chosen.append)
    for usable in (1, 2, 4, 64):
        monkeypatch.setattr(os, "sched_getaffinity", lambda _, n=usable: set(range(n)), raising=False)
        claim(CPU)
    assert chosen == [1, 1, 2, 4]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (MemoryError(), True),
        (torch.OutOfMemoryError("CUDA out of memory."), True),
        (RuntimeError("MPS backend out of memory (MPS allocated: 8 GB)"), True),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes"), True),
        (RuntimeError("mat1 and mat2 must have the same dtype"), False),
        (ValueError("out of memory"), False),
    ],
)
def test_running_out_of_memory_is_recognised(error: Exception, expected: bool) -> None:
    assert is_out_of_memory(error) is expected


def test_memory_is_that_of_a_process_with_torch_in_it() -> None:
    assert 50 < resident_mb() < 100_000
