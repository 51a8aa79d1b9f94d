"""The target of sameness: how similar a fused image is to the original one.

References: Wang et al., "Image quality assessment: from error visibility to structural similarity", 2004, for SSIM;
Chen et al., "Gradient-based structural similarity for image quality assessment", ICIP 2006, for its gradient form.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import torch

from fuselens.core.errors import InputError, UnknownNameError
from fuselens.core.locality import Box, crop
from fuselens.core.ssim import WINDOW, ssim_map
from fuselens.core.targets.gradient_energy import sobel_magnitude
from fuselens.core.targets.region import Region, RegionLike

Measure = Literal["ssim", "gradient_ssim", "mae", "mse"]
_SSIM_MARGIN = WINDOW // 2
_MARGINS: dict[str, int] = {"ssim": _SSIM_MARGIN, "gradient_ssim": _SSIM_MARGIN + 1, "mae": 0, "mse": 0}


class Similarity:
    """Mean similarity of a fused image to the original one over a region; 1 for the original itself.

    Args:
        region: box, mask, or None for the whole image.
        measure: `"ssim"` (window 11, mirrored border), `"gradient_ssim"` (SSIM of gradient magnitudes), `"mae"`
            (1 - mean absolute error), `"mse"` (1 - mean squared error).

    Raises:
        UnknownNameError: no such measure.
    """

    stationary_at_input = True

    def __init__(self, region: RegionLike = None, measure: Measure = "ssim") -> None:
        """Keep region and measure; the reference comes with the pair."""
        if measure not in get_args(Measure):
            raise UnknownNameError("similarity measure", measure, get_args(Measure))
        self.region = Region(region)
        self.measure = measure

    def bound(self, a: torch.Tensor, b: torch.Tensor, fused: torch.Tensor) -> BoundSimilarity:
        """Return the target that compares with this fused image.

        Raises:
            InputError: the region leaves the image, or the image is smaller than the SSIM window.
        """
        return BoundSimilarity.to(fused, self.region, self.measure, str(self), stationary=True)

    def box(self, size: tuple[int, int]) -> Box:
        """Return the region and what the measure's window needs around it.

        Raises:
            InputError: the region leaves the image.
        """
        return self.region.grown(size, _MARGINS[self.measure])

    def __call__(self, fused: torch.Tensor) -> torch.Tensor:
        """Refuse: there is nothing to compare with before `bound`."""
        raise InputError(f"The target {self} compares with the original fused image; call bound(a, b, fused) first.")

    def __str__(self) -> str:
        """Return `same:y0,x0,y1,x1` or `image`, with the measure where it is not SSIM."""
        return self._titled("same", "image")

    def _titled(self, kind: str, whole: str) -> str:
        words = self.region.words(kind, whole)
        return words if self.measure == "ssim" else f"{words} ({self.measure})"


@dataclass(frozen=True, eq=False)
class BoundSimilarity:
    """Mean similarity to one reference image, cut to the box that is needed.

    Attributes:
        reference: `[1, 1, h, w]`.
        region: where the similarity is averaged.
        measure: how it is measured.
        title: how the command line writes the target.
        stationary_at_input: True where the reference is the original fused image.
    """

    reference: torch.Tensor
    region: Region
    measure: str
    title: str
    stationary_at_input: bool

    @classmethod
    def to(
        cls, reference: torch.Tensor, region: Region, measure: str, title: str, *, stationary: bool
    ) -> BoundSimilarity:
        """Cut a whole reference `[1, 1, H, W]` to what the region needs."""
        height, width = (int(side) for side in reference.shape[-2:])
        if _MARGINS[measure] and min(height, width) < WINDOW:
            raise InputError(
                f"The target {title} needs images of at least {WINDOW}x{WINDOW} pixels but got {width}x{height}; "
                "use larger images or the measure 'mae'."
            )
        box = region.grown((height, width), _MARGINS[measure])
        return cls(crop(reference.detach(), box), region, measure, title, stationary)

    def box(self, size: tuple[int, int]) -> Box:
        """Return the box that the reference was cut to."""
        return self.region.grown(size, _MARGINS[self.measure])

    def __call__(self, fused: torch.Tensor) -> torch.Tensor:
        """Return the mean similarity, `[N]`."""
        values = _MEASURES[self.measure](fused, self.reference.to(fused).expand_as(fused))
        return self.region.mean(values, margin=_MARGINS[self.measure])

    def __str__(self) -> str:
        """Return the title."""
        return self.title


def _ssim(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return ssim_map(x, y, padding="reflect")


_MEASURES: dict[str, Callable[[torch.Tensor, torch.Tensor], torch.Tensor]] = {
    "ssim": _ssim,
    "gradient_ssim": lambda x, y: _ssim(sobel_magnitude(x), sobel_magnitude(y)),
    "mae": lambda x, y: 1 - (x - y).abs(),
    "mse": lambda x, y: 1 - (x - y) ** 2,
}
