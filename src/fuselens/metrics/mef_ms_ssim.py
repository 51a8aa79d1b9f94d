"""MEF-MS-SSIM: similarity at three scales to a structure made of both sources; "MS_SSIM" of the DenseFuse family."""

from __future__ import annotations

import torch
from torch.nn import functional as F

from fuselens.core.filters import gaussian, uniform
from fuselens.core.moments import local_moments
from fuselens.core.ssim import K2, SIGMA, WINDOW
from fuselens.metrics.metric import metric
from fuselens.metrics.parts.scales import product_over_scales

_EXPONENTS = tuple(each / 0.6305 for each in (0.0448, 0.2856, 0.3001))  # of the scales, from fine to coarse
_C = (K2 * 255) ** 2
_STEEPEST = 10.0  # the largest power of contrasts, which amounts to taking the source of more contrast


@metric(
    title="MEF-MS-SSIM",
    better="higher",
    bounds=(0, 1),
    smallest=WINDOW * 2 ** (len(_EXPONENTS) - 1),
    reference="Ma, Zeng, Wang, IEEE Trans. Image Processing 24(11), 2015",
)
def mef_ms_ssim(a: torch.Tensor, b: torch.Tensor, fused: torch.Tensor, *, convention: str) -> torch.Tensor:
    """Product over three scales of the mean similarity to the sources' common structure; brightness is ignored."""
    images = torch.stack((a, b, fused))
    values = []
    for scale in range(len(_EXPONENTS)):
        if scale > 0:
            images = _halved(images)
        values.append(_likeness_of_structure(*images))
    return product_over_scales(values, _EXPONENTS)


def _halved(images: torch.Tensor) -> torch.Tensor:
    """Average 2x2 pixels; the last row or column of an odd side counts twice."""
    height, width = images.shape[-2:]
    even = F.pad(images.flatten(0, 1), (0, width % 2, 0, height % 2), mode="replicate")
    pooled = F.avg_pool2d(even, 2)
    return pooled.view(*images.shape[:-2], *pooled.shape[-2:])


def _likeness_of_structure(a: torch.Tensor, b: torch.Tensor, fused: torch.Tensor) -> torch.Tensor:
    """Return the mean over windows of the likeness of the fused image and the common structure, `[N]`.

    The structure itself is never made: its variance and its covariance with the fused image follow from the moments
    of the sources, of which it is a weighted sum in each window.
    """
    from_a, from_b = _common_structure(a, b)
    weights = gaussian(WINDOW, SIGMA, fused)
    moments = local_moments(torch.stack((a, b)), fused, weights)
    a_with_b = local_moments(a[None], b, weights).covariance[0]
    (variance_a, variance_b), (a_with_fused, b_with_fused) = moments.variance_x, moments.covariance
    variance = _squared_sum(from_a, from_b, variance_a, variance_b, a_with_b)
    covariance = from_a * a_with_fused + from_b * b_with_fused
    likeness: torch.Tensor = (2 * covariance + _C) / (variance + moments.variance_y[0] + _C)
    return likeness.mean(dim=(1, 2, 3))


def _common_structure(a: torch.Tensor, b: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return per window the factors of both sources' deviations from their means.

    Directions are summed by a power of the contrasts, which is the higher the better the sources agree; the sum gets
    the larger of both contrasts.
    """
    pixels = WINDOW**2
    epsilon = torch.finfo(a.dtype).eps
    moments = local_moments(a[None], b, uniform(WINDOW, a))
    squares_a, squares_b = (pixels * each[0].clamp_min(0) for each in (moments.variance_x, moments.variance_y))
    products = pixels * moments.covariance[0]
    length_a, length_b = squares_a.sqrt(), squares_b.sqrt()
    together = _squared_sum(1, 1, squares_a, squares_b, products).clamp_min(0).sqrt()
    agreement = ((together + epsilon) / (length_a + length_b + epsilon)).clamp(0, 1 - epsilon)
    power = torch.tan(torch.pi / 2 * agreement).clamp_max(_STEEPEST)

    contrast_a, contrast_b = length_a + 1e-3, length_b + 1e-3
    weight_a, weight_b = ((contrast / WINDOW) ** power + epsilon for contrast in (contrast_a, contrast_b))
    from_a, from_b = (
        weight / (weight_a + weight_b) / contrast
        for weight, contrast in ((weight_a, contrast_a), (weight_b, contrast_b))
    )
    length = _squared_sum(from_a, from_b, squares_a, squares_b, products).clamp_min(0).sqrt()
    scale = torch.where(length > 0, torch.maximum(contrast_a, contrast_b) / length, 1)
    return from_a * scale, from_b * scale


def _squared_sum(
    from_a: torch.Tensor | float,
    from_b: torch.Tensor | float,
    squares_a: torch.Tensor,
    squares_b: torch.Tensor,
    products: torch.Tensor,
) -> torch.Tensor:
    """Return the square of `from_a * a + from_b * b`, given a * a, b * b and a * b."""
    return from_a * from_a * squares_a + from_b * from_b * squares_b + 2 * from_a * from_b * products
