"""LIME: true coefficients of additive scores, many targets as one by one, seeds, batches, budgets, extremes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

import fuselens as fl
from fuselens.core.errors import InputError, UnknownNameError
from fuselens.core.evaluator import Evaluator
from fuselens.core.targets import Closeness, Downstream, Pixel, RegionMean, Similarity
from fuselens.core.units import make_units
from fuselens.explainers.lime import lime
from fuselens.explainers.surrogate import Regression, as_sets, draw_masks, kernel
from tests.explainers.known_answers import contributions, linear_target, only_a, pair_of, tiny_network, unit_sums


@pytest.mark.parametrize("units", ["grid:8", "slic:20", "quickshift"])
@pytest.mark.parametrize("antithetic", [True, False])
def test_recovers_the_coefficients_of_an_additive_score(units: str, antithetic: bool) -> None:
    pair = pair_of()
    target, weights = linear_target(pair)
    got = lime(fl.load_model("average"), pair, target, units=units, fill="black", ridge=1e-8, antithetic=antithetic)
    assert got.units is not None
    assert got.unit_scores is not None
    true = unit_sums([got.units.labels_a, got.units.labels_b], got.units.count, contributions(pair, weights))
    np.testing.assert_allclose(got.unit_scores.numpy(), true, rtol=1e-4, atol=1e-5 * abs(true).max())
    assert got.facts["r2"] == pytest.approx(1)
    assert got.facts["local_prediction"] == pytest.approx(got.value)
    assert got.facts["intercept"] == pytest.approx(0, abs=1e-6)
    assert "warning" not in got.facts
    in_a = got.units.source_of().numpy() == 0
    assert got.facts["share_a"] == pytest.approx(abs(true[in_a]).sum() / abs(true).sum(), rel=1e-4)
    np.testing.assert_array_equal(got.a.numpy(), got.unit_scores.numpy()[got.units.labels_a.numpy()])


def test_the_ridge_shrinks_and_keeps_the_signs() -> None:
    pair = pair_of()
    target, _ = linear_target(pair)
    model = fl.load_model("average")
    exact, shrunk = (lime(model, pair, target, units="grid:8", fill="black", ridge=r).unit_scores for r in (1e-8, 10.0))
    assert exact is not None
    assert shrunk is not None
    assert shrunk.sum() < 0.99 * exact.sum()
    assert bool((shrunk.sign() == exact.sign())[exact > 0.1 * exact.max()].all())


def test_weighted_ridge_against_a_closed_form_of_augmented_rows() -> None:
    """Ridge with a free intercept is least squares with a row sqrt(penalty) e_j for each slope alone."""
    rng = np.random.default_rng(0)
    masks, scores, weights = rng.random((60, 7)) < 0.5, rng.random((60, 3)), rng.random(60) + 0.1
    regression = Regression.of(*(torch.from_numpy(each) for each in (masks, scores, weights)))
    root = np.sqrt(weights)[:, None]
    rows = np.concatenate([root * np.c_[np.ones(60), masks], np.c_[np.zeros(7), np.sqrt(0.7) * np.eye(7)]])
    wanted = np.linalg.lstsq(rows, np.concatenate([root * scores, np.zeros((7, 3))]), rcond=None)[0]
    slopes = regression.ridge(0.7)
    np.testing.assert_allclose(slopes, wanted[1:], atol=1e-12)
    np.testing.assert_allclose(regression.intercept(slopes), wanted[0], atol=1e-12)
    errors = scores - wanted[0] - masks @ wanted[1:]
    mean = (weights @ scores) / weights.sum()
    np.testing.assert_allclose(regression.r2(slopes), 1 - weights @ errors**2 / (weights @ (scores - mean) ** 2))


def test_many_targets_equal_one_by_one() -> None:
    pair, model = pair_of(), tiny_network()
    targets = [
        RegionMean((2, 3, 10, 11)), Pixel(20, 30), Similarity((8, 8, 24, 30)), Closeness("a", (0, 0, 12, 12)),
        RegionMean(torch.arange(32)[:, None] > torch.arange(40)),
    ]  # fmt: skip
    together = lime(model, pair, targets=targets, units="grid:8", samples=60, max_images=80)
    assert together[0].facts["model_images"] <= 66
    for target, got in zip(targets, together, strict=True):
        alone = lime(model, pair, target, units="grid:8", samples=60)
        assert (got.target, got.method) == (alone.target, "lime")
        assert got.value == pytest.approx(alone.value, rel=1e-9)
        torch.testing.assert_close(got.a, alone.a, atol=1e-6, rtol=1e-5)
        torch.testing.assert_close(got.b, alone.b, atol=1e-6, rtol=1e-5)
        for fact in ("r2", "intercept", "share_a", "local_prediction"):
            assert got.facts[fact] == pytest.approx(alone.facts[fact], abs=1e-6)


@pytest.mark.parametrize("locality", [True, False])
def test_batches_and_locality_change_nothing_and_seeds_decide(locality: bool) -> None:
    pair, model, target = pair_of(), tiny_network(), RegionMean((4, 6, 20, 24))
    first = lime(model, pair, target, units="slic:12", samples=50)
    again = lime(model, pair, target, units="slic:12", samples=50)
    assert torch.equal(first.a, again.a)
    assert torch.equal(first.b, again.b)
    for size in (1, 3, 16):
        other = lime(model, pair, target, units="slic:12", samples=50, batch_size=size, locality=locality)
        torch.testing.assert_close(other.a, first.a, atol=1e-6, rtol=0)
    assert not torch.equal(lime(model, pair, target, units="slic:12", samples=50, seed=1).a, first.a)


def test_a_source_that_is_ignored_gets_nothing() -> None:
    pair = pair_of()
    both = lime(only_a, pair, RegionMean((2, 3, 10, 11)), units="grid:8", fill="mean", ridge=1e-6)
    assert float(both.b.abs().max()) < 1e-6 * float(both.a.abs().max())
    assert both.facts["share_a"] == pytest.approx(1)
    alone = lime(only_a, pair, RegionMean((2, 3, 10, 11)), units="grid:8", which="b", samples=40)
    assert float(alone.a.abs().max()) == float(alone.b.abs().max()) == 0
    assert "hardly changes" in alone.facts["warning"]


def test_a_score_that_is_no_sum_is_told() -> None:
    def parity(fused: torch.Tensor) -> torch.Tensor:
        shown = (fused[:, 0, 8::16, 4::16] > 0).flatten(1).sum(dim=1)
        return shown % 2 + 0.01 * shown

    got = lime(lambda a, b: b.clone(), pair_of(), Downstream(parity), units="grid:16", which="b", fill="black")
    assert got.units is not None
    assert got.units.count == 6
    assert got.facts["r2"] < 0.3
    assert "R²" in got.facts["warning"]


def test_preset_draws_fills_and_segments_as_the_public_code() -> None:
    pair = pair_of()
    got = lime(fl.load_model("average"), pair, preset="lime", samples=30, which="b")
    assert (got.settings["units"], got.settings["fill"]) == ("quickshift", "segment_mean")
    assert got.settings["antithetic"] is False
    assert got.units is not None
    assert got.units.count == make_units(pair, "quickshift", which="b").count
    own = lime(fl.load_model("average"), pair, preset="lime", samples=30, units="grid:8")
    assert own.settings["units"] == "grid:8"


def test_masks() -> None:
    pairs = draw_masks(30, 101, antithetic=True, seed=0)
    assert pairs.shape == (101, 30)
    assert bool(pairs[0].all())
    assert bool((pairs[:100:2] ^ pairs[1:100:2]).all())
    single = draw_masks(30, 4001, antithetic=False, seed=0)
    assert bool(single[0].all())
    assert float(single[1:].float().mean()) == pytest.approx(0.5, abs=0.01)
    assert len(set(as_sets(single[1:]))) == 4000
    assert as_sets(torch.tensor([[True, False, True] + [False] * 8 + [True]])) == [0b100000000101]


def test_kernel_is_the_root_of_the_exponential_of_the_cosine_distance() -> None:
    masks = torch.tensor([[True] * 4, [True, False, False, False], [False] * 4])
    distances = np.array([0, 1 - 0.5, 1])
    np.testing.assert_allclose(kernel(masks, 0.25), np.sqrt(np.exp(-(distances**2) / 0.25**2)))
    np.testing.assert_array_equal(kernel(masks, None), np.ones(3))


def test_one_unit_and_three_hundred() -> None:
    pair = pair_of()
    target, weights = linear_target(pair)
    one = lime(fl.load_model("average"), pair, target, units="grid:64", which="a", fill="black", ridge=1e-9)
    assert one.unit_scores is not None
    assert float(one.unit_scores[0]) == pytest.approx(contributions(pair, weights)[0].sum(), rel=1e-6)
    assert one.facts["model_images"] <= 6
    assert float(one.b.abs().max()) == 0
    many = lime(fl.load_model("average"), pair, target, units="grid:3", fill="black", samples=200)
    assert many.units is not None
    assert many.units.count == 2 * 11 * 14
    assert bool(torch.isfinite(many.a).all())


@pytest.mark.parametrize("budget", [4, 11, 40])
def test_budgets_are_kept_and_used_up(budget: int) -> None:
    pair = pair_of()
    got = lime(tiny_network(), pair, RegionMean((4, 6, 20, 24)), units="slic:12", samples=100, max_images=budget)
    assert got.facts["model_images"] == budget
    assert got.facts["complete"] is False
    assert got.facts["samples"] < 100
    assert f"after {got.facts['samples']} of 100" in got.facts["warning"]
    assert bool(torch.isfinite(got.a).all())


def test_a_run_cut_short_equals_a_shorter_run() -> None:
    pair, target = pair_of(), RegionMean((4, 6, 20, 24))
    cut = lime(tiny_network(), pair, target, units="slic:12", samples=40, max_images=23, batch_size=4)
    assert 2 < cut.facts["samples"] < 40
    masks = draw_masks(cut.units.count, 40, antithetic=True, seed=0)[: cut.facts["samples"]]  # type: ignore[union-attr]
    with Evaluator(tiny_network(), pair, target, cut.units) as evaluator:  # type: ignore[arg-type]
        scores = torch.tensor(evaluator.scores(as_sets(masks)), dtype=torch.float64)[:, None]
    slopes = Regression.of(masks, scores, kernel(masks, 0.25)).ridge(1.0)
    torch.testing.assert_close(cut.unit_scores, slopes[:, 0].float(), atol=1e-6, rtol=1e-4)


def test_masks_that_come_again_after_a_cut_do_not_count() -> None:
    """With two units there are four masks; the budget suffices for everything and nothing only."""
    pair, model = pair_of(), fl.load_model("average")
    with Evaluator(model, pair, Similarity(), make_units(pair, "grid:64")) as evaluator:
        budget = evaluator.counts.model_images
    got = lime(model, pair, units="grid:64", samples=50, max_images=budget)
    masks = as_sets(draw_masks(2, 50, antithetic=True, seed=0))
    first_unknown = next(index for index, mask in enumerate(masks) if mask in (1, 2))
    assert got.facts["samples"] == first_unknown < masks.count(0) + masks.count(3)
    assert got.facts["complete"] is False


def test_an_interruption_keeps_what_is_there() -> None:
    def stop(images: int, _: int) -> None:
        if images > 30:
            raise KeyboardInterrupt

    got = lime(tiny_network(), pair_of(), units="grid:8", samples=100, progress=stop, batch_size=4)
    assert got.facts["complete"] is False
    assert "stopped after" in got.facts["warning"]
    assert 10 < got.facts["samples"] < 40


def test_the_default_fill_is_the_blur() -> None:
    pair = pair_of()
    target, weights = linear_target(pair)
    got = lime(fl.load_model("average"), pair, target, units="grid:8", which="a", ridge=1e-9)
    assert got.units is not None
    blurred = gaussian_filter(pair.a.y.numpy(), 5 * 32 / 256)
    true = unit_sums([got.units.labels_a], got.units.count, (weights * 0.5 * (pair.a.y.numpy() - blurred),))
    np.testing.assert_allclose(got.unit_scores, true, atol=1e-5 * abs(true).max())


def test_refusals() -> None:
    pair, model = pair_of(), fl.load_model("average")
    with pytest.raises(InputError, match="at least 2 samples"):
        lime(model, pair, samples=1)
    with pytest.raises(InputError, match="kernel width above 0"):
        lime(model, pair, kernel_width=0)
    with pytest.raises(InputError, match="penalty above 0"):
        lime(model, pair, ridge=0, samples=4)
    with pytest.raises(UnknownNameError, match="preset"):
        lime(model, pair, preset="paper")  # type: ignore[call-overload]
    with pytest.raises(InputError, match="both"):
        lime(model, pair, Pixel(1, 1), targets=[Pixel(1, 1)])  # type: ignore[call-overload]
    with pytest.raises(InputError, match="empty list"):
        lime(model, pair, targets=[])
    with pytest.raises(InputError, match="not in the image"):
        lime(model, pair, targets=[Pixel(1, 1), Pixel(99, 1)])
