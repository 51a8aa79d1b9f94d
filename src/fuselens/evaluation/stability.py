"""Stability: does the explanation move with the image?

Reference: the stability test of DDImage (Empirical Software Engineering, 2024), which flips, rotates and compares by
cosine. A model need not move with its sources either, so its own error stands beside each figure.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from fuselens.core.errors import UnknownNameError
from fuselens.core.pair import ImagePair
from fuselens.core.results import Attribution
from fuselens.core.run import fuse_luma
from fuselens.core.targets import Target
from fuselens.evaluation.likeness import Method, cosine, jaccard, maps_of
from fuselens.evaluation.symmetries import SYMMETRIES, MovedTarget, Symmetry


def stability(
    method: Method, model: object, pair: ImagePair, target: Target, *, symmetries: Sequence[str] = ("flip", "rotate")
) -> dict[str, float]:
    """Explain flipped and rotated pairs, move the explanations back, and compare them with that of the pair itself.

    Keys: `stability_flip`, `stability_rotate`: Jaccard index of sets or cosine of maps; `equivariance_error_flip`,
    `equivariance_error_rotate`: mean absolute difference of the model's own fused images; `stability`: the mean.

    Args:
        method: an explainer with its settings: `(model, pair, target) -> result`.
        model: any `(a, b) -> fused`.
        pair: the sources.
        target: what is explained; it moves with the pair.
        symmetries: of `"flip"` (left to right) and `"rotate"` (by 90 degrees).

    Raises:
        UnknownNameError: no such symmetry.
    """
    for name in symmetries:
        if name not in SYMMETRIES:
            raise UnknownNameError("symmetry", name, SYMMETRIES)
    own, fused = method(model, pair, target), fuse_luma(model, pair)
    alike = cosine if isinstance(own, Attribution) else jaccard
    found: dict[str, float] = {}
    for symmetry in (SYMMETRIES[name] for name in symmetries):
        moved = method(model, symmetry.pair(pair), MovedTarget(target, symmetry))
        found[f"stability_{symmetry.name}"] = alike(maps_of(own), symmetry.back(maps_of(moved)))
        found[f"equivariance_error_{symmetry.name}"] = equivariance_error(model, pair, fused, symmetry)
    found["stability"] = float(np.mean([found[f"stability_{name}"] for name in symmetries]))
    return found


def equivariance_error(model: object, pair: ImagePair, fused: torch.Tensor, symmetry: Symmetry) -> float:
    """Return the mean absolute difference between the fused image and that of the moved pair, moved back."""
    return float((symmetry.back(fuse_luma(model, symmetry.pair(pair))) - fused).abs().mean())
