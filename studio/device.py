"""What is known about the machine: its device, the precision it is quicker in, and what running out of memory looks like."""

from __future__ import annotations

import gc
import os
import resource
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import torch
from torch import nn

MARGIN = 1.2  # bfloat16 must be this much quicker: a coin toss would draw other bytes after each start
ROUNDS = 20
BACK = 10  # of 19, how far long works stand behind (nice)
CGROUP = Path("/sys/fs/cgroup/cpu.max")  # a container's time and of how much, in microseconds (cgroups version 2)
MOST_THREADS = 4  # small networks gain nothing from more


def pick_device(name: str | None) -> torch.device:
    """The device of that name, or the best there is: cuda, then mps, then cpu. ValueError where it cannot be used."""
    if name is None:
        name = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(f"The device '{name}' cannot be used here ({reason}). Leave it out, or use cpu.") from error
    return device


def describe(device: torch.device) -> str:
    """What a recipe records: 'cpu', 'mps', or the name of the card."""
    return torch.cuda.get_device_name(device)[:64] if device.type == "cuda" else device.type


def claim(device: torch.device) -> None:
    """Make the calling thread draw repeatably and leave half the processors to the page and its visitors."""
    sys.setswitchinterval(0.001)  # seconds; the page's loop would else wait five times as long for its turn between two frames
    torch.set_num_threads(max(1, min(MOST_THREADS, usable_processors() // 2)))
    if device.type == "cuda":
        torch.backends.cudnn.benchmark = False
        torch.backends.cudnn.deterministic = True


def stand_back() -> None:
    """Make the calling thread use every processor that nobody else wants: for long works, beside one that draws."""
    torch.set_num_threads(usable_processors())
    with suppress(OSError, AttributeError):  # where a thread has no priority of its own
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), BACK)


def usable_processors(cgroup: Path = CGROUP) -> int:
    """Those that this process may use: in a container as many as its share of time is worth, however many the machine has."""
    there = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with suppress(OSError, ValueError):
        quota, period = cgroup.read_text().split()[:2]
        return max(1, min(there, int(quota) // int(period)))  # "max" is no number: there is no bound
    return there


@torch.inference_mode()
def quicker_dtype(device: torch.device) -> torch.dtype:
    """float32 or bfloat16, whichever runs one convolution sooner (channels_last, batch of one)."""
    try:
        float32, bfloat16 = _convolution(device, torch.float32), _convolution(device, torch.bfloat16)
        times = [(_seconds(float32, device), _seconds(bfloat16, device)) for _ in range(ROUNDS)]
    except (RuntimeError, TypeError):  # a device without bfloat16
        return torch.float32
    # The best of many alternating rounds: what else the machine does only ever makes a round slower.
    slow, quick = (min(column) for column in zip(*times[2:], strict=True))
    return torch.bfloat16 if slow > MARGIN * quick else torch.float32


def _convolution(device: torch.device, dtype: torch.dtype) -> nn.Conv2d:
    """The middle of a small generator: 64 maps of 64 pixels."""
    convolution = nn.Conv2d(64, 64, 3, padding=1, device=device, dtype=dtype)
    convolution.weight.data = convolution.weight.data.contiguous(memory_format=torch.channels_last)
    return convolution


def _seconds(convolution: nn.Conv2d, device: torch.device) -> float:
    x = torch.ones(1, 64, 64, 64, device=device, dtype=convolution.weight.dtype).contiguous(memory_format=torch.channels_last)
    wait(device)
    began = time.perf_counter()
    convolution(x)
    wait(device)
    return time.perf_counter() - began


def wait(device: torch.device) -> None:
    """Until the device has done what it was told."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


def is_out_of_memory(error: BaseException) -> bool:
    """torch has a class of its own for cuda only; mps and cpu say it in words."""
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error) for words in ("out of memory", "can't allocate memory"))


def is_lost(error: BaseException) -> bool:
    """The device has failed in a way after which nothing more can be drawn on it by this process."""
    return isinstance(error, torch.AcceleratorError) and not is_out_of_memory(error)


def free_memory(device: torch.device) -> None:
    """Give back what is held but unused."""
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()
    elif device.type == "mps":
        torch.mps.empty_cache()


def resident_mb() -> float:
    """This process's memory now; where the system does not say, the most it ever was."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * resource.getpagesize() / 2**20
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (2**20 if sys.platform == "darwin" else 2**10)
