"""Gradient times input: closed forms, baselines, refusals."""

from __future__ import annotations

import pytest
import torch

import fuselens as fl
from fuselens.core.errors import InputError
from fuselens.core.targets import Pixel, RegionMean, Similarity
from fuselens.explainers.gradient_input import gradient_input
from fuselens.explainers.integrated_gradients import integrated_gradients


def pair_of(height: int = 18, width: int = 23, dtype: torch.dtype = torch.float64) -> fl.ImagePair:
    a, b = torch.rand(2, height, width, generator=torch.Generator().manual_seed(6), dtype=torch.float64).to(dtype)
    return fl.ImagePair.from_arrays(a, b, ("mri", "pet"))


def linear(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return 0.4 * a.roll(1, dims=2) - 0.7 * b


def test_it_is_the_jacobian_times_the_source() -> None:
    torch.manual_seed(0)
    model, pair = fl.load_model("masknet", weights=None), pair_of(dtype=torch.float32)
    got, kept = gradient_input(model, pair, Pixel(2, 20)), fl.jacobian(model, pair, (2, 20))
    torch.testing.assert_close(got.a, kept.a * pair.a.y)
    torch.testing.assert_close(got.b, kept.b * pair.b.y)
    assert got.window == kept.window
    assert got.value == kept.value


def test_a_linear_operator_is_rebuilt() -> None:
    target = RegionMean((3, 4, 9, 15))
    got = gradient_input(linear, pair_of(), target)
    assert got.facts["sum_a"] + got.facts["sum_b"] == pytest.approx(got.value)
    assert float(got.a.sum()) == pytest.approx(got.facts["sum_a"], rel=1e-5)
    assert got.a.dtype == torch.float32


@pytest.mark.parametrize("baseline", ["average", "blur:2", ["mean", "black"], "noise"])
def test_for_a_linear_operator_it_is_integrated_gradients(baseline: str | list[str]) -> None:
    got = gradient_input(linear, pair_of(), RegionMean(), baseline=baseline, seed=3)
    along = integrated_gradients(linear, pair_of(), RegionMean(), baseline=baseline, steps=2, seed=3)
    torch.testing.assert_close(got.a, along.a, rtol=1e-5, atol=1e-9)
    torch.testing.assert_close(got.b, along.b, rtol=1e-5, atol=1e-9)


def test_the_pair_as_baseline_gives_zeros() -> None:
    pair = pair_of()
    got = gradient_input(linear, pair, baseline=(pair.a.y, pair.b.y))
    assert not got.a.any()
    assert not got.b.any()


def test_similarity_to_itself_is_refused() -> None:
    with pytest.raises(InputError, match="'gradient_input' would return noise"):
        gradient_input(linear, pair_of(), Similarity())


def test_the_model_is_left_as_it_was() -> None:
    model = fl.load_model("masknet", weights=None).train()
    before = [(p.requires_grad, p.grad) for p in model.parameters()]
    gradient_input(model, pair_of(dtype=torch.float32), Pixel(4, 4))
    assert all(module.training for module in model.modules())
    assert [(p.requires_grad, p.grad) for p in model.parameters()] == before
