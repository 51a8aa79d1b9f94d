"""Laplacian pyramid fusion (Burt & Adelson 1983; Toet 1989): the stronger detail wins at every scale."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch.nn.functional import conv2d, conv_transpose2d, pad

from fuselens.core.errors import InputError
from fuselens.core.intrinsic import ModelState, StateBars, StateMaps
from fuselens.core.model import FusionModel
from fuselens.core.pair import ImagePair
from fuselens.core.run import model_inputs

RADIUS = 2  # of Burt's five-tap kernel


class Level(NamedTuple):
    """The details of both sources at one level, `[N, 1, h, w]`, signed."""

    a: torch.Tensor
    b: torch.Tensor

    @property
    def weight(self) -> torch.Tensor:
        """What counts of a: 1 where its detail is stronger, 0 where that of b is, 0.5 where they are equal."""
        strength_a, strength_b = self.a.abs(), self.b.abs()
        return (strength_a > strength_b).to(self.a.dtype) + 0.5 * (strength_a == strength_b).to(self.a.dtype)

    @property
    def taken(self) -> tuple[torch.Tensor, torch.Tensor]:
        """What is taken of each source."""
        weight = self.weight
        return weight * self.a, (1 - weight) * self.b

    @property
    def fused(self) -> torch.Tensor:
        """The details of the fused image."""
        taken_a, taken_b = self.taken
        return taken_a + taken_b


class LaplacianPyramid(FusionModel):
    """Details by larger magnitude (0.5 each where equal), the coarsest level by average.

    Args:
        levels: how often the image is halved; each doubles the reach.
    """

    name = "laplacian_pyramid"

    def __init__(self, levels: int = 3) -> None:
        """Choose the depth.

        Raises:
            InputError: levels outside 1..6.
        """
        super().__init__()
        if not 1 <= levels <= 6:
            raise InputError(f"Expected 1 to 6 pyramid levels but got {levels}.")
        self.levels = levels
        self.stride = 2**levels
        # Level l samples every 2^l pixels: down and up each reach 2 samples of the finer grid; measured and proved
        # by the contract test.
        self.reach = 4 * (2**levels - 1)
        taps = torch.tensor([1.0, 4.0, 6.0, 4.0, 1.0]) / 16
        self.register_buffer("kernel", (taps[:, None] * taps[None, :])[None, None], persistent=False)
        self.kernel: torch.Tensor

    def forward(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        """Fuse `[N, 1, H, W]` pairs of any size."""
        kernel = self.kernel.to(a)
        levels, fused = self.pyramid(a, b)
        for level in reversed(levels):
            fused = level.fused + _double(fused, kernel, level.a.shape[-2:])
        return fused

    def pyramid(self, a: torch.Tensor, b: torch.Tensor) -> tuple[list[Level], torch.Tensor]:
        """Return the details of every level, the finest first, and the average of what is left of both sources."""
        kernel = self.kernel.to(a)
        levels = []
        for _ in range(self.levels):
            smaller_a, smaller_b = _halve(a, kernel), _halve(b, kernel)
            shape = a.shape[-2:]
            levels.append(Level(a - _double(smaller_a, kernel, shape), b - _double(smaller_b, kernel, shape)))
            a, b = smaller_a, smaller_b
        return levels, (a + b) / 2

    @torch.no_grad()
    def explain_state(self, pair: ImagePair) -> ModelState:
        """Show for each level which source gives the details, and by how much they are stronger."""
        levels, _ = self.pyramid(*model_inputs(self, pair))
        first, second = pair.names
        won = torch.stack([level.weight.double().mean() for level in levels])
        taken = torch.tensor([[float(part.abs().sum()) for part in level.taken] for level in levels]).sum(dim=0)
        share = float(taken[0] / taken.sum()) if taken.any() else 0.5
        bars = StateBars(
            "Who gives the details of each level",
            "Part of the details that come from each source; where both are equally strong, half of each. Each level "
            "is twice as coarse as the one before.",
            _titles(levels),
            {first: won, second: 1 - won},
        )
        leads = StateMaps(
            "Whose detail is stronger, and by how much",
            f"Red: that of {first} is stronger and is taken; blue: that of {second}. Where it is pale, there is little "
            "detail or both are nearly alike, and noise can decide. Coarser levels have fewer details.",
            _by_level(levels, pair.size),
            "signed",
        )
        summary = [
            f"At each of {self.levels} levels, from fine to coarse, the stronger detail is taken; what is left, the "
            f"image at 1/{2**self.levels} of its size, is averaged.",
            f"Of the finest details {float(won[0]):.0%} come from {first}, of the coarsest {float(won[-1]):.0%}.",
            f"Weighed by their strength, {share:.0%} of all details come from {first}, {1 - share:.0%} from {second}.",
        ]
        facts = {f"part of all details, by strength, that comes from {first}": share}
        return ModelState(pair.names, summary, [bars, leads], facts)


def _titles(levels: Sequence[Level]) -> list[str]:
    return ["level 1, the finest", *(f"level {number}" for number in range(2, len(levels) + 1))]


def _by_level(levels: Sequence[Level], size: tuple[int, int]) -> dict[str, torch.Tensor]:
    """Return the lead of a at each level, each pixel of an image of `size` with that of the nearest sample."""
    leads = {}
    for finer, (title, level) in enumerate(zip(_titles(levels), levels, strict=True)):
        values, step = level.a.abs() - level.b.abs(), 2**finer  # samples lie at 0, step, 2 step, ...
        rows, columns = (
            ((torch.arange(side, device=values.device) + step // 2) // step).clamp(max=count - 1)
            for side, count in zip(size, values.shape[-2:], strict=True)
        )
        leads[title] = values[0, 0, rows[:, None], columns]
    return leads


def _halve(image: torch.Tensor, kernel: torch.Tensor) -> torch.Tensor:
    return conv2d(pad(image, (RADIUS,) * 4, mode="replicate"), kernel, stride=2)


def _double(image: torch.Tensor, kernel: torch.Tensor, size: torch.Size) -> torch.Tensor:
    """Insert zeros between the samples, smooth, and cut to `size` (the finer level may have an odd side)."""
    widened = conv_transpose2d(pad(image, (1,) * 4, mode="replicate"), 4 * kernel, stride=2)
    start = 2 + RADIUS
    return widened[..., start : start + size[0], start : start + size[1]]
