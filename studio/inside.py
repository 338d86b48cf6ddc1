"""Looking inside a generator: the feature maps of a layer for one picture, side by side."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional as F

from models.spec import GeneratorSpec
from studio import recipe_rules as rules
from studio.bends import check_layer
from studio.drawing import Prepared, feature_maps
from studio.errors import Fault
from studio.recipe import Recipe

COLUMNS, MOST = 8, 64  # maps in a row, and in a sheet
TILE = 64  # pixels of a map's side at most


@dataclass(frozen=True)
class Look:
    """A layer, and the first of the channels that are wanted; Fault for what is neither."""

    layer: int
    first: int = 0

    def __post_init__(self) -> None:
        rules.whole("layer", self.layer, 0, rules.MAX_LAYER)
        rules.whole("first", self.first, 0, rules.MAX_CHANNEL)

    def check(self, spec: GeneratorSpec, recipe: Recipe) -> None:
        """Fault where the recipe's generator has none."""
        check_layer(spec, recipe, self.layer)
        if self.first >= (count := spec.bendable[self.layer]):
            raise Fault("fault.no_channel", generator=recipe.generator, layer=self.layer, name=self.first, most=count - 1)


def sheet(checkpoint: Prepared, recipe: Recipe, look: Look) -> np.ndarray:
    """At most 64 maps, eight in a row, uint8 (h, w, 3): after the layer's bends, each from its least value, black, to its most, white."""
    maps = feature_maps(checkpoint, recipe, look.layer)[look.first : look.first + MOST]
    if maps.shape[-1] > TILE:
        maps = F.adaptive_avg_pool2d(maps, TILE)
    least, most = maps.amin((1, 2), keepdim=True), maps.amax((1, 2), keepdim=True)
    maps = ((maps - least) / (most - least).clamp_min(1e-6) * 255).round_().to(torch.uint8)
    maps = torch.cat([maps, maps.new_zeros(-len(maps) % COLUMNS, *maps.shape[1:])])
    grey = maps.unflatten(0, (-1, COLUMNS)).transpose(1, 2).flatten(2).flatten(0, 1)
    return grey[:, :, None].expand(-1, -1, 3).contiguous().cpu().numpy()
