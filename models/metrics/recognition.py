"""Whether pictures are recognised as the class and style they were asked for, by judges that only ever saw real ones."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from models.checkpoint import Checkpoint
from models.metrics.judge import Judge, trained_judge
from models.metrics.samples import Samples
from models.training.labels import pictures_of


class Recognition:
    """Class and style accuracy of drawn pictures beside that of held-out real ones, and diversity within a class."""

    def names(self, checkpoint: Checkpoint) -> tuple[str, ...]:
        spec = checkpoint.generator.spec
        recognised = [f"{kind}_accuracy" for kind, names in (("class", spec.classes), ("style", spec.styles)) if names]
        mine = [*recognised, "intra_class_diversity"] if recognised else []
        return (*(f"real_{name}" for name in mine), *mine)

    def measure(self, samples: Samples) -> Mapping[str, float]:
        judge = trained_judge(samples.data, samples.judges)
        with torch.inference_mode():
            return {**real_scores(judge, samples), **drawn_scores(judge, samples)}


def drawn_scores(judge: Judge, samples: Samples) -> Mapping[str, float]:
    """What the judge makes of drawn pictures."""
    spec = samples.checkpoint.generator.spec
    features, named, right_class, right_style = [], [], 0, 0
    for x, classes, styles in samples.drawn():
        seen = judge(x)
        features.append(seen.features)
        named.append(classes * max(len(spec.styles), 1) + styles)
        if seen.classes is not None:
            right_class += int((seen.classes.argmax(1) == classes).sum())
        if seen.styles is not None:
            right_style += int((seen.styles.argmax(1) == styles).sum())
    scores: dict[str, float] = {}
    if spec.classes:
        scores["class_accuracy"] = right_class / samples.count
    if spec.styles:
        scores["style_accuracy"] = right_style / samples.count
    scores["intra_class_diversity"] = diversity(torch.cat(features), torch.cat(named))
    return scores


def real_scores(judge: Judge, samples: Samples) -> Mapping[str, float]:
    """What the judge makes of held-out real pictures: the measure of itself."""
    data = samples.data
    rows = torch.from_numpy(data.test())
    seen = [judge(pictures_of(data, part)) for part in rows.split(500)]
    scores, named = {}, torch.zeros(len(rows), dtype=torch.long)
    if data.class_labels is not None:
        wanted = torch.from_numpy(data.class_labels)[rows]
        found = torch.cat([s.classes.argmax(1) for s in seen if s.classes is not None])
        scores["real_class_accuracy"] = (found == wanted).double().mean().item()
        named += wanted * max(len(data.styles), 1)
    if data.style_labels is not None:
        wanted = torch.from_numpy(data.style_labels)[rows]
        found = torch.cat([s.styles.argmax(1) for s in seen if s.styles is not None])
        scores["real_style_accuracy"] = (found == wanted).double().mean().item()
        named += wanted
    scores["real_intra_class_diversity"] = diversity(torch.cat([s.features for s in seen]), named)
    return scores


def diversity(features: Tensor, named: Tensor) -> float:
    """Mean distance between two pictures of the same class and style, in the judge's features, over all that have two.

    features (n, d), named (n,): a low value beside the real data's means that a class has collapsed to one picture.
    """
    means = []
    for name in named.unique():
        mine = features[named == name][:200]
        if len(mine) > 1:
            means.append(torch.nn.functional.pdist(mine).mean())
    return torch.stack(means).mean().item()
