"""One shrinkage step of the low-rank extractor as one operation, in blocks of pixels that stay in the cache.

The step's formulas move 256 numbers a pixel through memory again and again; in blocks they move once. Training takes a
fifth of the processor's time, and keeps nothing but the codes for the backward pass.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import torch

BLOCK = 512  # pixels; 256 codes of each fit into half a megabyte


class Shrunk(NamedTuple):
    """What a step returns: codes `[P, C]`, and their products with `rebuild`, `[P, 9]`, where that was given."""

    codes: torch.Tensor
    products: torch.Tensor | None


def shrinkage_step(
    codes: torch.Tensor | None,
    neighbourhood: torch.Tensor,
    correct: torch.Tensor,
    threshold: torch.Tensor,
    momentum: torch.Tensor,
    rebuild: torch.Tensor | None,
) -> Shrunk:
    """Return `soft(momentum * codes + neighbourhood @ correct)` and its product with `rebuild`.

    `soft(v, t)` is `sign(v) max(|v| - t, 0)`; for negative thresholds, which training may lead to, it is used as it is.
    Under autocast all of it runs in the number type of autocast.

    Args:
        codes: of the step before, `[P, C]`; None at the first step.
        neighbourhood: `[P, K]`, what the correction of each pixel is made of.
        correct: `[K, C]`.
        threshold: `[C]`.
        momentum: a scalar.
        rebuild: `[C, 9]`; None at the last step.
    """
    device = neighbourhood.device.type
    dtype = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else neighbourhood.dtype
    given = (codes, neighbourhood, correct, threshold, momentum, rebuild)
    return Shrunk(*_Step.apply(*(each if each is None else each.to(dtype) for each in given)))  # type: ignore[no-untyped-call]


class _Step(torch.autograd.Function):
    @staticmethod
    def forward(
        context: Any,
        codes: torch.Tensor | None,
        neighbourhood: torch.Tensor,
        correct: torch.Tensor,
        threshold: torch.Tensor,
        momentum: torch.Tensor,
        rebuild: torch.Tensor | None,
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        shrunk = neighbourhood.new_empty(len(neighbourhood), correct.shape[1])
        products = None if rebuild is None else neighbourhood.new_empty(len(neighbourhood), rebuild.shape[1])
        for rows in _blocks(neighbourhood):
            values = neighbourhood[rows] @ correct
            if codes is not None:
                values.addcmul_(codes[rows], momentum)
            sign = values.sign()
            torch.mul(values.abs_().sub_(threshold).relu_(), sign, out=shrunk[rows])
            if rebuild is not None and products is not None:
                torch.mm(shrunk[rows], rebuild, out=products[rows])
        context.save_for_backward(codes, neighbourhood, correct, momentum, rebuild, shrunk)
        return shrunk, products

    @staticmethod
    def backward(context: Any, *gradients: torch.Tensor | None) -> tuple[torch.Tensor | None, ...]:
        """Where a code is not 0, the derivative of its shrinkage is 1, and -sign by the threshold."""
        codes, neighbourhood, correct, momentum, rebuild, shrunk = context.saved_tensors
        by_codes = None if codes is None else torch.empty_like(codes)
        by_neighbourhood = torch.empty_like(neighbourhood)
        learning = any(context.needs_input_grad[2:])
        exact = torch.promote_types(correct.dtype, torch.float32)
        by_correct, by_threshold, by_momentum = (
            torch.zeros(shape, dtype=exact, device=correct.device) for shape in (correct.shape, shrunk.shape[1:], ())
        )
        by_rebuild = None if rebuild is None else torch.zeros_like(rebuild, dtype=exact)
        for rows in _blocks(neighbourhood):
            gradient = _arriving(gradients, rebuild, rows, shrunk)
            if learning and by_rebuild is not None and gradients[1] is not None:
                by_rebuild += (gradients[1][rows].T @ shrunk[rows]).T
            sign = shrunk[rows].sign()
            gradient.mul_(sign)
            if learning:
                by_threshold -= gradient.sum(0)
            gradient.mul_(sign)
            torch.mm(gradient, correct.T, out=by_neighbourhood[rows])
            if learning:
                by_correct += neighbourhood[rows].T @ gradient
            if by_codes is not None:
                torch.mul(gradient, momentum, out=by_codes[rows])
                if learning:
                    by_momentum += gradient.mul_(codes[rows]).sum()
        return by_codes, by_neighbourhood, by_correct, by_threshold, by_momentum, by_rebuild


def _arriving(
    gradients: tuple[torch.Tensor | None, ...], rebuild: torch.Tensor | None, rows: slice, shrunk: torch.Tensor
) -> torch.Tensor:
    """Return the gradient by the block's codes, by both ways out of the step, as a tensor of its own."""
    direct, through = gradients
    if through is None or rebuild is None:
        return torch.zeros_like(shrunk[rows]) if direct is None else direct[rows].clone()
    return through[rows] @ rebuild.T if direct is None else torch.addmm(direct[rows], through[rows], rebuild.T)


def _blocks(pixels: torch.Tensor) -> Iterator[slice]:
    """Cut the pixels into blocks for a CPU's cache; other devices take them all at once."""
    size = BLOCK if pixels.device.type == "cpu" else len(pixels)
    for start in range(0, len(pixels), size):
        yield slice(start, start + size)
