"""SEDC: smallest sets on additive scores, nothing superfluous, the aims of the targeted form, budgets, batches."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
import torch

import fuselens as fl
from fuselens.core.errors import InputError
from fuselens.core.evaluator import Evaluator
from fuselens.core.explanation import SetExplanation
from fuselens.core.targets import Pixel, RegionMean, Similarity, Target
from fuselens.core.units import units_from_labels
from fuselens.explainers.ddfimage import ddfimage
from fuselens.explainers.sedc import sedc, sedc_t
from tests.explainers.known_answers import contributions, linear_target, only_a, pair_of, tiny_network, unit_sums

REGION = RegionMean((2, 3, 14, 15))


def without(
    model: object, pair: fl.ImagePair, target: Target, got: SetExplanation, kept: int, **options: object
) -> float:
    """The relative score with everything but a set, from scratch, without a cache or windows."""
    with Evaluator(model, pair, target, got.units, locality=False, **options) as fresh:  # type: ignore[arg-type]
        return fresh.relative([got.units.everything & ~kept])[0]


def singles_removed(kept: int) -> list[int]:
    return [kept & ~(1 << unit) for unit in range(kept.bit_length()) if kept >> unit & 1]


@pytest.mark.parametrize("level", [0.9, 0.7, 0.5, 0.2])
def test_additive_scores_give_the_smallest_set(level: float) -> None:
    pair = pair_of()
    target, weights = linear_target(pair)
    got = sedc(fl.load_model("average"), pair, target, level=level, units="grid:8", fill="black")
    true = unit_sums([got.units.labels_a, got.units.labels_b], got.units.count, contributions(pair, weights))
    largest = np.cumsum(np.sort(true)[::-1]) / true.sum()
    assert got.status == "EXPLAINED"
    assert got.size == 1 + int(np.argmax(1 - largest < level))
    assert got.is_necessary
    assert (got.method, got.mode) == ("sedc", "necessary")


@pytest.mark.parametrize("target", [REGION, Similarity((4, 6, 20, 24))])
def test_the_certificate_holds_from_scratch_and_nothing_can_be_spared(target: Target) -> None:
    pair, model = pair_of(), tiny_network()
    got = sedc(model, pair, target, level=0.6, units="slic:12")
    assert got.status == "EXPLAINED"
    assert without(model, pair, target, got, got.kept) == pytest.approx(got.scaled(got.score_removed), abs=1e-6)
    assert got.is_necessary
    assert all(without(model, pair, target, got, each) >= 0.6 for each in singles_removed(got.kept))
    assert got.settings["one_minimal"] is True
    checked = ddfimage(model, pair, target, level=0.6, units="slic:12", mode="necessary")
    assert checked.is_necessary


def test_against_all_subsets_of_few_units() -> None:
    """On this score with interactions the set is the smallest too, and it is irreducible."""
    pair, model = pair_of(), fl.load_model("maximum")
    got = sedc(model, pair, REGION, level=0.5, units="grid:16", which="a", fill="black")
    with Evaluator(model, pair, REGION, got.units, fill="black") as evaluator:
        passing = [
            sum(1 << unit for unit in chosen)
            for size in range(1, got.units.count + 1)
            for chosen in combinations(range(got.units.count), size)
            if evaluator.relative([got.units.everything & ~sum(1 << unit for unit in chosen)])[0] < 0.5
        ]
    assert got.kept in passing
    assert got.size == min(each.bit_count() for each in passing)
    assert not any(each in passing for each in singles_removed(got.kept))


def test_default_levels_and_no_influence() -> None:
    pair = pair_of()
    assert sedc(tiny_network(), pair, REGION, units="grid:8").level == 0.9
    assert sedc(tiny_network(), pair, units="grid:16").level == 0.5
    got = sedc(only_a, pair, REGION, which="b")
    assert (got.status, got.kept) == ("NO_INFLUENCE", 0)


def test_batches_locality_and_runs() -> None:
    pair, model = pair_of(), tiny_network()
    first = sedc(model, pair, REGION, level=0.6, units="slic:12")
    for size, locality in ((1, True), (3, False), (16, False), (16, True)):
        other = sedc(model, pair, REGION, level=0.6, units="slic:12", batch_size=size, locality=locality)
        assert other.kept == first.kept
        assert other.score_removed == pytest.approx(first.score_removed, abs=1e-6)


@pytest.mark.parametrize("budget", [6, 30, 60])
def test_budgets_are_kept_and_the_set_still_changes_the_result(budget: int) -> None:
    pair = pair_of()
    got = sedc(tiny_network(), pair, level=0.3, units="grid:8", max_images=budget)
    assert got.status == "BUDGET_EXHAUSTED"
    assert got.is_necessary
    assert got.model_images <= budget + 2
    assert got.settings["one_minimal"] is False


def test_an_interruption_keeps_a_set_that_changes_the_result() -> None:
    pending = [KeyboardInterrupt()]

    def stop_once(images: int, _: int) -> None:
        if images > 30 and pending:
            raise pending.pop()

    got = sedc(tiny_network(), pair_of(), level=0.3, units="grid:8", progress=stop_once)
    assert got.status == "INTERRUPTED"
    assert got.is_necessary


@pytest.mark.parametrize(("units", "count"), [("grid:64", 1), ("grid:2", 320)])
def test_one_unit_and_three_hundred(units: str, count: int) -> None:
    got = sedc(fl.load_model("average"), pair_of(), RegionMean((2, 3, 10, 11)), units=units, which="a", fill="black")
    assert got.units.count == count
    assert got.status == "EXPLAINED"
    assert got.is_necessary


def test_towards_a_source_the_fused_image_crosses_over() -> None:
    """From scratch: nearer, in mean squared error over the region, to the fused image without the other source."""
    pair, model = pair_of(), tiny_network()
    region = (18, 20, 31, 38)
    got = sedc_t(model, pair, RegionMean(region), towards="a", units="grid:4", fill="mean")
    assert got.status == "EXPLAINED"
    assert got.target == "towards:a:18,20,31,38"
    assert int(got.units.source_of().min()) == 1
    a, b = pair.tensors(dtype=torch.float64)
    window = (0, 0, slice(18, 31), slice(20, 38))

    def nearness(kept: int) -> float:
        shown = torch.tensor([not kept >> unit & 1 for unit in range(got.units.count)])
        hidden = torch.where(shown[got.units.labels_b], b, b.mean())
        fused = model(a, hidden)[window]
        return float(((fused - counter) ** 2).mean() - ((fused - original) ** 2).mean())

    with torch.no_grad():
        original, counter = model(a, b)[window], model(a, torch.full_like(b, float(b.mean())))[window]
        assert nearness(0) > 0
        assert nearness(got.kept) < 0
        assert all(nearness(each) >= 0 for each in singles_removed(got.kept))
        distance = float(((original - counter) ** 2).mean())
        assert got.score_removed == pytest.approx(0.5 + nearness(got.kept) / (2 * distance), abs=1e-6)
    assert (got.score_full, got.score_empty) == (pytest.approx(1), pytest.approx(0, abs=1e-9))


def test_towards_a_source_takes_the_largest_parts_of_an_additive_difference() -> None:
    pair = pair_of()
    got = sedc_t(fl.load_model("average"), pair, towards="b", units="grid:8", fill="black")
    parts = unit_sums([got.units.labels_a], got.units.count, [pair.a.y.numpy() ** 2])
    largest = np.cumsum(np.sort(parts)[::-1]) / parts.sum()
    assert got.size == 1 + int(np.argmax(largest > 0.5))
    assert got.target == "towards:b"


@pytest.mark.parametrize(("fill", "towards"), [("black", 0.3), ("value:1", 0.75)])
def test_towards_a_number_the_target_crosses_it(fill: str, towards: float) -> None:
    pair, model = pair_of(), fl.load_model("average")
    target = RegionMean((4, 6, 20, 24))
    got = sedc_t(model, pair, target, towards=towards, units="grid:8", fill=fill)
    assert got.status == "EXPLAINED"
    assert got.score_full > towards > got.score_removed or got.score_full < towards < got.score_removed
    with Evaluator(model, pair, target, got.units, fill=fill) as evaluator:
        spared = evaluator.scores([got.units.everything & ~each for each in singles_removed(got.kept)])
    assert all((score - towards) * (got.score_full - towards) >= -1e-9 for score in spared)
    assert got.settings["towards"] == towards


@pytest.mark.parametrize("towards", [0.99, -0.5])
def test_numbers_that_hiding_cannot_reach(towards: float) -> None:
    got = sedc_t(fl.load_model("average"), pair_of(), REGION, towards=towards, units="grid:8", fill="black")
    assert (got.status, got.kept) == ("NOT_FOUND", 0)


def test_aims_that_change_nothing_or_lie_elsewhere() -> None:
    pair = pair_of()
    assert sedc_t(only_a, pair, towards="a", units="grid:8").status == "NO_INFLUENCE"
    assert sedc_t(only_a, pair, REGION, towards=0.3, which="b", units="grid:8").status == "NO_INFLUENCE"
    corner = units_from_labels(None, np.where(np.indices((32, 40)).sum(axis=0) < 16, 0, -1))
    assert sedc_t(tiny_network(), pair, towards="a", units=corner, fill="black").status == "NOT_FOUND"


@pytest.mark.parametrize("target", [None, Pixel(5, 6), Similarity((4, 6, 20, 24)), RegionMean(torch.eye(32, 40))])
def test_the_targets_region_is_where_images_are_compared(target: Target | None) -> None:
    got = sedc_t(tiny_network(), pair_of(), target, towards="b", units="grid:8", fill="black")
    wanted = {None: "towards:b", Pixel: "5,6,6,7", Similarity: "4,6,20,24", RegionMean: "(mask)"}
    assert got.target.endswith(wanted[None if target is None else type(target)])
    assert got.status in ("EXPLAINED", "NO_INFLUENCE")


def test_targeted_budgets() -> None:
    got = sedc_t(tiny_network(), pair_of(), towards="a", units="grid:4", max_images=12)
    assert got.status == "BUDGET_EXHAUSTED"
    assert got.is_necessary


def test_refusals() -> None:
    pair, model = pair_of(), fl.load_model("average")
    with pytest.raises(InputError, match="Expected towards"):
        sedc_t(model, pair, towards="c")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="level above 0"):
        sedc(model, pair, level=0.0)
    with pytest.raises(InputError, match="leaves the image"):
        sedc_t(model, pair, RegionMean((0, 0, 99, 3)), towards="a")
