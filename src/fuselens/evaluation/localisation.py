"""Localisation: how much of the explanation lies on what is known to matter.

Reference: Arras et al., "CLEVR-XAI", Information Fusion 2022 (relevance mass accuracy).
"""

from __future__ import annotations

import torch

from fuselens.core.errors import InputError
from fuselens.evaluation.likeness import Result, maps_of


def localisation(result: Result, mask: torch.Tensor) -> dict[str, float]:
    """Return the share of absolute attribution, or of a set's pixels, inside a mask; NaN where there is none at all.

    Keys: `localisation`, and `localisation_area`: the mask's share of the image, what an even map would get.

    Args:
        result: a map or a set; both sources count.
        mask: where the object is, `[H, W]` (bool), such as the boxes of the annotated targets.

    Raises:
        InputError: a mask of another size, or an empty one.
    """
    maps, inside = maps_of(result).abs(), mask.detach().cpu().bool()
    if tuple(inside.shape) != tuple(maps.shape[1:]) or not bool(inside.any()):
        raise InputError(
            f"Expected a mask of size {tuple(maps.shape[1:])} with pixels set but got {tuple(inside.shape)}."
        )
    total = float(maps.sum())
    share = float(maps[:, inside].sum()) / total if total else float("nan")
    return {"localisation": share, "localisation_area": float(inside.double().mean())}
