"""Jacobians: windows against full autograd, closed forms, finite differences, regions."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import fuselens as fl
from fuselens.core.errors import InputError
from fuselens.core.model import explaining
from fuselens.models import list_models


def pair_of(height: int, width: int, dtype: torch.dtype = torch.float32) -> fl.ImagePair:
    a, b = torch.rand(2, height, width, generator=torch.Generator().manual_seed(11), dtype=torch.float64).to(dtype)
    return fl.ImagePair.from_arrays(a, b, ("mri", "pet"))


@pytest.mark.parametrize("name", list_models())
@pytest.mark.parametrize("pixel", [(0, 0), (47, 36), (24, 18), (3, 33)])
def test_windows_equal_full_autograd(name: str, pixel: tuple[int, int]) -> None:
    torch.manual_seed(1)
    model = fl.load_model(name, weights=None)
    pair = pair_of(48, 37)
    got = fl.jacobian(model, pair, pixel)
    a, b = (s.requires_grad_(True) for s in pair.tensors())
    with explaining(model):
        value = model(a, b)[0, 0, pixel[0], pixel[1]]
        full = torch.autograd.grad(value, (a, b), allow_unused=True, materialize_grads=True)
    for mine, whole in zip((got.a, got.b), full, strict=True):
        assert float((mine - whole[0, 0]).abs().max()) <= 1e-5 * max(float(whole.abs().max()), 1e-6)
    assert got.value == pytest.approx(float(value.detach()), abs=1e-5)


@settings(max_examples=15, deadline=None)
@given(top=st.integers(0, 20), left=st.integers(0, 20), height=st.integers(1, 10), width=st.integers(1, 10))
def test_region_is_the_mean_of_its_pixels(top: int, left: int, height: int, width: int) -> None:
    pair = pair_of(30, 31, torch.float64)
    model = fl.load_model("laplacian_pyramid")
    region = (top, left, top + height, left + width)
    whole = fl.jacobian(model, pair, region=region)
    mask = torch.zeros(30, 31, dtype=torch.bool)
    mask[top : top + height, left : left + width] = True
    by_mask = fl.jacobian(model, pair, region=mask)
    torch.testing.assert_close(whole.a, by_mask.a)
    pixels = [fl.jacobian(model, pair, (y, x)) for y, x in ((top, left), (top + height - 1, left + width - 1))]
    if height * width <= 2:
        torch.testing.assert_close(whole.a, (pixels[0].a + pixels[-1].a) / 2)


def test_finite_differences_in_float64() -> None:
    torch.manual_seed(4)
    model = fl.load_model("deeppedestrian", weights=None).double()
    pair = pair_of(22, 26, torch.float64)
    got = fl.jacobian(model, pair, (2, 20))
    a, b = pair.tensors(dtype=torch.float64)
    generator = torch.Generator().manual_seed(0)
    direction = torch.randn(2, 1, 1, 22, 26, generator=generator, dtype=torch.float64)
    step = 1e-6
    with torch.inference_mode():
        up = model(a + step * direction[0], b + step * direction[1])[0, 0, 2, 20]
        down = model(a - step * direction[0], b - step * direction[1])[0, 0, 2, 20]
    predicted = (got.a * direction[0, 0, 0]).sum() + (got.b * direction[1, 0, 0]).sum()
    assert float(predicted) == pytest.approx(float((up - down) / (2 * step)), rel=1e-5)


def test_linear_model_rebuilds_its_output() -> None:
    """For a linear model without bias, sum J x is the output."""
    pair = pair_of(15, 16, torch.float64)
    got = fl.jacobian(lambda a, b: 0.3 * a + 0.7 * b.roll(2, dims=3), pair, (5, 6))
    assert float((got.a * pair.a.y).sum() + (got.b * pair.b.y).sum()) == pytest.approx(got.value)
    assert got.share() == pytest.approx(0.3)


def test_shift_moves_the_jacobian_away_from_borders() -> None:
    torch.manual_seed(0)
    model = fl.load_model("deepfuse", weights=None).double()
    pair = pair_of(40, 41, torch.float64)
    moved = fl.ImagePair.from_arrays(pair.a.y.roll((3, 2), (0, 1)), pair.b.y.roll((3, 2), (0, 1)))
    first, second = fl.jacobian(model, pair, (18, 19)), fl.jacobian(model, moved, (21, 21))
    torch.testing.assert_close(first.a.roll((3, 2), (0, 1)), second.a)


def test_refusals() -> None:
    pair = pair_of(12, 14)
    with pytest.raises(InputError, match="not in the image"):
        fl.jacobian(fl.load_model("average"), pair, (12, 0))
    with pytest.raises(InputError, match="leaves the image"):
        fl.jacobian(fl.load_model("average"), pair, region=(0, 0, 13, 14))
    with pytest.raises(InputError, match="leaves the image"):
        fl.jacobian(fl.load_model("average"), pair, region=(3, 3, 3, 6))
    with pytest.raises(InputError, match="at least one pixel"):
        fl.jacobian(fl.load_model("average"), pair, region=torch.zeros(12, 14))
    with pytest.raises(InputError, match="choose one"):
        fl.jacobian(fl.load_model("average"), pair, (1, 1), region=(0, 0, 2, 2))
    with pytest.raises(InputError, match="mask has shape"):
        fl.jacobian(fl.load_model("average"), pair, region=torch.ones(5, 5))


def test_save_and_plot(tmp_path: Path) -> None:
    got = fl.jacobian(fl.load_model("laplacian_pyramid"), pair_of(40, 40), (20, 20))
    place = got.save(tmp_path)
    assert {"explanation.json", "maps.npz", "jacobian_a.png", "jacobian_b.png"} <= {p.name for p in place.iterdir()}
    got.plot(preset="paper")
    assert len(fl.jacobian(fl.load_model("average"), [pair_of(9, 9)] * 2, (1, 1))) == 2
