"""What the page is told of a generator is what the generator can do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from models.checkpoint import load
from studio.declare import acts_on, declaration


@pytest.mark.parametrize("name", ["tiny-dcgan", "tiny-style", "tiny-vae"])
def test_a_declaration_is_json_of_card_and_spec(tiny_checkpoints: Path, name: str) -> None:
    checkpoint = load(tiny_checkpoints / name)
    declared = json.loads(json.dumps(declaration(checkpoint)))
    spec = checkpoint.generator.spec
    assert declared == declaration(checkpoint)
    assert (declared["id"], declared["title"]["zh"], declared["family"]) == (name, name, spec.family)
    assert (declared["size"], declared["layers"]) == (spec.size, spec.layers)
    assert (declared["classes"], declared["styles"]) == (list(spec.classes), list(spec.styles))
    assert declared["directions"] == {"slant": []}
    assert declared["truncation"] == checkpoint.card.truncation == 1
    assert declared["openings"] == []
    assert declared["short_hash"] == checkpoint.card.weights_sha256[:12]
    assert declared["limits"]["en"] == ["It has learned nothing."]


def test_a_control_is_declared_only_where_it_does_something(tiny_checkpoints: Path) -> None:
    said = {name: declaration(load(tiny_checkpoints / name)) for name in ("tiny-dcgan", "tiny-style", "tiny-vae")}
    asked = ("is_map", "has_truncation", "has_noise", "encodes")
    assert {name: tuple(one[key] for key in asked) for name, one in said.items()} == {
        "tiny-dcgan": (False, True, False, False),
        "tiny-style": (False, True, True, False),
        "tiny-vae": (True, False, False, True),
    }


def test_the_layers_that_a_direction_changes_are_told() -> None:
    way = torch.zeros(4, 3)
    way[1:3] = 1
    assert acts_on(way) == [1, 2]
    assert acts_on(torch.ones(4, 3)) == acts_on(torch.ones(3)) == []
