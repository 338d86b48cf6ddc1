"""Sketches of pictures: dark lines on white, as a neat pen draws them, or an unsure hand."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

SIDE = 128  # pixels; every length below is meant for a picture of this side, and grows with it
WIDER = 1.6  # ratio of the two blurs whose difference finds lines (Marr and Hildreth 1980, appendix B)
FAINTEST = 0.004  # what is less of a contrast is no line, however empty the picture
TINY = 1e-12
LUMA = (0.299, 0.587, 0.114)

# How unsure a hand may be: the least and the most of each, lengths in pixels of a side of 128.
FINE, COARSE = (0.8, 1.4), (1.0, 6.0)  # details that it sees; lines of both are drawn
LEAST, WIDTH = (0.1, 0.4), (1.2, 3.5)
ASTRAY, PRESSURE = 3.0, 0.3  # how far lines lie from their places, and how unevenly wide they are: standard deviations, at most
FORGOTTEN = (0.3, 1.3)  # shares of coarse and of fine lines, at most: beyond 1 none is drawn
DARK, FILLED = 0.25, 0.25  # what is darker is filled, in such a share of sketches
BROAD = 0.3  # share of sketches with lines two pixels broader


@dataclass(frozen=True)
class Pens:
    """How each of n pictures is drawn, lengths in pixels of a side of 128."""

    detail: Tensor  # (n,) standard deviation of the blur before lines are looked for: 1 sees buttons, 4 little but the head
    least: Tensor  # (n,) share of the strongest line's contrast below which none is drawn
    width: Tensor  # (n,) or at each pixel, (n, h, w); at most about twice the detail is drawn
    grey: Tensor  # (n, 3) how colours are weighed; lines between colours of one grey are not seen

    def to(self, device: torch.device) -> Pens:
        return Pens(*(part.to(device) for part in (self.detail, self.least, self.width, self.grey)))


def sketched(pictures: Tensor) -> Tensor:
    """A neat sketch of each picture, (n, 3, h, w) in [0, 1] -> (n, 1, h, w): 0 = ink, 1 = paper."""
    n = len(pictures)
    usual = Pens(torch.full((n,), 1.0), torch.full((n,), 0.25), torch.full((n,), 2.0), torch.tensor(LUMA).expand(n, 3))
    return 1 - lines(pictures, usual.to(pictures.device))


def by_hand(pictures: Tensor, draw: torch.Generator) -> Tensor:
    """A sketch of each picture as a visitor may draw it, (n, 3, h, w) in [0, 1] -> (n, 1, h, w): 0 = ink, 1 = paper.

    Each has a hand of its own: what it sees and forgets, how wide its pen is and how hard it presses, how far it goes astray. Chance is
    drawn on the CPU, so that a seed means the same everywhere.
    """
    n, size, scale, device = len(pictures), pictures.shape[2:], pictures.shape[-1] / SIDE, pictures.device

    def between(ends: tuple[float, float]) -> Tensor:
        return ends[0] + (ends[1] - ends[0]) * torch.rand(n, generator=draw).to(device)

    def chosen(share: float) -> Tensor:
        return (torch.rand(n, 1, 1, 1, generator=draw) < share).to(device)

    def field(cells: int) -> Tensor:
        return noise(n, size, cells, draw, device)

    shift = between((0, ASTRAY * scale)).view(-1, 1, 1)
    seen = moved(pictures, torch.stack([shift * (field(4) + 0.2 * field(20)) for _ in range(2)], dim=3))
    width = between(WIDTH).view(-1, 1, 1) * (1 + between((0, PRESSURE)).view(-1, 1, 1) * field(12))
    ink = torch.zeros(n, 1, *size, device=device)
    for detail, forgotten in zip((COARSE, FINE), FORGOTTEN, strict=True):
        grey = (torch.tensor(LUMA) * (0.2 + torch.rand(n, 3, generator=draw))).to(device)
        drawn = lines(seen, Pens(between(detail), between(LEAST), width, grey / grey.sum(1, keepdim=True)))
        lost = torch.special.ndtri(between((0.02, forgotten)).clamp_max(0.9999)).view(-1, 1, 1)
        ink = torch.maximum(ink, drawn * (4 * (field(7) - lost)).clamp(0, 1).unsqueeze(1))
    ink = torch.where(chosen(BROAD), F.max_pool2d(ink, 3, 1, 1), ink)
    dark = ((DARK - blurred(seen.mean(1), between((1, 3)) * scale)) * 20 + 0.5).clamp(0, 1).unsqueeze(1)
    return 1 - torch.maximum(ink, dark * chosen(FILLED))


def lines(pictures: Tensor, pens: Pens) -> Tensor:
    """Ink along dark strokes and along the dark side of edges, (n, 3, h, w) in [0, 1] -> (n, 1, h, w) in [0, 1].

    A difference of Gaussians tells where it is darker than around (as in Winnemoeller 2012, equation 4); its ridges are found to a
    part of a pixel (Steger 1998, section 3.2), so that the pen decides how wide a line is.
    """
    scale = pictures.shape[-1] / SIDE
    grey = torch.einsum("nchw,nc->nhw", pictures, pens.grey)
    darker = blurred(grey, WIDER * pens.detail * scale) - blurred(grey, pens.detail * scale)
    strongest = darker[:, ::4, ::4].flatten(1).quantile(0.99, dim=1).clamp_min(FAINTEST)
    sure = darker / (pens.least * strongest).view(-1, 1, 1)
    width = pens.width.view(len(pictures), *(pens.width.shape[1:] or (1, 1)))
    ink = width * scale / 2 + 0.5 - from_ridge(darker)
    return (ink.clamp(0, 1) * (4 * sure - 4).clamp(0, 1)).unsqueeze(1)


def from_ridge(height: Tensor) -> Tensor:
    """How far each pixel is from a ridge, (n, h, w) in pixels, to second order; infinitely where none is near."""
    down, across = torch.gradient(height, dim=(1, 2))
    yy, yx = torch.gradient(down, dim=(1, 2))
    xx = torch.gradient(across, dim=2)[0]
    half = torch.hypot((xx - yy) / 2, yx).clamp_min(TINY)
    curved = half - (xx + yy) / 2  # downwards, in the direction where it is so the most, which is across the ridge
    turn, shear = (xx - yy) / (2 * half), yx / half  # cosine and sine of twice that direction's angle
    steep = (down.square() * (1 + turn) + across.square() * (1 - turn)) / 2 - down * across * shear  # in that direction, squared
    return torch.where(curved > 0, steep.clamp_min(0).sqrt() / curved, math.inf)


def blurred(x: Tensor, deviation: Tensor) -> Tensor:
    """Gaussian blur of each of (n, h, w) by a deviation of its own, (n,) in pixels; what lies beyond the border has no say."""
    rows, columns = (gaussians(side, deviation) for side in x.shape[1:])
    return rows @ x @ columns.mT


def gaussians(side: int, deviation: Tensor) -> Tensor:
    """(n, side, side): row i holds the weights of all places of a line at place i."""
    place = torch.arange(side, device=deviation.device)
    weight = (-(place[:, None] - place).square() / (2 * deviation.square().view(-1, 1, 1))).exp()
    return weight / weight.sum(2, keepdim=True)


def noise(n: int, size: torch.Size, cells: int, draw: torch.Generator, device: torch.device) -> Tensor:
    """(n, h, w) of about standard normal numbers that change slowly: drawn for `cells` places a side, smooth between."""
    return 1.3 * F.interpolate(torch.randn(n, 1, cells, cells, generator=draw).to(device), size=size, mode="bicubic")[:, 0]


def moved(pictures: Tensor, by: Tensor) -> Tensor:
    """Each pixel taken from (n, h, w, 2) pixels away, to the right and down; the border is carried on."""
    h, w = pictures.shape[2:]
    straight = F.affine_grid(torch.eye(2, 3).to(pictures).expand(len(pictures), 2, 3), list(pictures.shape), align_corners=False)
    return F.grid_sample(pictures, straight + by * 2 / by.new_tensor([w, h]), padding_mode="border", align_corners=False)
