"""Painting slowly: pixels changed step by step until the encoder sees the style (Gatys 2016). What StyleTransfer does at once, finer."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from models.colours import Palette, matched
from models.encoder import Encoder
from models.gram import content_distance, gram, grams, seen_twice, style_distance, tilted
from models.translators.canvas import STRIDE, finished, framed, styles_seen
from models.translators.translator import Others

ANGLES = tuple(math.pi / 16 * k for k in range(8))  # at which both are looked at by turns, every other time upright


@dataclass(frozen=True)
class Patience:
    """How long it is painted, and what else than style counts."""

    steps: int = 300
    rate: float = 0.02  # of a pixel's range, falling to a tenth
    content: float = 0.1  # weight of likeness to the content beside that of style (Gatys 2016, equation 7)
    palette: float = 0.0  # weight of the style's own colours: the encoder hardly sees a tint that another place makes up for
    smooth: float = 2.0  # weight of squared differences between neighbours, against grain that the encoder hardly sees

    def __post_init__(self) -> None:
        if self.steps < 1 or self.rate <= 0 or min(self.content, self.palette, self.smooth) < 0:
            raise ValueError(f"Painting takes at least one step, a rate above 0 and no negative weights, not {self}.")


FINE = Patience(palette=0.1)  # what the studio asks for, whatever Gatys did


def painted_slowly(
    encoder: Encoder, x: Tensor, told: Mapping[str, float], beside: Others, patience: Patience, start: Tensor | None = None
) -> Iterator[tuple[int, Tensor]]:
    """After each step its number, from 1, and the picture so far (1, 3, h, w) in [0, 1]; whoever has seen enough stops asking.

    x: (1, 3, h, w) in [0, 1]; told and beside: as StyleTransfer.spec reads them; encoder: frozen. It begins with `start`,
    such as what StyleTransfer paints, or with the content in the style's colours. Memory grows with the picture: about
    600 bytes a pixel.
    """
    styles, shares = styles_seen(x, told, beside)
    begun = sum(share * matched(x, style) for style, share in zip(styles, shares, strict=True)) if start is None else start
    assert isinstance(begun, Tensor)
    pixels = begun.detach().clone().requires_grad_()
    adam = torch.optim.Adam([pixels], lr=patience.rate, betas=(0.9, 0.99))
    wanted = {angle: mixed_grams(encoder, styles, shares, angle) for angle in ANGLES}
    palette = Palette.of(styles, shares)
    draw = torch.Generator().manual_seed(int(told["seed"]))
    for number in range(patience.steps):
        adam.param_groups[0]["lr"] = patience.rate * (1 - 0.9 * number / patience.steps)
        above, left, turn = (int(torch.randint(most, (), generator=draw)) for most in (STRIDE, STRIDE, len(ANGLES)))
        angle = ANGLES[turn] if number % 2 else 0.0
        with torch.enable_grad():
            found = seen_twice(encoder, tilted(framed(pixels, above, left), angle))
            with torch.no_grad():
                known = encoder(2 * tilted(framed(x, above, left), angle) - 1)
            style = style_distance([gram(features) for features in found], wanted[angle])
            if patience.palette:
                style = style + patience.palette * palette.distance(pixels)
            loss = told["strength"] * style + patience.content * content_distance(found, known) + restless(pixels, patience)
            adam.zero_grad()
            loss.sum().backward()
        adam.step()
        yield number + 1, finished(pixels.detach().clamp(0, 1), x, told, beside)


def mixed_grams(encoder: Encoder, styles: Sequence[Tensor], shares: Sequence[float], angle: float) -> list[Tensor]:
    """Of several styles, tilted by an angle."""
    with torch.no_grad():
        found = [grams(encoder, tilted(style, angle)) for style in styles]
        return [torch.stack([share * g for share, g in zip(shares, of, strict=True)]).sum(0) for of in zip(*found, strict=True)]


def restless(pixels: Tensor, patience: Patience) -> Tensor:
    """What no picture should have: grain, and values beyond black and white."""
    across, down = pixels[..., 1:] - pixels[..., :-1], pixels[..., 1:, :] - pixels[..., :-1, :]
    return patience.smooth * (across.square().mean() + down.square().mean()) + 10 * (pixels - pixels.clamp(0, 1)).square().mean()
