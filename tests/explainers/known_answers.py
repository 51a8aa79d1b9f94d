"""Pairs, models and targets whose explanations are known, for the methods that hide pixels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from scipy.ndimage import gaussian_filter

import fuselens as fl
from fuselens.core.targets import Downstream

Image = npt.NDArray[np.float64]
SIZE = (32, 40)


def pair_of(height: int = SIZE[0], width: int = SIZE[1], seed: int = 3) -> fl.ImagePair:
    """Smooth noise with a bright square in a and a dark one in b, in float64."""
    rng = np.random.default_rng(seed)
    a, b = (gaussian_filter(rng.random((height, width)), 1.0) for _ in range(2))
    a[2:10, 3:11] = 0.95
    b[-12:-3, -14:-2] = 0.05
    return fl.ImagePair.from_arrays(torch.from_numpy(a), torch.from_numpy(b), ("ir", "vi"))


def linear_target(pair: fl.ImagePair, seed: int = 5) -> tuple[Downstream, Image]:
    """A fixed weighted sum of the fused pixels, and its weights."""
    weights = np.random.default_rng(seed).random(pair.size) * 0.05
    tensor = torch.from_numpy(weights)

    def weighted(fused: torch.Tensor) -> torch.Tensor:
        return (fused[:, 0] * tensor.to(fused)).sum(dim=(1, 2))

    return Downstream(weighted), weights


def contributions(pair: fl.ImagePair, weights: Image, fill: float = 0.0) -> tuple[Image, Image]:
    """What each source pixel adds to the linear target when it is shown in place of a constant, for the average."""
    a, b = (weights * 0.5 * (source.y.double().numpy() - fill) for source in pair)
    return a, b


def unit_sums(labels: Sequence[torch.Tensor], count: int, maps: Sequence[Image]) -> Image:
    """Sums of maps over each unit, with the labels of each map."""
    total = np.zeros(count)
    for unit in range(count):
        for each, values in zip(labels, maps, strict=True):
            total[unit] += values[each.numpy() == unit].sum()
    return total


def only_a(a: torch.Tensor, _: torch.Tensor) -> torch.Tensor:
    """A fusion that ignores source b."""
    return a.clone()


def tiny_network() -> fl.FusionModel:
    """Two layers of 3x3 convolutions with a kink between them: reach 2."""
    generator = torch.Generator().manual_seed(1)
    first = torch.randn(4, 2, 3, 3, generator=generator, dtype=torch.float64) * 0.4
    second = torch.randn(1, 4, 3, 3, generator=generator, dtype=torch.float64) * 0.3

    def network(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        features = torch.nn.functional.conv2d(torch.cat([a, b], dim=1), first.to(a), padding=1).relu()
        return torch.nn.functional.conv2d(features, second.to(a), padding=1)

    return fl.wrap_model(network, reach=2, name="tiny")
