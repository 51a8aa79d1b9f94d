"""Explanations of moved, noisy, reseeded and forgetful inputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch

from fuselens.core.errors import InputError, UnknownNameError
from fuselens.core.explanation import SetExplanation
from fuselens.core.locality import Box
from fuselens.core.model import FusionModel
from fuselens.core.pair import ImagePair
from fuselens.core.results import Attribution
from fuselens.core.targets import (
    Closeness,
    Downstream,
    GradientEnergy,
    Pixel,
    RegionMean,
    Similarity,
    Target,
    bound_target,
)
from fuselens.evaluation.likeness import Result, maps_of
from fuselens.evaluation.modality_check import modality_check
from fuselens.evaluation.parameter_randomisation import cascade, parameter_randomisation
from fuselens.evaluation.repeatability import repeatability
from fuselens.evaluation.sensitivity import max_sensitivity
from fuselens.evaluation.stability import stability
from fuselens.evaluation.symmetries import SYMMETRIES, MovedTarget
from fuselens.explainers.ddfimage import ddfimage
from fuselens.explainers.jacobian import jacobian
from tests.core.small import TinyCNN, average, only_a, small_pair

PAIR = small_pair()
REGION = (1, 2, 9, 8)


def by_gradient(model: object, pair: ImagePair, target: Target) -> Attribution:
    return jacobian(model, pair, target=target)


def by_set(model: object, pair: ImagePair, target: Target) -> SetExplanation:
    return ddfimage(model, pair, target, units="grid:4", fill="black")


def made_of(values: Callable[[ImagePair], torch.Tensor]) -> Callable[[object, ImagePair, Target], Result]:
    def method(model: object, pair: ImagePair, target: Target) -> Attribution:
        image = values(pair)
        return Attribution(image, 0 * image, pair.names, str(target), 0.0, "made_up", Box(0, 0, *pair.size))

    return method


def to_the_right(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Not equivariant: flips and rotations turn the shift round."""
    return (a + b.roll(3, dims=-1)) / 2


@pytest.mark.parametrize("name", sorted(SYMMETRIES))
def test_symmetries_move_there_and_back(name: str) -> None:
    symmetry = SYMMETRIES[name]
    image = torch.rand(3, 5, 7)
    assert torch.equal(symmetry.back(symmetry.forth(image)), image)
    assert not torch.equal(symmetry.forth(image[..., :5]), image[..., :5])
    moved = symmetry.pair(PAIR)
    assert torch.equal(symmetry.back(moved.b.y), PAIR.b.y)
    coloured = ImagePair(replace(PAIR.a, chroma=torch.rand(2, 24, 28) - 0.5), PAIR.b)
    assert symmetry.pair(coloured).a.chroma is not None


@pytest.mark.parametrize("name", sorted(SYMMETRIES))
@pytest.mark.parametrize(
    "target",
    [Pixel(2, 5), RegionMean(REGION), GradientEnergy(REGION), Similarity(REGION), Closeness("b", REGION), Similarity(),
     Downstream(lambda f: f[:, 0, :3].mean(dim=(1, 2)), "top")],
    ids=str,
)  # fmt: skip
def test_moved_targets_give_the_same_number(target: Target, name: str) -> None:
    symmetry = SYMMETRIES[name]
    a, b = PAIR.tensors()
    fused, other = average(a, b), torch.rand(1, 1, 24, 28)
    here = bound_target(target, a, b, fused)
    there = bound_target(MovedTarget(target, symmetry), *(symmetry.forth(image) for image in (a, b, fused)))
    turned = symmetry.forth(other)
    box = there.box((int(turned.shape[-2]), int(turned.shape[-1])))
    value = float(here(other[(..., *here.box(PAIR.size).slices)]))
    assert float(there(turned[(..., *box.slices)])) == pytest.approx(value, abs=1e-6)
    assert str(there) == f"{target} ({name})"


@pytest.mark.parametrize("method", [by_gradient, by_set])
def test_explanations_of_an_equivariant_model_are_stable(method: Any) -> None:
    found = stability(method, average, PAIR, RegionMean((0, 0, 8, 8)))
    assert found["stability_flip"] == pytest.approx(1)
    assert found["stability_rotate"] == pytest.approx(1)
    assert found["stability"] == pytest.approx(1)
    assert found["equivariance_error_flip"] == 0
    assert found["equivariance_error_rotate"] == 0


def test_a_model_that_does_not_turn_with_its_sources_is_named_beside() -> None:
    found = stability(by_gradient, to_the_right, PAIR, RegionMean(REGION), symmetries=["flip"])
    expected = (
        (to_the_right(*PAIR.tensors()) - to_the_right(*(t.flip(-1) for t in PAIR.tensors())).flip(-1)).abs().mean()
    )
    assert found["equivariance_error_flip"] == pytest.approx(float(expected))
    assert found["stability_flip"] < 0.9
    assert set(found) == {"stability", "stability_flip", "equivariance_error_flip"}


def test_a_method_that_ignores_the_image_is_not_stable() -> None:
    corner = made_of(lambda pair: torch.eye(*pair.size))
    found = stability(corner, average, PAIR, RegionMean())
    assert found["stability_flip"] < 0.2
    with pytest.raises(UnknownNameError, match="rotate"):
        stability(corner, average, PAIR, RegionMean(), symmetries=["shear"])


