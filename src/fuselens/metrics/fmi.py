"""FMI: how much the local patterns of the fused image tell about those of its sources, on five features."""

from __future__ import annotations

from collections.abc import Callable

import torch

from fuselens.metrics.metric import APART, CANONICAL, metric
from fuselens.metrics.parts.features import cosine_coefficients, strong_edges, thin_edges, wavelet_coefficients
from fuselens.metrics.parts.gradients import magnitude
from fuselens.metrics.parts.window_information import window_information

_PAPER = "Haghighat, Razian, Int. Conf. Application of Information and Communication Technologies (AICT), 2014"
_ON_EDGES = "the value of fmi_edge"
_LESS = "equal flat windows count 0, two different windows with one cell above the rest 1"


@metric(
    title="FMI_pixel",
    better="higher",
    bounds=(None, None),
    smallest=3,
    reference=_PAPER,
    conventions={"cslib": _LESS, "densefuse": _ON_EDGES, "linfeng": _ON_EDGES, "mefb": f"{_ON_EDGES}; {APART}"},
)
def fmi_pixel(a: torch.Tensor, b: torch.Tensor, fused: torch.Tensor, *, convention: str) -> torch.Tensor:
    """FMI of the grey levels themselves; what public codes print as FMI_pixel is that of edges."""
    if convention in ("densefuse", "linfeng", "mefb"):
        return fmi_edge.formula(a, b, fused, convention=CANONICAL)
    return _mean_information(lambda levels: levels, a, b, fused, convention)


@metric(
    title="FMI_gradient",
    better="higher",
    bounds=(None, None),
    smallest=3,
    reference=_PAPER,
    conventions={"cslib": f"on the gradient's magnitude; {_LESS}"},
)
def fmi_gradient(a: torch.Tensor, b: torch.Tensor, fused: torch.Tensor, *, convention: str) -> torch.Tensor:
    """FMI of the horizontal central difference."""
    feature = _gradient_magnitude if convention == "cslib" else _horizontal_gradient
    return _mean_information(feature, a, b, fused, convention)


@metric(
    title="FMI_edge",
    better="higher",
    bounds=(None, None),
    smallest=3,
    reference=_PAPER,
    conventions={"cslib": f"on edges that are not thinned; {_LESS}"},
)
def fmi_edge(a: torch.Tensor, b: torch.Tensor, fused: torch.Tensor, *, convention: str) -> torch.Tensor:
    """FMI of Sobel's thinned binary edges."""
    feature = strong_edges if convention == "cslib" else thin_edges
    return _mean_information(feature, a, b, fused, convention)


@metric(title="FMI_dct", better="higher", bounds=(None, None), smallest=3, reference=_PAPER)
def fmi_dct(a: torch.Tensor, b: torch.Tensor, fused: torch.Tensor, *, convention: str) -> torch.Tensor:
    """FMI of the cosine coefficients of the whole image."""
    return _mean_information(cosine_coefficients, a, b, fused, convention)


@metric(title="FMI_wavelet", better="higher", bounds=(None, None), smallest=3, reference=_PAPER)
def fmi_wavelet(a: torch.Tensor, b: torch.Tensor, fused: torch.Tensor, *, convention: str) -> torch.Tensor:
    """FMI of one level of discrete Meyer wavelet coefficients, the bands tiled and rescaled to 0..1."""
    a, b, fused = wavelet_coefficients(torch.cat((a, b, fused))).chunk(3)
    with_a, with_b = (window_information(source, fused, equal_flat=_have_one_range(source, fused)) for source in (a, b))
    return (with_a + with_b) / 2


def _mean_information(
    feature: Callable[[torch.Tensor], torch.Tensor],
    a: torch.Tensor,
    b: torch.Tensor,
    fused: torch.Tensor,
    convention: str,
) -> torch.Tensor:
    a, b, fused = feature(torch.cat((a, b, fused))).chunk(3)
    equal_flat, lone = (0, 1) if convention == "cslib" else (1, 0)
    with_a, with_b = (window_information(source, fused, equal_flat=equal_flat, lone=lone) for source in (a, b))
    return (with_a + with_b) / 2


def _have_one_range(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Return 1 where equal coefficients stay equal when each image is rescaled by its own range, else 0; `[N]`.

    Windows do not feel the rescaling otherwise, and float32 would lose small coefficients by it.
    """
    (low_x, high_x), (low_y, high_y) = (image.flatten(1).aminmax(dim=1) for image in (x, y))
    return ((low_x == low_y) & (high_x == high_y)).to(x)


def _horizontal_gradient(levels: torch.Tensor) -> torch.Tensor:
    return torch.gradient(levels, dim=-1)[0]


def _gradient_magnitude(levels: torch.Tensor) -> torch.Tensor:
    gy, gx = torch.gradient(levels, dim=(-2, -1))
    return magnitude(gx, gy)
