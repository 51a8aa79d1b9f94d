"""Regions of the fused image, and the target of a region's mean."""

from __future__ import annotations

import numpy as np
import torch

from fuselens.core.errors import InputError
from fuselens.core.locality import Box

RegionLike = tuple[int, int, int, int] | np.ndarray | torch.Tensor | None


class Region:
    """A box `(y0, x0, y1, x1)` (half-open), a boolean mask `[H, W]`, or, for None, the whole image."""

    def __init__(self, region: RegionLike = None) -> None:
        """Take a box or a mask.

        Raises:
            InputError: the mask is empty or not two-dimensional.
        """
        self._mask: torch.Tensor | None = None
        self._box: Box | None = None
        if region is None:
            return
        if isinstance(region, tuple | list):
            self._box = Box(*(int(edge) for edge in region))
            return
        self._mask = torch.as_tensor(np.asarray(region)).bool()
        if self._mask.ndim != 2 or not bool(self._mask.any()):
            raise InputError("Expected a region mask [H, W] with at least one pixel set.")
        rows, columns = torch.where(self._mask)
        self._box = Box(int(rows.min()), int(columns.min()), int(rows.max()) + 1, int(columns.max()) + 1)

    def box(self, size: tuple[int, int]) -> Box:
        """Return the bounding box.

        Raises:
            InputError: the region leaves the image, or the mask has another size.
        """
        if self._mask is not None and tuple(self._mask.shape) != size:
            raise InputError(f"The region mask has shape {tuple(self._mask.shape)} but the images have {size}.")
        return Box(0, 0, *size) if self._box is None else self._box.checked(size)

    def mask(self, size: tuple[int, int]) -> torch.Tensor:
        """Return the region as a boolean map `[H, W]`."""
        box = self.box(size)
        if self._mask is not None:
            return self._mask
        mask = torch.zeros(size, dtype=torch.bool)
        mask[box.slices] = True
        return mask

    def grown(self, size: tuple[int, int], margin: int) -> Box:
        """Return the bounding box with `margin` pixels more on every side, cut at the image's border.

        Raises:
            InputError: as `box`.
        """
        box, (height, width) = self.box(size), size
        return Box(
            max(0, box.top - margin),
            max(0, box.left - margin),
            min(height, box.bottom + margin),
            min(width, box.right + margin),
        )

    def mean(self, values: torch.Tensor, margin: int = 0) -> torch.Tensor:
        """Return the mean over the region of maps `[N, 1, h, w]` cut to its box, or to `grown(size, margin)`, `[N]`."""
        if self._box is None:
            return values.mean(dim=(1, 2, 3))
        top, left = min(margin, self._box.top), min(margin, self._box.left)
        values = values[..., top : top + self._box.height, left : left + self._box.width]
        if self._mask is None:
            return values.mean(dim=(1, 2, 3))
        return values[:, 0, self._mask[self._box.slices].to(values.device)].mean(dim=1)

    def words(self, kind: str, whole: str) -> str:
        """Return `kind:y0,x0,y1,x1`, with a word where it is the bounding box of a mask, or `whole`."""
        if self._box is None:
            return whole
        box = self._box
        edges = f"{kind}:{box.top},{box.left},{box.bottom},{box.right}"
        return f"{edges} (mask)" if self._mask is not None else edges


class RegionMean(Region):
    """The mean of the fused image over a region."""

    def __call__(self, fused: torch.Tensor) -> torch.Tensor:
        """Return the mean over the region."""
        return self.mean(fused)

    def __str__(self) -> str:
        """Return `region:y0,x0,y1,x1` or `mean`."""
        return self.words("region", "mean")
