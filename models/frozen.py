"""Layers that are trained no more: in one precision and, on a processor, laid out as it reads them.

oneDNN, which computes torch's layers on a CPU, keeps kernels in an order of its own, and puts them into it anew at each call
unless they were packed before; for one small picture that costs as much as the arithmetic. What packs them and what takes
packed ones are operators that torch.compile calls and that have no public name. So each packed layer is tried beside the plain
one when it is made, and not used where it is missing, refuses, differs or is slow.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Layer = Callable[[Tensor], Tensor]
Activation = Literal["none", "relu", "swish"]  # as oneDNN names them

ACTIVATIONS: dict[Activation, Layer] = {"none": lambda x: x, "relu": F.relu, "swish": F.silu}
COMPANIES = (1, 8)  # pictures at once that a packed layer is tried on
TRIES = 2
TOLERANCE = 0.02  # of the largest value; bfloat16 keeps eight bits
LENIENCE = 3.0  # times as slow as the plain layer; a kernel packed for maps of another size takes thirty


@torch.no_grad()
def frozen(layer: nn.Linear | nn.Conv2d | nn.ConvTranspose2d, dtype: torch.dtype, activation: Activation = "none", side: int = 1) -> Layer:
    """A layer and what activates it: takes and gives what the layer does, in dtype, maps in channels_last.

    side: of the maps that it takes, which decides the order of a packed kernel.
    """
    twin = copy.deepcopy(layer).to(dtype).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    activate = ACTIVATIONS[activation]

    def plain(x: Tensor) -> Tensor:
        return activate(twin(x))

    if twin.weight.device.type != "cpu":
        return plain
    shape = (twin.in_features,) if isinstance(twin, nn.Linear) else (twin.in_channels, side, side)
    try:
        packed = _packed(twin, activation, side)
        as_good = all(_as_good(packed, plain, torch.ones(n, *shape, dtype=dtype)) for n in COMPANIES)
    except (AttributeError, RuntimeError):  # another torch or another processor
        return plain
    return packed if as_good else plain


@torch.no_grad()
def frozen_to_maps(layer: nn.Linear, side: int, dtype: torch.dtype, activation: Activation = "none") -> Layer:
    """A product that makes the first maps, (n, inputs) -> (n, maps, side, side), ordered so that they are channels_last at once."""
    by_pixel = copy.deepcopy(layer)
    for constant in by_pixel.parameters():
        constant.copy_(constant.unflatten(0, (-1, side**2)).transpose(0, 1).flatten(0, 1))
    product = frozen(by_pixel, dtype, activation)
    return lambda x: product(x).view(len(x), side, side, -1).permute(0, 3, 1, 2)


@torch.no_grad()
def frozen_to_picture(layer: nn.ConvTranspose2d, dtype: torch.dtype, side: int) -> Layer:
    """A transposed convolution that makes a picture, (n, inputs, side, side) -> (n, channels, h, w) in float32.

    A grey one is what the kernel makes of each pixel, added up where it overlaps: oneDNN takes three times as long for one map.
    """
    if layer.out_channels > 1:
        run = frozen(layer, dtype, side=side)
        return lambda x: run(x).float()
    assert not isinstance(layer.padding, str)
    weight = layer.weight.float().flatten(1).T.contiguous()  # (kernel side ** 2, inputs)
    bias = 0.0 if layer.bias is None else float(layer.bias)
    sizes = zip(layer.stride, layer.padding, layer.kernel_size, strict=True)
    height, width = ((side - 1) * stride - 2 * padding + kernel for stride, padding, kernel in sizes)
    geometry = layer.kernel_size, layer.dilation, layer.padding, layer.stride
    return lambda x: F.fold(weight @ x.float().flatten(2), (height, width), *geometry) + bias


def _packed(layer: nn.Linear | nn.Conv2d | nn.ConvTranspose2d, activation: Activation, side: int) -> Layer:
    ops = torch.ops.mkldnn
    if isinstance(layer, nn.Linear):
        pack, run, geometry, size = ops._reorder_linear_weight.default, ops._linear_pointwise.default, (), 1
    elif isinstance(layer, nn.Conv2d):
        pack, run = ops._reorder_convolution_weight.default, ops._convolution_pointwise.default
        geometry, size = (layer.padding, layer.stride, layer.dilation, layer.groups), (1, layer.in_channels, side, side)
    else:
        pack, run = ops._reorder_convolution_transpose_weight.default, ops._convolution_transpose_pointwise.default
        geometry = layer.padding, layer.output_padding, layer.stride, layer.dilation, layer.groups
        size = 1, layer.in_channels, side, side
    kernel, bias = pack(layer.weight, *geometry, size), layer.bias
    return lambda x: run(x, kernel, bias, *geometry, activation, [], "")


def _as_good(packed: Layer, plain: Layer, x: Tensor) -> bool:
    given, expected = packed(x), plain(x)
    alike = torch.allclose(given, expected, rtol=0, atol=TOLERANCE * float(expected.abs().max()))
    return alike and _seconds(packed, x) < LENIENCE * _seconds(plain, x)


def _seconds(layer: Layer, x: Tensor) -> float:
    """Of this thread's own work, at best: what else the machine does must not decide, or each start would draw other bytes."""
    seconds = []
    for _ in range(TRIES):
        began = time.thread_time()
        layer(x)
        seconds.append(time.thread_time() - began)
    return min(seconds)
