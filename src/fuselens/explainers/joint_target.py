"""Several targets read off the same fused images, so that one set of perturbations serves them all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from fuselens.core.errors import InputError
from fuselens.core.locality import Box
from fuselens.core.targets import Target, bound_target


@dataclass(frozen=True, eq=False)
class JointTarget:
    """Targets that share a box; as one number, their mean.

    Attributes:
        targets: at least one.
        size: of the images they are bound to; None before.
    """

    targets: Sequence[Target]
    size: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        """Refuse an empty list."""
        if not self.targets:
            raise InputError("Expected at least one target but got an empty list.")

    def bound(self, a: torch.Tensor, b: torch.Tensor, fused: torch.Tensor) -> JointTarget:
        """Return the targets for one pair."""
        height, width = (int(side) for side in fused.shape[-2:])
        return JointTarget([bound_target(each, a, b, fused) for each in self.targets], (height, width))

    def box(self, size: tuple[int, int]) -> Box:
        """Return the box that covers all targets' boxes.

        Raises:
            InputError: a target leaves the image.
        """
        boxes = [each.box(size) for each in self.targets]
        return Box(
            min(box.top for box in boxes),
            min(box.left for box in boxes),
            max(box.bottom for box in boxes),
            max(box.right for box in boxes),
        )

    def each(self, fused: torch.Tensor) -> torch.Tensor:
        """Return every target's number, `[N, targets]`, for fused images cut to the common box.

        Raises:
            InputError: the targets are not bound to a pair.
        """
        if self.size is None:
            raise InputError(f"The targets {self} need a pair; call bound(a, b, fused) first.")
        whole = self.box(self.size)
        cuts = (each.box(self.size).inside(whole) for each in self.targets)
        columns = [each(fused[(..., *cut)].contiguous()) for each, cut in zip(self.targets, cuts, strict=True)]
        return torch.stack(columns, dim=1)

    def __call__(self, fused: torch.Tensor) -> torch.Tensor:
        """Return the mean of the targets, `[N]`."""
        return self.each(fused).mean(dim=1)

    def __str__(self) -> str:
        """List the targets."""
        return ", ".join(map(str, self.targets))
