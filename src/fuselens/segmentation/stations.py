"""Where on the way from black to an image gradients are taken, and what each of them counts."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
import torch

from fuselens.core.errors import InputError

Rule = Literal["gauss", "midpoint", "right"]
Stations = list[tuple[float, float]]
"""Brightness and weight; the weights add up to 1."""


def stations(steps: int, rule: Rule) -> Stations:
    """Return `steps` places in (0, 1] and their weights.

    Args:
        steps: M.
        rule: `"right"` takes the ends of M equal parts, as the paper (Eq. 7); `"midpoint"` their middles; `"gauss"` the
            places and weights of Gauss and Legendre.

    Raises:
        InputError: no step, or an unknown rule.

    Example:
        >>> stations(2, "midpoint")
        [(0.25, 0.5), (0.75, 0.5)]
    """
    if steps < 1:
        raise InputError(f"Expected at least one step from black to the image but got {steps}.")
    if rule not in get_args(Rule):
        raise InputError(f"Expected one of {', '.join(map(repr, get_args(Rule)))} but got {rule!r}.")
    if rule == "gauss":
        places, weights = np.polynomial.legendre.leggauss(steps)
        return list(zip(((places + 1) / 2).tolist(), (weights / 2).tolist(), strict=True))
    return [((step if rule == "right" else step - 0.5) / steps, 1 / steps) for step in range(1, steps + 1)]


def mean_over(values: torch.Tensor, places: Stations) -> torch.Tensor:
    """Return the weighted mean `[N, ...]` of what was found at the stations, `[M * N, ...]`, station after station."""
    return torch.stack([w * each for (_, w), each in zip(places, values.chunk(len(places)), strict=True)]).sum(dim=0)
