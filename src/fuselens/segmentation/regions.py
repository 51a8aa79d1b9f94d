"""Regions: the class of each pixel, by labels or by a segmenter's own judgement."""

from __future__ import annotations

import torch

from fuselens.core.errors import InputError
from fuselens.segmentation.protocol import IGNORED


def classes_in(regions: torch.Tensor) -> list[int]:
    """Return the classes that are present, ascending."""
    return [number for number in torch.unique(regions).tolist() if number != IGNORED]


def check_regions(regions: torch.Tensor, image: torch.Tensor, classes: int) -> None:
    """Refuse regions that do not fit image or classes.

    Raises:
        InputError: another shape, no whole numbers, or a class that is none of `classes`.
    """
    if regions.shape != (image.shape[0], *image.shape[2:]) or regions.is_floating_point():
        raise InputError(
            f"Expected regions [N, H, W] of whole numbers for images of shape {tuple(image.shape)} but got "
            f"{regions.dtype} {tuple(regions.shape)}."
        )
    unknown = [number for number in classes_in(regions) if not 0 <= number < classes]
    if unknown:
        raise InputError(
            f"The regions name class {unknown[-1]}, but the segmenter knows classes 0 to {classes - 1}; take "
            "labels of the segmenter's own class table, and 255 for pixels that count nowhere."
        )


def share_of_mean(mask: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """Return 1 / area on the mask `[N, H, W]` of each image, 0 elsewhere, in numbers as those of `like`."""
    return mask.to(like.dtype) / mask.sum((-2, -1), keepdim=True).clamp(min=1)
