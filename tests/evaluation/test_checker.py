"""The checker finds every claim that does not hold, and the evaluator's own mistakes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch

from fuselens.core.errors import InputError
from fuselens.core.explanation import SetExplanation
from fuselens.core.targets import Closeness, Downstream, RegionMean, Similarity
from fuselens.core.units import bits
from fuselens.evaluation import check
from fuselens.evaluation.reopening import reopened, target_of
from fuselens.explainers.ddfimage import ddfimage
from tests.core.small import TinyCNN, average, only_a, small_pair

PAIR = small_pair()
REGION = (6, 7, 14, 17)


@pytest.fixture(scope="module")
def found() -> SetExplanation:
    return ddfimage(TinyCNN(), PAIR, Similarity(REGION), units="grid:6")


def problems(explanation: SetExplanation, model: object = None, **options: Any) -> str:
    return " ".join(check(model or TinyCNN(), explanation, **options).problems)


def test_a_true_certificate_holds(found: SetExplanation) -> None:
    result = check(TinyCNN(), found)
    assert result.holds
    assert result.problems == ()
    assert result.spared == ()
    assert result.deviation < 1e-6
    assert result.scores["score_full"] == pytest.approx(1)
    assert result.model_images == 1 + 4 + 2 * found.size


@pytest.mark.parametrize("name", ["score_full", "score_empty", "score_kept", "score_removed"])
def test_a_wrong_score_is_found(found: SetExplanation, name: str) -> None:
    wrong = replace(found, **{name: getattr(found, name) + 1e-3})
    assert name in problems(wrong)
    assert check(TinyCNN(), wrong).deviation == pytest.approx(1e-3, abs=1e-6)
    assert check(TinyCNN(), replace(found, **{name: float("nan")})).problems
    assert check(TinyCNN(), wrong, tolerance=2e-3).holds


def test_a_set_with_a_unit_to_spare_is_found(found: SetExplanation) -> None:
    spare = next(unit for unit in range(found.units.count) if unit not in found.members)
    larger = replace(found, kept=found.kept | 1 << spare)
    assert f"these can: {spare}" in problems(larger).replace(".", "")
    assert spare in check(TinyCNN(), larger).spared
    modest = replace(larger, settings=found.settings | {"one_minimal": False})
    assert "can be spared" not in problems(modest)


def test_a_set_without_the_property_is_found(found: SetExplanation) -> None:
    smaller = replace(found, kept=found.kept & (found.kept - 1))
    assert "not sufficient and necessary at level 0.9" in problems(smaller)
    strict = replace(found, level=found.scaled(found.score_kept) + 0.01, mode="sufficient")
    assert "not sufficient at" in problems(strict)
    assert "not necessary at" in problems(
        replace(found, level=found.scaled(found.score_removed) - 0.01, mode="necessary")
    )


def test_a_wrong_status_is_found(found: SetExplanation) -> None:
    assert "NO_INFLUENCE, but the set" in problems(replace(found, status="NO_INFLUENCE"))
    assert "EXPLAINED, but the set has 0" in problems(replace(found, kept=0))
    silent = replace(found, status="NO_INFLUENCE", kept=0, score_kept=found.score_empty, score_removed=found.score_full)
    assert "moves the score" in problems(silent)


def test_other_fills_and_models_are_found(found: SetExplanation) -> None:
    assert "score_empty" in problems(replace(found, fill_a=torch.zeros_like(found.fill_a)))
    assert "score_removed" in problems(found, average)


def test_a_model_that_looks_further_than_it_says_is_found() -> None:
    class Liar(TinyCNN):
        reach = 0

    claimed = ddfimage(Liar(), PAIR, Similarity(REGION), units="grid:6")
    assert check(Liar(), claimed).deviation > 1e-4
    assert not check(Liar(), claimed).holds


def test_absolute_levels_and_budgets() -> None:
    paper = ddfimage(average, PAIR, preset="paper", units="grid:6")
    assert check(average, paper).holds
    assert not check(average, replace(paper, level=0.999)).holds
    cut = ddfimage(average, PAIR, preset="paper", units="grid:6", max_images=5)
    assert cut.status == "BUDGET_EXHAUSTED"
    result = check(average, cut)
    assert result.holds
    assert result.spared
    assert check(only_a, ddfimage(only_a, PAIR, preset="paper", units="grid:6")).holds


def test_targets_are_read_from_the_words_or_given() -> None:
    mask = torch.zeros(PAIR.size, dtype=torch.bool)
    mask[3:9, 4:12] = True
    energy = Downstream(lambda fused: fused.square().mean(dim=(1, 2, 3)), "energy")
    for target in (Similarity(mask), Similarity(measure="mse"), Closeness("a", REGION, "mae"), energy):
        claimed = ddfimage(TinyCNN(), PAIR, target, units="grid:8", fill="black")
        with pytest.raises(InputError, match="pass target="):
            check(TinyCNN(), claimed)
        assert check(TinyCNN(), claimed, target).holds
    claimed = ddfimage(TinyCNN(), PAIR, Closeness("b", REGION), units="grid:8")
    assert check(TinyCNN(), claimed).holds
    with pytest.raises(InputError, match="target given is mean"):
        target_of(claimed, RegionMean())


def test_the_models_mode_is_left_as_it_was(found: SetExplanation) -> None:
    model = TinyCNN().train()
    check(model, found)
    assert model.training
    assert all(weight.requires_grad for weight in model.parameters())


def test_a_reopened_evaluator_scores_as_the_first() -> None:
    claimed = ddfimage(TinyCNN(), PAIR, Similarity(REGION), units="grid:8", fill="noise", seed=3)
    with reopened(TinyCNN(), claimed, batch_size=2) as evaluator:
        assert evaluator.certificate(claimed.kept) == pytest.approx(
            (claimed.score_kept, claimed.score_removed), abs=1e-6
        )
        assert torch.equal(evaluator.fill_a.cpu(), claimed.fill_a)
    assert bits(claimed.members) == claimed.kept
