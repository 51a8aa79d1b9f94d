"""The diffusion index: how widely a network uses its source pixels.

Reference: Gu and Dong, "Interpreting super-resolution networks with local attribution maps", CVPR 2021.
"""

from __future__ import annotations

import torch


def diffusion_index(attribution: torch.Tensor) -> float:
    """Return `(1 - Gini(|attribution|)) * 100` of a map: 100 where all pixels count alike, near 0 where one does.

    It is 0 for a map that vanishes: no pixel is used.

    Example:
        >>> diffusion_index(torch.ones(4, 4)), diffusion_index(torch.tensor([0.0, 0.0, 0.0, 8.0]))
        (100.0, 25.0)
    """
    values = attribution.abs().double().flatten().sort().values
    total = float(values.sum())
    if total == 0:
        return 0.0
    count = len(values)
    ranks = torch.arange(1, count + 1, dtype=torch.float64, device=values.device)
    gini = float((2 * ranks - count - 1) @ values) / (count * total)
    return 100 * (1 - gini)
