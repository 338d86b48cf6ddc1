"""Masks of what is missing: strokes of any form, rectangles, scratches and dust, and borders. All are (h, w) bool, True = missing."""

from __future__ import annotations

import math

import numpy as np
import torch
from PIL import Image, ImageDraw

KINDS = ("free", "free", "rectangles", "scratches", "border")  # as often as they stand here


def missing(height: int, width: int, draw: torch.Generator) -> np.ndarray:
    """A mask of any kind."""
    kind = KINDS[_whole(0, len(KINDS) - 1, draw)]
    if kind == "free":
        return free_form(height, width, _between(0.05, 0.35, draw), draw, thick=0.48)
    if kind == "rectangles":
        return rectangles(height, width, draw)
    return scratches(height, width, draw) if kind == "scratches" else border(height, width, draw)


def free_form(height: int, width: int, share: float, draw: torch.Generator, thick: float = 0.12) -> np.ndarray:
    """Strokes of a broad brush, one after another, until that share is missing (after Yu 2019, section 3.4).

    A stroke is a chain of segments that turns at every joint; joints are round. thick: the broadest, as a share of the shorter side.
    """
    short, drawn = min(height, width), Image.new("L", (width, height))
    brush, mask = ImageDraw.Draw(drawn), np.zeros((height, width), bool)
    while mask.mean() < share:
        x, y = _between(0, width, draw), _between(0, height, draw)
        heading, radius = _between(0, 2 * math.pi, draw), short * _between(0.015, thick / 2, draw)
        for _ in range(_whole(3, 10, draw)):
            heading += _between(0.2, 1.4, draw) * (1 if _whole(0, 1, draw) else -1)
            length = short * _between(0.04, 0.25, draw)
            to = min(max(x + length * math.cos(heading), 0), width), min(max(y + length * math.sin(heading), 0), height)
            brush.line([(x, y), to], fill=1, width=max(round(2 * radius), 1))
            for joint in ((x, y), to):
                brush.circle(joint, radius, fill=1)
            x, y = to
            if (mask := np.asarray(drawn) > 0).mean() >= share:
                break
    return mask


def rectangles(height: int, width: int, draw: torch.Generator) -> np.ndarray:
    """One to three, each a tenth to half of the picture's sides."""
    mask = np.zeros((height, width), bool)
    for _ in range(_whole(1, 3, draw)):
        h, w = (max(round(side * _between(0.1, 0.5, draw)), 1) for side in (height, width))
        top, left = _whole(0, height - h, draw), _whole(0, width - w, draw)
        mask[top : top + h, left : left + w] = True
    return mask


def scratches(height: int, width: int, draw: torch.Generator) -> np.ndarray:
    """Thin, nearly straight lines and small specks, as on an old print."""
    unit, drawn = min(height, width) / 256, Image.new("L", (width, height))
    pen = ImageDraw.Draw(drawn)
    for _ in range(_whole(2, 6, draw)):
        x, y, heading = _between(0, width, draw), _between(0, height, draw), _between(0, 2 * math.pi, draw)
        line, step = [(x, y)], min(height, width) * _between(0.05, 0.15, draw)
        for _ in range(_whole(4, 8, draw)):
            heading += _between(-0.2, 0.2, draw)
            x, y = x + step * math.cos(heading), y + step * math.sin(heading)
            line.append((x, y))
        pen.line(line, fill=1, width=max(round(unit * _between(1, 4, draw)), 1), joint="curve")
    for _ in range(_whole(3, 20, draw)):
        pen.circle((_between(0, width, draw), _between(0, height, draw)), unit * _between(0.7, 3, draw), fill=1)
    return np.asarray(drawn) > 0


def border(height: int, width: int, draw: torch.Generator) -> np.ndarray:
    """A strip along one side or two, a tenth to four tenths wide, as where a picture is to grow."""
    mask = np.zeros((height, width), bool)
    for turn in torch.randperm(4, generator=draw).tolist()[: _whole(1, 2, draw)]:
        turned = np.rot90(mask, turn)  # a view
        turned[: max(round(len(turned) * _between(0.1, 0.4, draw)), 1)] = True
    return mask


def _between(least: float, most: float, draw: torch.Generator) -> float:
    return least + (most - least) * float(torch.rand((), generator=draw))


def _whole(least: int, most: int, draw: torch.Generator) -> int:
    return int(torch.randint(least, most + 1, (), generator=draw))
