"""Bring your own model: wrapping, measuring, factories, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn.functional import avg_pool2d, conv2d, interpolate

import fuselens as fl
from fuselens.core.errors import FuseLensError, InputError, ModelError
from fuselens.models.wrap import load_factory


def blur(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    kernel = torch.ones(1, 1, 7, 7).to(a) / 49
    return 0.5 * conv2d(a, kernel, padding=3) + 0.5 * b


def pooled(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Depends on the grid of fours: a window that starts off the grid gives another result."""
    small = avg_pool2d((a + b) / 2, 4, ceil_mode=True)
    return interpolate(small, scale_factor=4, mode="nearest")[..., : a.shape[-2], : a.shape[-1]]


def normalised(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    mean = (a + b) / 2
    return mean / mean.mean(dim=(2, 3), keepdim=True)


@pytest.mark.parametrize(
    ("function", "reach", "stride"), [(blur, 3, 1), (pooled, 3, 4), (normalised, None, 1), (torch.maximum, 0, 1)]
)
def test_measured_locality(function: object, reach: int | None, stride: int) -> None:
    model = fl.wrap_model(function, reach="measure")  # type: ignore[arg-type]
    assert (model.reach, model.stride) == (reach, stride)
    assert model.reach_is_measured


def test_measured_reach_of_a_network_is_at_most_the_declared_one() -> None:
    torch.manual_seed(1)
    network = fl.load_model("deepfuse", weights=None)
    measured = fl.wrap_model(network.forward, reach="measure")
    assert measured.reach is not None
    assert network.reach is not None
    assert network.reach - 3 <= measured.reach <= network.reach


def test_divisor_pads_and_crops() -> None:
    seen = []

    def needs_eights(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        seen.append(tuple(a.shape[-2:]))
        assert a.shape[-1] % 8 == 0
        return (a + b) / 2

    pair = fl.ImagePair.from_arrays(torch.rand(13, 17), torch.rand(13, 17))
    fused = fl.fuse(fl.wrap_model(needs_eights, divisor=8), pair)
    assert seen == [(16, 24)]
    torch.testing.assert_close(fused.y, (pair.a.y + pair.b.y) / 2)


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda a, b: a[..., :4], "return shape"),
        (lambda a, b: a * float("nan"), "NaN"),
        (lambda a, b: 3, "return a tensor"),
    ],
)
def test_bad_results_are_refused(function: object, words: str) -> None:
    pair = fl.ImagePair.from_arrays(torch.rand(9, 9), torch.rand(9, 9))
    with pytest.raises(ModelError, match=words):
        fl.fuse(function, pair)


def test_bad_arguments_are_refused() -> None:
    with pytest.raises(InputError, match="callable"):
        fl.wrap_model(3)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="reach >= 0"):
        fl.wrap_model(blur, reach=-1)


def test_no_gradient_is_said() -> None:
    pair = fl.ImagePair.from_arrays(torch.rand(9, 9), torch.rand(9, 9))
    with pytest.raises(ModelError, match="no gradient"):
        fl.jacobian(lambda a, b: ((a + b) / 2).detach(), pair)


def test_factory_file(tmp_path: Path) -> None:
    good = tmp_path / "mine.py"
    good.write_text("def make():\n    return lambda a, b: 0.25 * a + 0.75 * b\n")
    pair = fl.ImagePair.from_arrays(torch.zeros(8, 8), torch.ones(8, 8))
    assert float(fl.fuse(load_factory(f"{good}:make"), pair).y.mean()) == 0.75
    for text, name, words in [
        ("x = 1", "make", "no function 'make'"),
        ("import no_such_module", "make", "fails on import"),
        ("def make():\n    raise ValueError('no')", "make", "make\\(\\) in"),
    ]:
        bad = tmp_path / "bad.py"
        bad.write_text(text)
        with pytest.raises(FuseLensError, match=words):
            load_factory(f"{bad}:{name}")
    with pytest.raises(FuseLensError, match="does not exist"):
        load_factory(f"{tmp_path / 'none.py'}:make")


def test_modules_are_frozen_and_restored() -> None:
    class Mix(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.tensor(0.3))

        def forward(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
            return self.weight * a + (1 - self.weight) * b

    network = Mix()
    pair = fl.ImagePair.from_arrays(torch.rand(9, 9), torch.rand(9, 9))
    assert float(fl.jacobian(network, pair, (4, 4)).a[4, 4]) == pytest.approx(0.3)
    assert network.weight.requires_grad
    assert network.training
