"""The target of a search for a counterfactual image: how far a fused image lies between that image and the original."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from fuselens.core.evaluator import MIN_EFFECT
from fuselens.core.locality import Box, crop
from fuselens.core.targets.region import Region


@dataclass(frozen=True, eq=False)
class Between:
    """1 for the original fused image, 0 for the counter image, below 0.5 for images nearer to the latter.

    Nearness is the mean squared error over a region; the number is a fused image's place along the straight line from
    the one to the other: <g - c, o - c> / |o - c|^2. It is 0 throughout where both differ by less than 0.01 (root mean
    square).

    Attributes:
        counter: the counter image `[1, 1, H, W]`.
        region: where they are compared.
        name: for results.
        direction: original less counter over the region's box `[1, 1, h, w]`; None before `bound`.
    """

    counter: torch.Tensor
    region: Region
    name: str
    direction: torch.Tensor | None = None

    stationary_at_input = False

    def bound(self, _a: torch.Tensor, _b: torch.Tensor, fused: torch.Tensor) -> Between:
        """Return the target for the original fused image."""
        box = self.box((int(fused.shape[-2]), int(fused.shape[-1])))
        counter = crop(self.counter.to(fused), box)
        direction = crop(fused, box) - counter
        length = self.region.mean(direction**2)
        scaled = torch.where(length.sqrt() >= MIN_EFFECT, direction / length.clamp(min=MIN_EFFECT**2), 0.0)
        return Between(counter, self.region, self.name, scaled)

    def box(self, size: tuple[int, int]) -> Box:
        """Return the region's bounding box.

        Raises:
            InputError: the region leaves the image.
        """
        return self.region.box(size)

    def __call__(self, fused: torch.Tensor) -> torch.Tensor:
        """Return the place of each fused image, `[N]`."""
        assert self.direction is not None
        return self.region.mean((fused - self.counter) * self.direction)

    def __str__(self) -> str:
        """Return the name."""
        return self.name
