"""The region report and the scatter on models whose answers are known."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

import fuselens as fl
from fuselens.explainers.probes import telling_pixels
from fuselens.explainers.scatter import Scatter


def switched(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Left half: 0.8 a + 0.2 b. Right half: 0.1 a + 0.9 b, taken from the column to the left."""
    left = torch.arange(a.shape[-1]) < a.shape[-1] // 2
    return torch.where(left, 0.8 * a + 0.2 * b, 0.1 * a.roll(1, 3) + 0.9 * b.roll(1, 3))


@pytest.fixture
def pair() -> fl.ImagePair:
    return fl.ImagePair.from_arrays(*torch.rand(2, 20, 24), names=("ir", "vi"))


def test_known_shares_and_leaks(pair: fl.ImagePair) -> None:
    guide = fl.guidance(switched, pair, algorithm="exact")
    left = fl.region_report(switched, pair, (2, 2, 10, 10), guide)
    assert left.share_a == pytest.approx(0.8)
    assert (left.sensitivity_a, left.sensitivity_b) == pytest.approx((0.8, 0.2))
    assert (left.outside_a, left.outside_b) == (0, 0)
    assert left.pixels == 64
    assert math.isnan(left.correlation)
    assert left.as_dict()["correlation"] is None
    right = fl.region_report(switched, pair, (2, 14, 10, 18), guide)
    # One of the four source columns of each row lies left of the box.
    assert right.outside_b == pytest.approx(0.25)
    assert right.sensitivity_b == 0
    assert any("visible" in sentence for sentence in right.sentences())


def test_scatter_correlations() -> None:
    ramp = torch.linspace(0, 1, 100).reshape(10, 10)
    assert Scatter.of(ramp, 1 - ramp, ("ir", "vi")).words().startswith("Negative")
    assert Scatter.of(ramp, 2 * ramp, ("ir", "vi")).words().startswith("Positive")
    assert "same everywhere" in Scatter.of(ramp, torch.ones(10, 10), ("ir", "vi")).words()
    noise = torch.rand(2, 60, 60, generator=torch.Generator().manual_seed(0))
    scatter = Scatter.of(noise[0], noise[1], ("ir", "vi"), (0, 0, 30, 60))
    assert scatter.words().startswith("None")
    assert scatter.marked.sum() == 1800
    expected = np.corrcoef(noise[0, :30].ravel(), noise[1, :30].ravel())[0, 1]
    assert scatter.marked_correlation == pytest.approx(expected, abs=1e-6)
    scatter.plot()


def test_telling_pixels_find_the_planted_halves(pair: fl.ImagePair) -> None:
    def planted(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        left = torch.arange(a.shape[-1]) < a.shape[-1] // 2
        return torch.where(left, a, b)

    first, second, *_ = telling_pixels(fl.guidance(planted, pair, algorithm="exact"))
    assert first[1] < 12
    assert second[1] >= 12
