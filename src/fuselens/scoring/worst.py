"""The worst cases of each method, with the images to look at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fuselens.core.pair import ImagePair
from fuselens.data.fused import FusedImage
from fuselens.scoring.table import ScoreTable


@dataclass(frozen=True, eq=False)
class WorstCase:
    """One image that a method did badly on.

    Attributes:
        method, image: which.
        badness: how far it lies behind the method's own average, in standard deviations, averaged over the metrics.
        pair: the sources.
        fused: what the method made of them.
    """

    method: str
    image: str
    badness: float
    pair: ImagePair
    fused: FusedImage


def worst_images(table: ScoreTable, count: int) -> list[tuple[str, str, float]]:
    """Return (method, image, badness) of the `count` worst images of each method, worst first.

    Badness is the z-score against the method's own values, signed so that larger is worse, averaged over the metrics
    that the image has. Images without any value are failures, not cases.
    """
    losses = table.losses()
    found = np.isfinite(losses)
    weights = found.sum(axis=1, keepdims=True)
    clean = np.where(found, losses, 0.0)
    centred = np.where(found, clean - clean.sum(axis=1, keepdims=True) / np.maximum(weights, 1), 0.0)
    spread = np.sqrt((centred**2).sum(axis=1, keepdims=True) / np.maximum(weights - 1, 1))
    scaled = np.divide(centred, spread, out=np.zeros_like(centred), where=spread > 0)
    have = found.sum(axis=2)
    badness = np.where(have, scaled.sum(axis=2) / np.maximum(have, 1), -np.inf)
    return [
        (method, table.images[i], float(row[i]))
        for method, row in zip(table.methods, badness, strict=True)
        for i in np.argsort(-row, kind="stable")[:count]
        if np.isfinite(row[i])
    ]
