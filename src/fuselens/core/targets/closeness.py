"""The target of likeness to a source: why does the fused image look like this sensor here?"""

from __future__ import annotations

from typing import Literal

import torch

from fuselens.core.errors import InputError
from fuselens.core.targets.region import RegionLike
from fuselens.core.targets.similarity import BoundSimilarity, Measure, Similarity


class Closeness(Similarity):
    """Mean similarity of the fused image to one source over a region.

    Args:
        source: `"a"` or `"b"`.
        region: box, mask, or None for the whole image.
        measure: as for `Similarity`.

    Raises:
        InputError: no such source.
        UnknownNameError: no such measure.
    """

    stationary_at_input = False

    def __init__(self, source: Literal["a", "b"], region: RegionLike = None, measure: Measure = "ssim") -> None:
        """Keep what to compare with."""
        if source not in ("a", "b"):
            raise InputError(f"Expected closeness to source 'a' or 'b' but got {source!r}.")
        super().__init__(region, measure)
        self.source = source

    def bound(self, a: torch.Tensor, b: torch.Tensor, fused: torch.Tensor) -> BoundSimilarity:
        """Return the target that compares with the source.

        Raises:
            InputError: as `Similarity.bound`.
        """
        reference = a if self.source == "a" else b
        return BoundSimilarity.to(reference, self.region, self.measure, str(self), stationary=False)

    def __str__(self) -> str:
        """Return `closeness:a` or `closeness:a:y0,x0,y1,x1`, with the measure where it is not SSIM."""
        return self._titled(f"closeness:{self.source}", f"closeness:{self.source}")
