"""Jacobian images: how every source pixel moves one fused pixel or region (paper 002, section 3.2.1).

For local models only a window round the target is computed, so the cost does not grow with the image.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import overload

import numpy as np
import torch

from fuselens.core.errors import InputError
from fuselens.core.pair import ImagePair
from fuselens.core.results import Attribution
from fuselens.core.targets import Pixel, RegionMean, Target, refuse_stationary
from fuselens.explainers.backward import middle_pixel, score_of_sources


@overload
def jacobian(
    model: object, pair: ImagePair, pixel: tuple[int, int] | None = ..., *, region: object = ...,
    target: Target | None = ..., device: str | torch.device | None = ...,
) -> Attribution: ...  # fmt: skip
@overload
def jacobian(
    model: object, pair: Sequence[ImagePair], pixel: tuple[int, int] | None = ..., *, region: object = ...,
    target: Target | None = ..., device: str | torch.device | None = ...,
) -> list[Attribution]: ...  # fmt: skip
def jacobian(
    model: object,
    pair: ImagePair | Sequence[ImagePair],
    pixel: tuple[int, int] | None = None,
    *,
    region: object = None,
    target: Target | None = None,
    device: str | torch.device | None = None,
) -> Attribution | list[Attribution]:
    """Return d target / d source for both sources, exact including the image's borders.

    Args:
        model: any differentiable `(a, b) -> fused`.
        pair: one pair, or a sequence of them (then a list comes back).
        pixel: the fused pixel `(y, x)`; the image's middle where nothing else is given.
        region: box `(y0, x0, y1, x1)` or boolean mask `[H, W]`: its mean is explained instead.
        target: any other target.
        device: where to compute; None leaves the model where it is.

    Raises:
        InputError: more than one of pixel, region and target, or one that leaves the image.
        ModelError: no gradient reaches the sources, or the model returns what is no fused image.

    Example:
        >>> import torch
        >>> pair = ImagePair.from_arrays(torch.rand(9, 11), torch.rand(9, 11))
        >>> float(jacobian(lambda a, b: 0.7 * a + 0.3 * b, pair, pixel=(4, 5)).b[4, 5])
        0.30000001192092896
    """
    if not isinstance(pair, ImagePair):
        return [jacobian(model, one, pixel, region=region, target=target, device=device) for one in pair]
    chosen = _target(pair, pixel, region, target)
    refuse_stationary(chosen, "jacobian")
    with score_of_sources(model, pair, chosen, device) as score:
        value, by_a, by_b = score.with_gradients(*score.sources)
        return score.attribution("jacobian", by_a[0, 0], by_b[0, 0], float(value))


def _target(pair: ImagePair, pixel: tuple[int, int] | None, region: object, target: Target | None) -> Target:
    if sum(choice is not None for choice in (pixel, region, target)) > 1:
        raise InputError("Expected one of pixel, region and target but got several; choose one.")
    if target is not None:
        return target
    if region is not None:
        return RegionMean(region if isinstance(region, tuple | list | torch.Tensor) else np.asarray(region))  # type: ignore[arg-type]
    return middle_pixel(pair) if pixel is None else Pixel(int(pixel[0]), int(pixel[1]))