def test_repeatability() -> None:
    def seeded(seed: int) -> Attribution:
        noise = torch.rand(2, 24, 28, generator=torch.Generator().manual_seed(seed))
        return Attribution(noise[0], noise[1], PAIR.names, "mean", 0.0, "noise", Box(0, 0, 24, 28))

    assert repeatability(seeded, [1, 1, 1])["repeatability_kendall_w"] == pytest.approx(1)
    assert repeatability(seeded, range(6))["repeatability_kendall_w"] == pytest.approx(1 / 6, abs=0.03)
    scored = [replace(seeded(seed), unit_scores=torch.tensor([1.0, 2.0, 3.0]) * (seed + 1)) for seed in range(3)]
    assert repeatability(lambda seed: scored[seed], range(3))["repeatability_kendall_w"] == pytest.approx(1)
    noisy = repeatability(lambda seed: ddfimage(average, PAIR, units="grid:8", fill="noise", seed=seed), range(3))
    assert 0 < noisy["repeatability_jaccard"] <= 1
    same = repeatability(lambda seed: ddfimage(average, PAIR, units="grid:8", seed=seed), [0, 1])
    assert same == {"repeatability_jaccard": 1.0}
    with pytest.raises(InputError, match="two seeds"):
        repeatability(seeded, [0])


def test_max_sensitivity() -> None:
    steady = made_of(lambda pair: torch.ones(pair.size))
    assert max_sensitivity(steady, average, PAIR, RegionMean()) == {"max_sensitivity": 0.0}
    follows = made_of(lambda pair: pair.a.y)
    small, large = (
        max_sensitivity(follows, average, PAIR, RegionMean(), noise=n)["max_sensitivity"] for n in (0.01, 0.1)
    )
    rms = float(PAIR.a.y.square().mean().sqrt())
    assert small == pytest.approx(0.01 / 3**0.5 / rms, rel=0.1)
    assert large > 5 * small
    assert max_sensitivity(follows, average, PAIR, RegionMean(), seed=1) != max_sensitivity(
        follows, average, PAIR, RegionMean()
    )
    sets = max_sensitivity(by_set, average, PAIR, RegionMean((0, 0, 8, 8)), samples=2)
    assert 0 <= sets["max_sensitivity"] <= 1
    for wrong in ({"noise": 0.0}, {"samples": 0}):
        with pytest.raises(InputError, match="noise above 0"):
            max_sensitivity(steady, average, PAIR, RegionMean(), **wrong)  # type: ignore[arg-type]


def test_randomised_networks_are_explained_otherwise() -> None:
    model = TinyCNN()
    before = [weight.clone() for weight in model.parameters()]
    found = parameter_randomisation(by_gradient, model, PAIR, RegionMean(REGION))
    assert list(found) == ["randomised_last", "randomised_first"]
    assert found["randomised_first"] < 0.95
    assert all(torch.equal(was, weight) for was, weight in zip(before, model.parameters(), strict=True))
    blind = parameter_randomisation(made_of(lambda pair: pair.a.y), model, PAIR, RegionMean(REGION))
    assert blind == {"randomised_last": pytest.approx(1), "randomised_first": pytest.approx(1)}
    assert parameter_randomisation(by_gradient, model, PAIR, RegionMean(REGION)) == found
    sets = parameter_randomisation(by_set, model, PAIR, RegionMean(REGION))
    assert all(0 <= value <= 1 for value in sets.values())
    with pytest.raises(InputError, match="no parameters"):
        parameter_randomisation(by_gradient, average, PAIR, RegionMean())


def test_the_cascade_goes_from_the_last_layer_to_the_first() -> None:
    model = TinyCNN()
    steps = [
        (name, {part: not torch.equal(weight, model.state_dict()[part]) for part, weight in copy.state_dict().items()})
        for name, copy in cascade(model, seed=0)
    ]
    assert [name for name, _ in steps] == ["last", "first"]
    assert [changed["first.weight"] for _, changed in steps] == [False, True]
    assert [changed["last.weight"] for _, changed in steps] == [True, True]
    *_, (_, copy) = cascade(model, seed=0)
    sizes = [float(weights["first.weight"].square().mean()) for weights in (model.state_dict(), copy.state_dict())]
    assert 0.3 < sizes[1] / sizes[0] < 3


@pytest.mark.parametrize("method", [by_gradient, by_set])
@pytest.mark.parametrize("model", [TinyCNN(), average, only_a])
def test_a_source_that_is_never_looked_at_gets_nothing(method: Any, model: FusionModel) -> None:
    assert modality_check(method, model, PAIR, RegionMean((2, 3, 12, 13))) == {"modality_leak": 0.0}


def test_a_method_that_looks_at_the_images_alone_leaks() -> None:
    def contrast(model: object, pair: ImagePair, target: Target) -> Attribution:
        return Attribution(pair.a.y, pair.b.y, pair.names, str(target), 0.0, "contrast", Box(0, 0, *pair.size))

    leak = modality_check(contrast, average, PAIR, RegionMean())["modality_leak"]
    assert leak == pytest.approx(float(PAIR.b.y.sum() / (PAIR.a.y.sum() + PAIR.b.y.sum())))
    assert modality_check(made_of(lambda pair: torch.zeros(pair.size)), average, PAIR, RegionMean()) == {
        "modality_leak": 0
    }
    assert maps_of(contrast(average, PAIR, RegionMean())).shape == (2, 24, 28)
