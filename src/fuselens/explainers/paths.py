"""Paths from a baseline to the pair, along which Integrated Gradients adds up what the sources contribute.

References: Sundararajan et al., "Axiomatic attribution for deep networks", ICML 2017 (the straight path); Gu and Dong,
"Interpreting super-resolution networks with local attribution maps", CVPR 2021 (progressive blur, which takes the
detail and keeps the light).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

from fuselens.core.errors import InputError
from fuselens.core.fills import blurred

Images = tuple[torch.Tensor, torch.Tensor]
Path = Callable[[Sequence[float]], Images]
"""From the baseline at time 0 to the pair at time 1: returns both sources at N times, `[N, 1, h, w]`."""


class StagePath:
    """The path of an unfolding network's pictures f_0 .. f_K (paper 001, Eq. 11): straight from each to the next.

    Args:
        pictures: two or more, `[1, 1, H, W]`; f_k is at time k / K.
    """

    def __init__(self, pictures: Sequence[torch.Tensor]) -> None:
        """Keep the pictures.

        Raises:
            InputError: fewer than two.
        """
        if len(pictures) < 2:
            raise InputError(f"Expected a path of at least two pictures but got {len(pictures)}.")
        self.pictures = torch.cat([picture.detach() for picture in pictures])

    def __len__(self) -> int:
        """Count the stages, K."""
        return len(self.pictures) - 1

    def __call__(self, times: Sequence[float]) -> torch.Tensor:
        """Return the pictures at N times in [0, 1], `[N, 1, H, W]`."""
        place = torch.tensor(times, dtype=self.pictures.dtype, device=self.pictures.device) * len(self)
        before = place.long().clamp(max=len(self) - 1)
        part = (place - before)[:, None, None, None]
        return torch.lerp(self.pictures[before], self.pictures[before + 1], part)


def straight(start: Images, end: Images) -> Path:
    """Return the path on which every pixel moves evenly from `start` to `end`, pairs of images `[1, 1, h, w]`."""

    def at(times: Sequence[float]) -> Images:
        first, second = (
            torch.lerp(low, high, torch.tensor(times, dtype=low.dtype, device=low.device)[:, None, None, None])
            for low, high in zip(start, end, strict=True)
        )
        return first, second

    return at


def sharpening(end: Images, sigma: float, cut: Callable[[torch.Tensor], torch.Tensor]) -> Path:
    """Return the path on which a Gaussian's `sigma` shrinks evenly to 0.

    Args:
        end: the whole sources `[1, 1, H, W]`.
        sigma: of the blurred sources at its start, in pixels.
        cut: what takes from them the part that is asked for.
    """

    def at(times: Sequence[float]) -> Images:
        first, second = (
            torch.stack([cut(blurred(image[0, 0], sigma * (1 - time)))[None] for time in times]) for image in end
        )
        return first, second

    return at
