"""The product of similarities at several scales, each raised to the scale's exponent."""

from __future__ import annotations

from collections.abc import Sequence

import torch


def product_over_scales(values: Sequence[torch.Tensor], exponents: Sequence[float]) -> torch.Tensor:
    """Return the product of `value ** exponent`; a value that is not positive makes it 0, with a derivative of 0."""
    product = torch.ones_like(values[0])
    for value, exponent in zip(values, exponents, strict=True):
        positive = value > 0
        product = product * torch.where(positive, torch.where(positive, value, 1) ** exponent, 0)
    return product
