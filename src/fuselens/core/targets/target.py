"""The target protocol.

A target names the box of fused pixels it reads and is called with the fused image cut to that box, so that local
models need to compute only that box.
"""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import torch

from fuselens.core.errors import InputError
from fuselens.core.locality import Box


@runtime_checkable
class Target(Protocol):
    """Turns fused images into one number each.

    A target that compares with the sources or with the original fused image also has a method
    `bound(a, b, fused) -> Target`, which takes them as `[1, 1, H, W]`; `bound_target` calls it. A target whose
    derivative vanishes at the original pair has `stationary_at_input = True`.
    """

    def box(self, size: tuple[int, int]) -> Box:
        """Return the fused pixels that the target reads in an image of `size`; refuse what lies outside."""
        ...

    def __call__(self, fused: torch.Tensor) -> torch.Tensor:
        """Return `[N]` numbers for fused images `[N, 1, h, w]` already cut to the box."""
        ...

    def __str__(self) -> str:
        """Name the target as the command line writes it."""
        ...


def bound_target(target: Target, a: torch.Tensor, b: torch.Tensor, fused: torch.Tensor) -> Target:
    """Return the target for one pair: as it is, or with the images that it compares with.

    Args:
        target: any target.
        a, b, fused: sources and original fused image, `[1, 1, H, W]`.

    Raises:
        InputError: the target does not fit the image.
    """
    bind: Any = getattr(target, "bound", None)
    found: Target = target if bind is None else bind(a, b, fused)
    found.box((int(fused.shape[-2]), int(fused.shape[-1])))
    return found


def refuse_stationary(target: Target, method: str) -> None:
    """Refuse a target whose derivative vanishes at the original pair: a gradient there is pure rounding noise.

    Raises:
        InputError: with the targets that can be used.
    """
    if getattr(target, "stationary_at_input", False):
        raise InputError(
            f"The target {target} has its maximum at the pair itself, so its gradient there is zero and '{method}' "
            "would return noise; use region:y0,x0,y1,x1, edges:y0,x0,y1,x1 or closeness:a, or a method that hides."
        )
