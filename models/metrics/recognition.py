"""Whether pictures are recognised as the class and style they were asked for, by judges that only ever saw real ones."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from models.checkpoint import Checkpoint
from models.metrics.judge import Judge, trained_judge
from models.metrics.samples import Samples
from models.training.labels import pictures_of


class Recognition:
    """Class and style accuracy of drawn pictures beside that of held-out real ones."""

    def names(self, checkpoint: Checkpoint) -> tuple[str, ...]:
        spec = checkpoint.generator.spec
        mine = [f"{kind}_accuracy" for kind, names in (("class", spec.classes), ("style", spec.styles)) if names]
        return (*(f"real_{name}" for name in mine), *mine)

    def measure(self, samples: Samples) -> Mapping[str, float]:
        judge = trained_judge(samples.data, samples.judges)
        with torch.inference_mode():
            return {**real_scores(judge, samples), **drawn_scores(judge, samples)}


def drawn_scores(judge: Judge, samples: Samples) -> Mapping[str, float]:
    """What the judge makes of drawn pictures."""
    spec = samples.checkpoint.generator.spec
    right_class, right_style = 0, 0
    for x, classes, styles in samples.drawn():
        seen = judge(x)
        if seen.classes is not None:
            right_class += int((seen.classes.argmax(1) == classes).sum())
        if seen.styles is not None:
            right_style += int((seen.styles.argmax(1) == styles).sum())
    scores: dict[str, float] = {}
    if spec.classes:
        scores["class_accuracy"] = right_class / samples.count
    if spec.styles:
        scores["style_accuracy"] = right_style / samples.count
    return scores


def real_scores(judge: Judge, samples: Samples) -> Mapping[str, float]:
    """What the judge makes of held-out real pictures: the measure of itself."""
    data = samples.data
    rows = torch.from_numpy(data.test())
    seen = [judge(pictures_of(data, part)) for part in rows.split(500)]
    scores: dict[str, float] = {}
    if data.class_labels is not None:
        wanted = torch.from_numpy(data.class_labels)[rows]
        found = torch.cat([s.classes.argmax(1) for s in seen if s.classes is not None])
        scores["real_class_accuracy"] = (found == wanted).double().mean().item()
    if data.style_labels is not None:
        wanted = torch.from_numpy(data.style_labels)[rows]
        found = torch.cat([s.styles.argmax(1) for s in seen if s.styles is not None])
        scores["real_style_accuracy"] = (found == wanted).double().mean().item()
    return scores
