"""Holes made of what is known: every patch of a hole becomes like the known one that it is most like (Wexler 2007).

The likest are found by PatchMatch (Barnes 2009): what fits one place, moved along, fits its neighbour, and a little chance finds the rest.
"""

from __future__ import annotations

from itertools import product

import torch
from torch import Tensor
from torch.nn import functional as F

RADIUS = 3  # pixels around the middle of a patch
NARROWER = 3.0  # times that chance looks nearer with each try
SHARPNESS = 0.5  # of the choice among the patches that lie over a pixel
DOUBT = 0.05  # of a patch's own contrast: what was found differs by so much, and may as well be something else
FLAT = 6 / 255  # contrast that counts as none
NEARBY = 10  # pixels around a place that are trusted together
PART = 1 << 15  # patches that are compared at once, so that a large hole needs no more memory


class Search:
    """For each patch that touches a hole the likest one that is wholly known. Places are numbers of pixels, row by row."""

    def __init__(self, hole: Tensor, draw: torch.Generator, coarse: Search | None = None) -> None:
        """hole: (h, w) bool. coarse: the same at half the size, whose findings are begun with."""
        self.height, self.width = height, width = hole.shape
        self.draw, self.hole = draw, hole.flatten().nonzero()[:, 0]
        touched = F.max_pool2d(hole[None].float(), 2 * RADIUS + 1, 1, RADIUS)[0] > 0
        inner = torch.zeros_like(touched)
        inner[RADIUS : height - RADIUS, RADIUS : width - RADIUS] = True
        self.may = (inner & ~touched).flatten()  # whether the patch around a place is wholly known
        self.at, known = (inner & touched).flatten().nonzero()[:, 0], self.may.nonzero()[:, 0]
        reach = range(-RADIUS, RADIUS + 1)
        self.around = torch.tensor([y * width + x for y, x in product(reach, reach)])
        self.number = torch.full((height * width,), -1)
        self.number[self.at] = torch.arange(len(self.at))
        self.can = len(self.at) > 0 and len(known) > 0
        if self.can:
            self.to = known[torch.randint(len(known), (len(self.at),), generator=draw)]
            if coarse and coarse.can:
                self.take_over(coarse)

    def take_over(self, coarse: Search) -> None:
        """Begin with what was found at half the size."""
        y, x = self.at // self.width, self.at % self.width
        number = coarse.number[(y // 2) * coarse.width + x // 2]
        found = coarse.to[number.clamp_min(0)]
        there = (2 * (found // coarse.width) + y % 2) * self.width + 2 * (found % coarse.width) + x % 2
        inside = there.clamp(0, len(self.may) - 1)
        self.to = torch.where((number >= 0) & (there == inside) & self.may[inside], inside, self.to)

    def improved(self, picture: Tensor, strides: tuple[int, ...]) -> Tensor:
        """picture: (3, h, w) with something in its hole -> the same, the hole made of what is now found to be likest."""
        pixels = picture.permute(1, 2, 0).reshape(-1, 3).contiguous()
        cost = self.unlike(pixels, self.at, self.to)
        for stride in strides:
            for way in (1, self.width, -1, -self.width):
                beside = self.number[(self.at + stride * way).clamp(0, len(self.number) - 1)]
                self.take(pixels, cost, torch.where(beside >= 0, self.to[beside] - stride * way, self.to))
            radius = float(max(self.height, self.width))
            while radius >= 1:
                self.take(pixels, cost, self.strayed(radius))
                radius /= NARROWER
        return self.voted(pixels, cost).T.reshape(picture.shape)

    def unlike(self, pixels: Tensor, at: Tensor, to: Tensor) -> Tensor:
        """Squared differences of the patches around two places."""
        pairs = zip(at.split(PART), to.split(PART), strict=True)
        return torch.cat(
            [(pixels[a[:, None] + self.around] - pixels[b[:, None] + self.around]).flatten(1).square().sum(1) for a, b in pairs]
        )

    def trusted(self, picture: Tensor) -> Tensor:
        """picture: (3, h, w) as it was made -> (h, w) in [0, 1], how surely what was found is what was there.

        Where patterns go on, there are patches like those of the hole in all; where there are none, their mean is mush.
        """
        if not self.can:
            return torch.zeros(self.height, self.width)
        pixels = picture.permute(1, 2, 0).reshape(-1, 3).contiguous()
        contrast = torch.cat([_contrast(pixels[at[:, None] + self.around]) for at in self.at.split(PART)])
        unlike = self.unlike(pixels, self.at, self.to) / (contrast + 3 * len(self.around) * FLAT**2)
        seen = torch.zeros(2, len(self.number)).index_copy_(1, self.at, torch.stack([unlike, torch.ones_like(unlike)]))
        doubt, places = F.avg_pool2d(seen.view(1, 2, self.height, self.width), 2 * NEARBY + 1, 1, NEARBY)[0]
        return (places > 0) / (1 + (doubt / places.clamp_min(1e-6) / DOUBT) ** 4)

    def strayed(self, radius: float) -> Tensor:
        """Other places, by chance, no farther from those found than this."""
        moved = ((2 * torch.rand(2, len(self.at), generator=self.draw) - 1) * radius).round().long()
        y = (self.to // self.width + moved[0]).clamp(0, self.height - 1)
        return y * self.width + (self.to % self.width + moved[1]).clamp(0, self.width - 1)

    def take(self, pixels: Tensor, cost: Tensor, to: Tensor) -> None:
        """What is liker than what was found before is found now."""
        inside = to.clamp(0, len(self.may) - 1)
        tried = ((to == inside) & self.may[inside] & (to != self.to)).nonzero()[:, 0]
        if not len(tried):
            return
        now = self.unlike(pixels, self.at[tried], to[tried])
        better = now < cost[tried]
        self.to[tried[better]], cost[tried[better]] = to[tried[better]], now[better]

    def voted(self, pixels: Tensor, cost: Tensor) -> Tensor:
        """(h * w, 3): each pixel of the hole as the patches over it have it, the liker the more."""
        usual = cost.kthvalue(1 + (3 * len(cost)) // 4 if len(cost) > 1 else 1).values.clamp_min(1e-8)
        share = torch.exp(-SHARPNESS * cost / usual) + 1e-6
        told, votes = F.pad(pixels, (0, 1), value=1.0), torch.zeros(len(pixels), 4)  # the last counts the shares
        for at, to, part in zip(self.at.split(PART), self.to.split(PART), share.split(PART), strict=True):
            lent = told[to[:, None] + self.around] * part[:, None, None]
            votes.index_add_(0, (at[:, None] + self.around).flatten(), lent.flatten(0, 1))
        voted, weight = votes[self.hole].split((3, 1), dim=1)
        made = pixels.clone()
        made[self.hole] = torch.where(weight > 0, voted / weight.clamp_min(1e-12), pixels[self.hole])
        return made


def _contrast(patches: Tensor) -> Tensor:
    """(n, places, 3) -> (n,): squared differences from their means."""
    return (patches - patches.mean(1, keepdim=True)).square().sum((1, 2))
