"""The loss of a segmentation network: cross-entropy that knows two kinds of not knowing.

Pixels labelled 255 count nowhere. Pixels labelled `ELSEWHERE` are any class but those named: their loss is that of the
sum of all other classes' probabilities (Cermelli et al., "Modeling the background for incremental learning in semantic
segmentation", CVPR 2020, Eq. 5). So sets with few classes and sets with many can train one network.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch.nn.functional import cross_entropy

from fuselens.segmentation.labelled import ELSEWHERE
from fuselens.segmentation.protocol import IGNORED


def segmentation_loss(
    logits: torch.Tensor, label: torch.Tensor, weights: torch.Tensor | None = None, named: Sequence[int] = ()
) -> torch.Tensor:
    """Return the mean loss of the pixels that count, weighted by class; 0 where none counts.

    Args:
        logits: `[N, C, H, W]`.
        label: `[N, H, W]`, int64.
        weights: of the classes, `[C]`; pixels labelled `ELSEWHERE` weigh 1.
        named: the classes that pixels labelled `ELSEWHERE` are not.
    """
    if weights is None:
        weights = logits.new_ones(logits.shape[1])
    elsewhere = label == ELSEWHERE
    known = label.masked_fill(elsewhere, IGNORED)
    total = cross_entropy(logits, known, weights, ignore_index=IGNORED, reduction="sum")
    counted = known != IGNORED
    weight = weights[known[counted]].sum()
    if bool(elsewhere.any()):
        scores = logits.movedim(1, -1)[elsewhere]
        others = [number for number in range(logits.shape[1]) if number not in named]
        total = total + (scores.logsumexp(-1) - scores[:, others].logsumexp(-1)).sum()
        weight = weight + elsewhere.sum()
    return total / weight.clamp(min=torch.finfo(logits.dtype).tiny)


def balanced_weights(labels: Iterable[torch.Tensor], classes: int, power: float = 0.5) -> torch.Tensor:
    """Return class weights that make rare classes count: (mean share / share) ** power, at most 10; 1 where absent.

    Args:
        labels: label maps; what is ignored is not counted.
        classes: how many there are.
        power: 0 for equal weights, 1 for equal classes.
    """
    counts = torch.zeros(classes, dtype=torch.float64)
    for label in labels:
        counts += torch.bincount(label[label < classes].flatten(), minlength=classes)
    present = counts > 0
    weights = torch.ones(classes, dtype=torch.float64)
    weights[present] = (counts[present].mean() / counts[present]) ** power
    return weights.clamp(max=10.0).float()
