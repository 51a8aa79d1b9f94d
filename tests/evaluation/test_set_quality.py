"""The quality of sets, and everything measured at once."""

from __future__ import annotations

from dataclasses import replace
from math import isnan

import numpy as np
import pytest
import torch
from skimage.metrics import structural_similarity

from fuselens.core.errors import InputError
from fuselens.core.evaluator import BudgetReachedError
from fuselens.core.locality import Box
from fuselens.core.results import Attribution
from fuselens.core.targets import RegionMean, Similarity
from fuselens.core.units import make_units
from fuselens.evaluation import measure
from fuselens.evaluation.reopening import reopened
from fuselens.evaluation.set_quality import set_quality
from fuselens.explainers.ddfimage import ddfimage
from fuselens.explainers.hiding import evaluator_for
from fuselens.explainers.map_to_set import map_to_set
from tests.core.small import TinyCNN, average, only_a, small_pair

PAIR = small_pair()
REGION = (6, 7, 14, 17)
UNITS = make_units(PAIR, "grid:7")


def map_of(values: torch.Tensor, **facts: float) -> Attribution:
    a, b = UNITS.spread(values)
    return Attribution(a, b, PAIR.names, "image", 1.0, "made_up", Box(0, 0, 24, 28), {}, facts, UNITS, values)


def ssim(x: torch.Tensor, y: torch.Tensor) -> float:
    """Full windows only, by another library."""
    _, whole = structural_similarity(
        x.double().numpy(), y.double().numpy(), data_range=1.0, gaussian_weights=True, sigma=1.5,
        use_sample_covariance=False, full=True,
    )  # fmt: skip
    return float(whole[5:-5, 5:-5].mean())


def test_a_minimal_set() -> None:
    model = TinyCNN()
    found = ddfimage(model, PAIR, Similarity(REGION), units=UNITS)
    with reopened(model, found) as evaluator:
        values = set_quality(evaluator, found)
    assert [values[f"set_{name}"] for name in ("sufficiency", "necessity", "both")] == [1, 1, 1]
    assert values["set_size"] == found.size / 32
    assert values["set_area"] == found.area
    assert values["set_margin"] == found.margin
    assert values["set_redundancy"] == 0
    shown = found.explained_pair()
    assert values["set_source_ssim"] == pytest.approx(
        np.mean([ssim(kept.y, source.y) for kept, source in zip(shown, PAIR, strict=True)]), abs=1e-5
    )
    with torch.no_grad():
        fused = model(*shown.tensors())[0, 0]
    assert values["set_fused_ssim"] == pytest.approx(ssim(fused, found.fused), abs=1e-5)


def test_only_sources_that_can_be_hidden_count_as_preserved() -> None:
    found = ddfimage(average, PAIR, units="grid:7", which="b")
    with reopened(average, found) as evaluator:
        values = set_quality(evaluator, found)
    assert values["set_source_ssim"] == pytest.approx(ssim(found.explained_pair().b.y, PAIR.b.y), abs=1e-5)
    assert values["set_fused_ssim"] > values["set_source_ssim"]


def test_redundant_units_are_counted() -> None:
    """The mean over one cell needs that cell of each source; the others of the set are ballast."""
    cell = RegionMean((0, 0, 7, 7))
    values = torch.zeros(UNITS.count)
    values[[5, 6, 7, 0, 16]] = torch.tensor([9.0, 8.0, 7.0, 2.0, 1.0])
    found = map_to_set(map_of(values), average, PAIR, cell, fill="black", level=0.95)
    assert found.members == [0, 5, 6, 7, 16]
    with reopened(average, found) as evaluator:
        assert set_quality(evaluator, found)["set_redundancy"] == 3 / 5
    single = map_to_set(map_of(values), average, PAIR, cell, fill="black", level=0.01, mode="sufficient")
    with reopened(average, replace(single, kept=1, level=0.1)) as evaluator:
        assert set_quality(evaluator, replace(single, kept=1, level=0.1))["set_redundancy"] == 0


def test_no_set() -> None:
    found = ddfimage(only_a, PAIR, units="grid:7", which="b")
    with reopened(only_a, found) as evaluator:
        values = set_quality(evaluator, found)
    assert [values[f"set_{name}"] for name in ("sufficiency", "necessity", "both")] == [0, 0, 0]
    assert isnan(values["set_size"])
    assert isnan(values["set_redundancy"])


def test_another_evaluator_is_refused_and_budgets_are_errors() -> None:
    found = ddfimage(average, PAIR, units=UNITS)
    other_units = evaluator_for(average, PAIR, None, {"units": "grid:8"})
    other_target = evaluator_for(average, PAIR, RegionMean(REGION), {"units": UNITS})
    for evaluator in (other_units, other_target):
        with evaluator, pytest.raises(InputError, match="reopened"):
            set_quality(evaluator, found)
    with reopened(average, found, max_images=3) as evaluator, pytest.raises(BudgetReachedError, match="larger one"):
        set_quality(evaluator, found)


def test_all_measures_of_a_set() -> None:
    found = ddfimage(average, PAIR, units=UNITS)
    mask = torch.zeros(PAIR.size, dtype=torch.bool)
    mask[:, :14] = True
    with reopened(average, found) as evaluator:
        values = measure(found, evaluator, mask=mask, orders=3)
        assert measure(found, evaluator, orders=0).keys() == values.keys() - {
            "random_set_size", "random_set_area", "localisation", "localisation_area"
        }  # fmt: skip
    assert values["set_both"] == 1
    assert 0.3 < values["random_set_size"] < 0.8
    assert values["model_images"] == found.model_images
    assert values["localisation_area"] == 0.5
    assert "insertion" not in values


def test_all_measures_of_a_map() -> None:
    ranking = torch.arange(32).float() + 1
    with evaluator_for(average, PAIR, None, {"units": UNITS}) as evaluator:
        values = measure(map_of(ranking, score_baseline=0.5, model_images=7.0, seconds=0.5), evaluator, orders=3)
        plain = measure(map_of(ranking), evaluator, orders=0)
    chosen = map_to_set(map_of(ranking), average, PAIR)
    assert values["set_size"] == chosen.size / 32
    assert values["set_both"] == 1
    assert (values["model_images"], values["seconds"]) == (7, 0.5)
    total = float((ranking * UNITS.areas()).sum())
    assert values["completeness"] == pytest.approx((total - 0.5) / 0.5, rel=1e-5)
    assert 0 < values["insertion"] < 1
    assert "completeness" not in plain
    assert "insertion_random" not in plain
    with evaluator_for(only_a, PAIR, None, {"units": make_units(PAIR, "grid:7", which="b")}) as evaluator:
        nothing = measure(map_of(ranking), evaluator, orders=2)
        assert "insertion" not in nothing
        assert isnan(nothing["random_set_size"])
