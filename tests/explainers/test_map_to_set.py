"""From maps to sets: the order of units, the shortest prefix, and how it ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from fuselens.core.errors import InputError, UnknownNameError
from fuselens.core.explanation import Mode
from fuselens.core.locality import Box
from fuselens.core.pair import ImagePair
from fuselens.core.results import Attribution
from fuselens.core.targets import Downstream, RegionMean, Similarity
from fuselens.core.units import Units, make_units, units_from_labels
from fuselens.evaluation import check
from fuselens.explainers.hiding import evaluator_for
from fuselens.explainers.map_to_set import Sign, map_to_set, prefixes, ranked, scores_of, set_from_map, shortest_prefix
from tests.core.small import TinyCNN, average, only_a, small_pair

PAIR = small_pair()
UNITS = make_units(PAIR, "grid:8")
BRIGHT = RegionMean()


def map_of(
    values: torch.Tensor, units: Units = UNITS, *, by_units: bool = True, pair: ImagePair = PAIR, **settings: Any
) -> Attribution:
    a, b = units.spread(values)
    known: dict[str, Any] = {"units": units, "unit_scores": values} if by_units else {}
    return Attribution(a, b, pair.names, "mean", 0.0, "made_up", Box(0, 0, *pair.size), settings, **known)


def gains(units: Units = UNITS, function: Callable[[torch.Tensor], torch.Tensor] = torch.sum) -> torch.Tensor:
    """What each unit adds to the mean of the average of both sources, with a black fill."""
    found = []
    for unit in range(units.count):
        labels, source = (units.labels_b, PAIR.b) if units.source_of()[unit] else (units.labels_a, PAIR.a)
        found.append(function(source.y[labels == unit]) / 2 / source.y.numel())
    return torch.stack(found)


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 10**6), st.sampled_from(["both", "sufficient", "necessary"]), st.floats(0.1, 0.9))
def test_the_shortest_prefix_of_the_ranking(seed: int, mode: Mode, level: float) -> None:
    ranking = torch.randperm(UNITS.count, generator=torch.Generator().manual_seed(seed)) + 1.0
    found = map_to_set(map_of(ranking), average, PAIR, BRIGHT, fill="black", level=level, mode=mode)
    order = ranking.argsort(descending=True).tolist()
    assert sorted(found.members) == sorted(order[: found.size])
    parts = (gains() / gains().sum()).numpy()[order]
    alone, without = np.cumsum(parts), 1 - np.cumsum(parts)
    holds = {
        "both": (alone >= level) & (without < level), "sufficient": alone >= level, "necessary": without < level,
    }[mode]  # fmt: skip
    if np.abs(alone - level).min() > 1e-5 and np.abs(without - level).min() > 1e-5:
        assert found.size == 1 + int(np.argmax(holds))
    assert found.status == "EXPLAINED"
    assert check(average, found).holds


def test_maps_by_pixels_are_averaged_over_units() -> None:
    map_a, map_b = torch.randn(2, *PAIR.size, generator=torch.Generator().manual_seed(1))
    signed = Attribution(map_a, map_b, PAIR.names, "mean", 0.0, "noise", Box(0, 0, *PAIR.size))
    with evaluator_for(average, PAIR, BRIGHT, {"units": UNITS, "fill": "black"}) as evaluator:
        for sign, counted in (("positive", lambda m: m.clamp(min=0)), ("absolute", torch.abs)):
            scores = scores_of(signed, evaluator, sign)  # type: ignore[arg-type]
            for unit in range(UNITS.count):
                labels, values = (UNITS.labels_b, map_b) if UNITS.source_of()[unit] else (UNITS.labels_a, map_a)
                assert float(scores[unit]) == pytest.approx(float(counted(values[labels == unit]).mean()), rel=1e-5)


def test_scores_by_units_and_their_maps_rank_alike() -> None:
    values = torch.randn(UNITS.count, generator=torch.Generator().manual_seed(0))
    with evaluator_for(average, PAIR, BRIGHT, {"units": UNITS, "fill": "black"}) as evaluator:
        for sign in ("positive", "absolute"):
            first, second = (scores_of(map_of(values, by_units=known), evaluator, sign) for known in (True, False))
            torch.testing.assert_close(first, second)


def test_ties_keep_the_order_of_units() -> None:
    assert ranked(torch.tensor([0.0, 2.0, 1.0, 2.0, 0.0])) == [1, 3, 2, 0, 4]
    assert prefixes([2, 0, 1]) == [0b100, 0b101, 0b111]
    assert prefixes([]) == []
    assert ranked(torch.zeros(500)) == list(range(500))


def test_only_units_with_a_positive_score_are_proposed() -> None:
    few = torch.zeros(UNITS.count)
    few[:2] = torch.tensor([1.0, -3.0])
    found = map_to_set(map_of(few), average, PAIR, BRIGHT, fill="black")
    assert (found.status, found.kept) == ("NOT_FOUND", 0)
    assert found.settings["proposed"] == 1
    assert check(average, found).holds
    found = map_to_set(map_of(few), average, PAIR, BRIGHT, fill="black", sign="absolute", level=0.01, mode="sufficient")
    assert (found.status, found.members) == ("EXPLAINED", [1])
    assert found.settings["sign"] == "absolute"
    assert found.settings["ranked_by"] == "made_up"
    assert found.settings["one_minimal"] is False
    assert found.method == "made_up_set"


def test_units_that_lower_a_target_explain_one_that_falls() -> None:
    darkness = Downstream(lambda fused: -fused.mean(dim=(1, 2, 3)), "darkness")
    found = map_to_set(map_of(-gains()), average, PAIR, darkness, fill="black")
    bright = map_to_set(map_of(gains()), average, PAIR, BRIGHT, fill="black")
    assert found.members == bright.members
    relative = map_to_set(map_of(gains(), scores="relative"), average, PAIR, darkness, fill="black")
    assert relative.members == bright.members
    assert map_to_set(map_of(gains()), average, PAIR, darkness, fill="black").status == "NOT_FOUND"


def test_other_units_than_the_maps_own() -> None:
    found = map_to_set(map_of(gains()), average, PAIR, BRIGHT, units="grid:12", which="b", fill="black")
    assert found.units.count == 6
    assert found.status == "EXPLAINED"
    assert found.share() == 0


def test_no_influence() -> None:
    units = make_units(PAIR, "grid:8", which="b")
    found = map_to_set(map_of(torch.ones(units.count), units), only_a, PAIR)
    assert (found.status, found.kept) == ("NO_INFLUENCE", 0)


@pytest.mark.parametrize("max_images", [3, 5, 9])
def test_a_budget_leaves_all_units(max_images: int) -> None:
    ranking = torch.arange(UNITS.count) + 1.0
    found = map_to_set(map_of(ranking), average, PAIR, level=0.9, max_images=max_images)
    assert found.status == "BUDGET_EXHAUSTED"
    assert found.kept == UNITS.everything
    assert found.model_images == max_images
    assert check(average, found).holds


def test_an_interruption_leaves_all_units() -> None:
    calls = iter(range(100))

    def interrupted(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        if next(calls) == 3:
            raise KeyboardInterrupt
        return average(a, b)

    found = map_to_set(map_of(torch.arange(UNITS.count) + 1.0), interrupted, PAIR)
    assert (found.status, found.kept) == ("INTERRUPTED", UNITS.everything)


def test_maps_share_an_evaluator() -> None:
    with evaluator_for(TinyCNN(), PAIR, Similarity(), {"units": UNITS}) as evaluator:
        first = set_from_map(map_of(torch.arange(UNITS.count) + 1.0), evaluator)
        images = evaluator.counts.model_images
        again = set_from_map(map_of(2 * torch.arange(UNITS.count) + 5.0), evaluator)
        assert evaluator.counts.model_images == images
        assert again.kept == first.kept
    assert check(TinyCNN(), first).holds


@pytest.mark.parametrize("batch", [1, 3, 50])
def test_batches_find_the_same_prefix(batch: int) -> None:
    with evaluator_for(TinyCNN(), PAIR, Similarity(), {"units": UNITS}) as evaluator:
        order = list(range(UNITS.count))
        alone = shortest_prefix(evaluator, order, 0.5, "both", batch=1)
        assert shortest_prefix(evaluator, order, 0.5, "both", batch=batch) == alone
        assert shortest_prefix(evaluator, order[:1], 0.5, "both") is None


def test_wrong_maps_and_settings_are_refused() -> None:
    good = map_of(gains())
    with pytest.raises(UnknownNameError, match="mode"):
        map_to_set(good, average, PAIR, mode="all")  # type: ignore[arg-type]
    with pytest.raises(UnknownNameError, match="sign"):
        map_to_set(good, average, PAIR, sign="negative")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="level"):
        map_to_set(good, average, PAIR, level=1.1)
    with pytest.raises(InputError, match="explain this pair"):
        map_to_set(good, average, small_pair(32, 32), units="grid:8")
    with pytest.raises(InputError, match="NaN"):
        map_to_set(map_of(gains() * float("nan")), average, PAIR)


def test_a_source_without_units_counts_for_nothing() -> None:
    units = units_from_labels(np.arange(24)[:, None] // 6 + np.zeros((1, 28), int))
    sign: Sign = "absolute"
    loud = Attribution(torch.ones(24, 28), torch.full((24, 28), 9.0), PAIR.names, "mean", 0.0, "x", Box(0, 0, 24, 28))
    with evaluator_for(average, PAIR, BRIGHT, {"units": units}) as evaluator:
        assert scores_of(loud, evaluator, sign).tolist() == [1.0] * 4
