"""Jacobian images: how every source pixel moves one fused pixel or region (paper 002, section 3.2.1).

For local models only a window round the target is computed, so the cost does not grow with the image.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import overload

import numpy as np
import torch

from fuselens.core.errors import InputError
from fuselens.core.locality import crop, window_of
from fuselens.core.model import FusionModel, as_model, explaining
from fuselens.core.pair import ImagePair
from fuselens.core.results import Attribution, model_settings
from fuselens.core.run import checked_call, fuse_luma, model_inputs, require_gradient
from fuselens.core.targets import Pixel, RegionMean, Target, bound_target, refuse_stationary


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
    operator = as_model(model)
    chosen = _bound(chosen, operator, pair, device)
    box = chosen.box(pair.size)
    window = window_of(box, pair.size, operator.reach, operator.stride)
    with explaining(operator, device), torch.enable_grad():
        a, b = (crop(source, window).requires_grad_(True) for source in model_inputs(operator, pair))
        value = chosen(checked_call(operator, a, b, window.borders(pair.size))[(..., *box.inside(window))]).sum()
        require_gradient(operator, value)
        gradients = torch.autograd.grad(value, (a, b), allow_unused=True, materialize_grads=True)
    maps = []
    for gradient in gradients:
        whole = torch.zeros(pair.size, dtype=gradient.dtype)
        whole[window.slices] = gradient[0, 0].cpu()
        maps.append(whole)
    return Attribution(
        maps[0], maps[1], pair.names, str(chosen), float(value.detach()), "jacobian", window, model_settings(operator)
    )


def _bound(target: Target, model: FusionModel, pair: ImagePair, device: str | torch.device | None) -> Target:
    """Give a target that compares with the pair's images what it compares with."""
    if not hasattr(target, "bound"):
        return target
    fused = fuse_luma(model, pair, device=device, tile=None)[None, None]
    return bound_target(target, pair.a.y[None, None], pair.b.y[None, None], fused)


def _target(pair: ImagePair, pixel: tuple[int, int] | None, region: object, target: Target | None) -> Target:
    if sum(choice is not None for choice in (pixel, region, target)) > 1:
        raise InputError("Expected one of pixel, region and target but got several; choose one.")
    if target is not None:
        return target
    if region is not None:
        return RegionMean(region if isinstance(region, tuple | list | torch.Tensor) else np.asarray(region))  # type: ignore[arg-type]
    y, x = pixel if pixel is not None else (pair.size[0] // 2, pair.size[1] // 2)
    return Pixel(int(y), int(x))
