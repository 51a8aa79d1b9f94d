"""MS-SSIM: structural similarity at five scales."""

from __future__ import annotations

import torch
from torch.nn import functional as F

from fuselens.core.filters import gaussian
from fuselens.core.moments import local_moments
from fuselens.core.ssim import K1, K2, SIGMA, WINDOW, likeness_of_means, likeness_of_structure
from fuselens.metrics.metric import metric
from fuselens.metrics.parts.scales import product_over_scales

_EXPONENTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)  # of the scales, from fine to coarse


@metric(
    title="MS-SSIM",
    better="higher",
    bounds=(0, 1),
    smallest=(WINDOW - 1) * 2 ** (len(_EXPONENTS) - 1) + 1,
    differentiable=True,
    reference="Wang, Simoncelli, Bovik, Asilomar Conf. Signals, Systems and Computers, 2003",
    conventions={"ivifzoo": "sum of the two; levels times 255 once more, so the constants vanish"},
)
def ms_ssim(a: torch.Tensor, b: torch.Tensor, fused: torch.Tensor, *, convention: str) -> torch.Tensor:
    """Mean over both sources of the product of five scales' similarities; a negative one makes it 0."""
    if convention == "ivifzoo":
        return source_ms_ssim(torch.stack((a, b)), fused, peak=1).sum(dim=0)
    return source_ms_ssim(torch.stack((a, b)), fused).mean(dim=0)


def source_ms_ssim(references: torch.Tensor, fused: torch.Tensor, *, peak: float = 255) -> torch.Tensor:
    """Return the MS-SSIM of the fused image `[N, 1, H, W]` with each of R references `[R, N, 1, H, W]`, `[R, N]`."""
    weights = gaussian(WINDOW, SIGMA, fused)
    values = []
    for scale in range(len(_EXPONENTS)):
        if scale > 0:
            references, fused = _halved(references), _halved(fused)
        moments = local_moments(references, fused, weights)
        likeness = likeness_of_structure(moments, (K2 * peak) ** 2)
        if scale == len(_EXPONENTS) - 1:
            likeness = likeness * likeness_of_means(moments, (K1 * peak) ** 2)
        values.append(likeness.mean(dim=(-3, -2, -1)))
    return product_over_scales(values, _EXPONENTS)


def _halved(images: torch.Tensor) -> torch.Tensor:
    """Average 2x2 pixels; an odd side is continued by a zero at either end."""
    height, width = images.shape[-2:]
    pooled = F.avg_pool2d(images.reshape(-1, 1, height, width), 2, padding=(height % 2, width % 2))
    return pooled.view(*images.shape[:-2], *pooled.shape[-2:])
