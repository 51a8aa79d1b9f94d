"""The evaluator at its limits: budgets, chance, NaN, and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from fuselens.core.errors import InputError, ModelError
from fuselens.core.evaluator import START_IMAGES, BudgetReachedError, Evaluator
from fuselens.core.model import FusionModel
from fuselens.core.targets import Closeness, Downstream, Pixel, RegionMean, Similarity
from fuselens.core.units import make_units
from tests.core.small import TinyCNN, average, only_a, small_pair
from tests.core.test_evaluator import PAIR, UNITS, scores, some_sets


@pytest.mark.parametrize("locality", [True, False])
@pytest.mark.parametrize("max_images", [3, 4, 10, 17])
def test_the_budget_of_images_is_kept_to_the_image(max_images: int, locality: bool) -> None:
    calls = []

    class Counted(TinyCNN):
        def forward(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
            calls.append(len(a))
            return super().forward(a, b)

    sets = some_sets(40)
    with Evaluator(
        Counted(), PAIR, Similarity(), UNITS, max_images=max_images, batch_size=6, locality=locality
    ) as evaluator:
        with pytest.raises(BudgetReachedError, match=str(max_images)):
            evaluator.scores(sets)
        assert sum(calls) == evaluator.counts.model_images == max_images
        with pytest.raises(BudgetReachedError):
            evaluator.scores(sets)
        assert sum(calls) == max_images
        known = evaluator.scores(sets[: max_images - START_IMAGES])
        evaluator.anchor(*sets[-2:])
        assert sum(calls) == max_images
        alone, without = evaluator.certificate(sets[-1])
        assert sum(calls) == max_images + 2
        with pytest.raises(BudgetReachedError):
            evaluator.scores(sets)
    truth = scores(TinyCNN(), Similarity(), [*sets[: len(known)], sets[-1], UNITS.everything & ~sets[-1]])
    assert [*known, alone, without] == pytest.approx(truth, abs=1e-6)


def test_the_budget_of_seconds_ends_too() -> None:
    with Evaluator(average, PAIR, Similarity(), UNITS, max_seconds=1e-9) as evaluator:
        with pytest.raises(BudgetReachedError, match="s is used up"):
            evaluator.scores([1])
        assert evaluator.scores([UNITS.everything, 0]) == [evaluator.score_everything, evaluator.score_nothing]
        assert len(evaluator.certificate(1)) == 2


def test_a_model_with_chance_is_found_out_and_can_be_averaged() -> None:
    noise = torch.Generator().manual_seed(0)

    def uncertain(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        return (a + b) / 2 + 0.1 * torch.randn(a.shape, generator=noise)

    with pytest.raises(ModelError, match="repeats=8"), Evaluator(uncertain, PAIR, RegionMean(), UNITS):
        pass
    sets = some_sets(3)
    steady = scores(average, RegionMean(), sets)
    once = [abs(scores(uncertain, RegionMean(), sets, repeats=2)[0] - steady[0]) for _ in range(6)]
    often = [abs(scores(uncertain, RegionMean(), sets, repeats=40)[0] - steady[0]) for _ in range(6)]
    assert max(often) < 0.005
    assert sum(often) < sum(once)


def breaks_without_2_and_5(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    shown = [a[:, :, y, x] == PAIR.a.y[y, x] for y, x in ((0, 0), (0, 24), (12, 12))]  # of units 0, 2 and 5
    return torch.where((shown[0] & ~shown[1] & ~shown[2])[..., None, None], float("nan"), (a + b) / 2)


@pytest.mark.parametrize("batch_size", [1, 5])
@pytest.mark.parametrize("wrapped", [True, False])
def test_nan_names_the_set(batch_size: int, wrapped: bool) -> None:
    class Unchecked(FusionModel):
        def forward(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
            return breaks_without_2_and_5(a, b)

    everything = UNITS.everything
    sets = [everything & ~hidden for hidden in (0b1, 0b100, 0b100000, 0b100100, 0b10)]
    model = breaks_without_2_and_5 if wrapped else Unchecked()
    with Evaluator(model, PAIR, Similarity(), UNITS, fill="black", batch_size=batch_size) as evaluator:
        with pytest.raises(ModelError, match=r"2 of 32 units hidden \(2, 5\)"):
            evaluator.scores(sets)
        assert evaluator.counts.model_images <= START_IMAGES + len(sets)
        assert len(evaluator.scores(sets[:3])) == 3


def test_a_target_that_is_nan_for_the_pair_itself() -> None:
    broken = Downstream(lambda fused: fused.mean(dim=(1, 2, 3)) * float("inf"), "broken")
    with (
        pytest.raises(ModelError, match=r"score is inf with 0 of 32 units hidden \(none\)"),
        Evaluator(TinyCNN(), PAIR, broken, UNITS),
    ):
        pass


def test_no_influence() -> None:
    with Evaluator(only_a, PAIR, Similarity(), make_units(PAIR, "grid:11", which="b")) as evaluator:
        assert not evaluator.has_influence
        with pytest.raises(InputError, match="does not change the target"):
            evaluator.relative([1])


def test_wrong_settings_are_refused() -> None:
    cases: list[tuple[dict[str, Any], str]] = [
        ({"batch_size": 0}, "batch_size"), ({"repeats": 0}, "repeats"), ({"max_images": 2}, "of at least 3"),
        ({"max_seconds": 0}, "max_seconds above 0"),
    ]  # fmt: skip
    for wrong, words in cases:
        with pytest.raises(InputError, match=words):
            Evaluator(average, PAIR, Similarity(), UNITS, **wrong)
    with pytest.raises(InputError, match="units have size"):
        Evaluator(average, small_pair(20, 20), Similarity(), UNITS)
    for target in (Similarity((0, 0, 41, 4)), RegionMean((0, 0, 1, 45)), Closeness("b", (-1, 0, 3, 3)), Pixel(40, 0)):
        with pytest.raises(InputError, match="image"), Evaluator(average, PAIR, target, UNITS):
            pass
