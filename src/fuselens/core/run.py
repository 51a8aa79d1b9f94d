"""Run a model on a pair: device, number type, tiles, and a check of what comes out."""

from __future__ import annotations

import logging
from typing import Literal

import torch
from torch import nn

from fuselens.core.errors import InputError, ModelError
from fuselens.core.locality import EVERY_SIDE, Box, Sides, crop, tiles, window_of
from fuselens.core.model import FusionModel, as_model, device_and_dtype, explaining
from fuselens.core.pair import ImagePair

logger = logging.getLogger("fuselens")
LARGE_IMAGE = 2**19
TILE = 512


def model_inputs(model: FusionModel, pair: ImagePair) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the pair's lumas as `[1, 1, H, W]` where the model lives, in its number type."""
    device, dtype = device_and_dtype(model)
    if device.type == "cpu" and not any(True for _ in model.parameters()):
        dtype = pair.a.y.dtype  # a rule computes in whatever precision the pair has
    return pair.tensors(dtype=dtype, device=device)


def checked_call(model: FusionModel, a: torch.Tensor, b: torch.Tensor, at_border: Sides = EVERY_SIDE) -> torch.Tensor:
    """Call the model on a whole image, or on a window of one, and refuse a result of another shape.

    Args:
        model: in evaluation mode.
        a, b: sources `[N, 1, h, w]`.
        at_border: which sides of the window are the image's own; all of them for a whole image.

    Raises:
        ModelError: wrong shape.
    """
    fused = model.on_window(a, b, at_border)
    if fused.shape != a.shape:
        raise ModelError(f"Expected '{model.name}' to return shape {tuple(a.shape)} but got {tuple(fused.shape)}.")
    return fused


def require_gradient(model: FusionModel, value: torch.Tensor) -> None:
    """Refuse a result of the model that no gradient connects with its sources.

    Raises:
        ModelError: `value` was computed without, or cut off from, autograd.
    """
    if not value.requires_grad:
        raise ModelError(
            f"'{model.name}' passes no gradient from its sources to the fused image; explain it with a method "
            "that needs none: occlusion, lime, baylime, rise, ddfimage, sedc or sedc_t."
        )


def fuse_luma(
    model: object,
    pair: ImagePair,
    *,
    device: str | torch.device | None = None,
    tile: int | Literal["auto"] | None = "auto",
) -> torch.Tensor:
    """Return the fused luma `[H, W]` on the CPU, as the model makes it (not clipped).

    Args:
        model: any `(a, b) -> fused`.
        pair: the sources.
        device: where to run; None leaves the model where it is.
        tile: side of the tiles in pixels. Tiles overlap by the model's reach, so the result is exact; `"auto"` cuts
            images of more than half a megapixel for local models, None never.

    Raises:
        InputError: tiles asked of a global model, or smaller than 8 pixels.
        ModelError: wrong shape, NaN or infinite values.
    """
    operator = as_model(model)
    size = pair.size
    if tile == "auto":
        large = size[0] * size[1] > LARGE_IMAGE
        tile = TILE if large and operator.reach is not None else None
        if large and operator.reach is None:
            logger.warning("%s is global and runs whole on %dx%d pixels%s.", operator.name, size[1], size[0],
                           _memory_words(operator, size))  # fmt: skip
    elif tile is not None and operator.reach is None:
        raise InputError(f"'{operator.name}' is global: tiles would change its result; leave tile out to run it whole.")
    if tile is not None and tile < 8:
        raise InputError(f"Expected tiles of at least 8 pixels but got {tile}.")
    boxes = list(tiles(size, tile)) if tile is not None else [Box(0, 0, *size)]
    fused = torch.empty(size, dtype=torch.float32)
    with explaining(operator, device), torch.inference_mode():
        a, b = model_inputs(operator, pair)
        fused = fused.to(a.dtype)
        for box in boxes:
            window = window_of(box, size, operator.reach, operator.stride)
            part = checked_call(operator, crop(a, window), crop(b, window), window.borders(size))[0, 0]
            fused[box.slices] = part[box.inside(window)].cpu()
    if not bool(torch.isfinite(fused).all()):
        raise ModelError(f"'{operator.name}' returned NaN or infinite values for this pair; check its input range.")
    return fused


def _memory_words(model: nn.Module, size: tuple[int, int]) -> str:
    """Estimate what a whole run takes, from the feature maps of a 64x64 run."""
    total = 0

    def count(_module: nn.Module, _inputs: object, output: object) -> None:
        nonlocal total
        if isinstance(output, torch.Tensor):
            total += output.numel() * output.element_size()

    hooks = [m.register_forward_hook(count) for m in model.modules() if not list(m.children())]
    try:
        device, dtype = device_and_dtype(model)
        probe = torch.zeros(1, 1, 64, 64, device=device, dtype=dtype)
        with torch.inference_mode():
            model(probe, probe)
    finally:
        for hook in hooks:
            hook.remove()
    gigabytes = total * size[0] * size[1] / 64**2 / 2**30
    return f"; its feature maps take at most {gigabytes:.1f} GB" if gigabytes >= 0.1 else ""
