"""RISE: masks against plain resizing, estimates and errors by definition, known answers, seeds, batches, budgets."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn.functional import avg_pool2d, interpolate

import fuselens as fl
from fuselens.core.errors import InputError
from fuselens.core.targets import RegionMean
from fuselens.core.units import units_from_labels
from fuselens.explainers.rise import rise
from fuselens.explainers.soft_masks import SoftMasks
from tests.explainers.known_answers import contributions, linear_target, only_a, pair_of, tiny_network

REGION = RegionMean((2, 3, 14, 15))
CPU = torch.device("cpu")


def drawn(count: int, cells: int, chance: float = 0.5, seed: int = 0) -> list[SoftMasks]:
    """The masks of both sources that RISE draws for the pair."""
    generator = torch.Generator().manual_seed(seed)
    return [SoftMasks.draw(count, (32, 40), cells, chance, generator, CPU) for _ in range(2)]


@pytest.mark.parametrize("cells", [1, 3, 8])
def test_masks_are_grids_resized_and_cut(cells: int) -> None:
    masks = drawn(6, cells)[0]
    made = masks.made(2, 6)
    steps = [-(-side // cells) for side in (32, 40)]
    for index, mask in enumerate(made, start=2):
        large = interpolate(masks.grids[index][None, None], size=[(cells + 1) * s for s in steps], mode="bilinear")[
            0, 0
        ]
        top, left = masks.shifts[index].tolist()
        assert 0 <= top < steps[0]
        assert 0 <= left < steps[1]
        torch.testing.assert_close(mask, large[top : top + 32, left : left + 40])


def test_masks_show_each_pixel_by_chance() -> None:
    mean = drawn(4000, 5, chance=0.3)[0].made(0, 4000).mean(dim=0)
    assert float((mean - 0.3).abs().max()) < 0.04
    assert len({tuple(shift) for shift in drawn(400, 5)[0].shifts.tolist()}) > 40


def test_map_and_error_by_their_definitions() -> None:
    """The weighted mean less the mean, and the jackknife over samples taken modulo 20, in float64 and all at once."""
    pair = pair_of()
    target, weights = linear_target(pair)
    got = rise(fl.load_model("average"), pair, target, samples=90, cells=4, fill="black")
    masks = [each.made(0, 90).double().numpy() for each in drawn(90, 4)]
    parts = contributions(pair, weights)
    scores = sum((mask * part).sum(axis=(1, 2)) for mask, part in zip(masks, parts, strict=True))

    def estimate(mask: np.ndarray, used: np.ndarray) -> np.ndarray:
        shown = mask[used]
        return np.tensordot(scores[used], shown, 1) / shown.sum(axis=0) - scores[used].mean()

    groups = np.arange(90) % 20
    for mask, values, error in zip(masks, (got.a, got.b), (got.error_a, got.error_b), strict=True):
        whole = estimate(mask, np.ones(90, bool))
        np.testing.assert_allclose(values, whole, atol=1e-5 * abs(whole).max())
        left = np.stack([estimate(mask, groups != group) for group in range(20)])
        wanted = np.sqrt(19 / 20 * ((left - left.mean(axis=0)) ** 2).sum(axis=0))
        np.testing.assert_allclose(error, wanted, rtol=1e-3)
    assert got.facts["mean_score"] == pytest.approx(scores.mean(), rel=1e-5)


def test_finds_the_truth_of_an_additive_score() -> None:
    pair = pair_of()
    target, weights = linear_target(pair)
    got = rise(fl.load_model("average"), pair, target, cells=4, fill="mean")
    parts = [
        w - weights * 0.5 * float(source.y.mean()) for w, source in zip(contributions(pair, weights), pair, strict=True)
    ]
    blocks = [
        torch.cat([avg_pool2d(torch.as_tensor(m)[None, None].double(), 8).flatten() for m in maps])
        for maps in ((got.a, got.b), parts)
    ]
    assert float(torch.corrcoef(torch.stack(blocks))[0, 1]) > 0.9


def test_the_standard_error_is_what_other_seeds_show() -> None:
    pair, model = pair_of(), tiny_network()
    runs = [rise(model, pair, REGION, samples=200, cells=4, seed=seed) for seed in range(16)]
    spread = torch.stack([each.a for each in runs]).std(dim=0).mean()
    told = torch.stack([each.error_a for each in runs]).mean()  # type: ignore[arg-type]
    assert float(told / spread) == pytest.approx(1, abs=0.2)


def test_a_source_that_is_ignored_gets_nothing_within_its_error() -> None:
    got = rise(only_a, pair_of(), REGION, samples=2000, fill="mean")
    assert got.error_b is not None
    assert got.error_a is not None
    assert float((got.b.abs() < 3 * got.error_b).float().mean()) > 0.97
    inside = (slice(4, 12), slice(5, 13))
    assert float((got.a.abs() > 3 * got.error_a)[inside].float().mean()) > 0.9
    assert float(got.a.abs().max()) > 5 * float(got.b.abs().max())


def test_a_source_that_is_never_hidden_gets_exactly_nothing() -> None:
    got = rise(tiny_network(), pair_of(), REGION, samples=40, which="b")
    assert float(got.a.abs().max()) == 0
    assert got.error_a is not None
    assert float(got.error_a.max()) == 0
    assert float(got.b.abs().max()) > 0


def test_pixels_outside_all_units_are_always_shown() -> None:
    pair = pair_of()
    labels = torch.full(pair.size, -1)
    labels[:, :20] = 0
    got = rise(fl.load_model("average"), pair, RegionMean((0, 20, 32, 40)), units=units_from_labels(labels), samples=20)
    assert float(got.a.abs().max()) < 1e-7
    inside = rise(
        fl.load_model("average"), pair, RegionMean((0, 0, 32, 20)), units=units_from_labels(labels), samples=20
    )
    assert float(inside.a[:, 20:].abs().max()) == 0
    assert float(inside.a[:, :20].abs().max()) > 0


def test_batches_locality_and_seeds() -> None:
    pair, model = pair_of(), tiny_network()
    first, again = (rise(model, pair, REGION, samples=60) for _ in range(2))
    assert torch.equal(first.a, again.a)
    assert torch.equal(first.b, again.b)
    for size, locality in ((1, True), (3, False), (16, False)):
        other = rise(model, pair, REGION, samples=60, batch_size=size, locality=locality)
        torch.testing.assert_close(other.a, first.a, atol=1e-6, rtol=0)
        torch.testing.assert_close(other.error_b, first.error_b, atol=1e-6, rtol=0)
    assert not torch.equal(rise(model, pair, REGION, samples=60, seed=1).a, first.a)


@pytest.mark.parametrize(("budget", "has_error"), [(8, False), (33, True)])
def test_budgets_are_kept_and_used_up(budget: int, has_error: bool) -> None:
    got = rise(tiny_network(), pair_of(), REGION, samples=100, max_images=budget)
    assert got.facts["model_images"] == budget
    assert 2 <= budget - got.facts["samples"] <= 4
    assert got.facts["complete"] is False
    assert (got.error_a is not None) is has_error
    assert bool(torch.isfinite(got.a).all())


def test_a_run_cut_short_equals_its_first_masks() -> None:
    pair = pair_of()
    target, weights = linear_target(pair)
    got = rise(fl.load_model("average"), pair, target, samples=90, cells=4, fill="black", max_images=33)
    used = got.facts["samples"]
    masks = [each.made(0, used).double().numpy() for each in drawn(90, 4)]
    scores = sum((m * part).sum(axis=(1, 2)) for m, part in zip(masks, contributions(pair, weights), strict=True))
    wanted = np.tensordot(scores, masks[0], 1) / masks[0].sum(axis=0) - scores.mean()
    np.testing.assert_allclose(got.a, wanted, atol=1e-5 * abs(wanted).max())


def test_an_interruption_keeps_what_is_there() -> None:
    def stop(images: int, _: int) -> None:
        if images > 40:
            raise KeyboardInterrupt

    got = rise(tiny_network(), pair_of(), samples=100, progress=stop, batch_size=4)
    assert got.facts["complete"] is False
    assert "stopped after" in got.facts["warning"]
    assert 20 < got.facts["samples"] < 50


def test_odd_sizes_and_one_cell() -> None:
    got = rise(tiny_network(), pair_of(37, 53), REGION, samples=12, cells=1)
    assert got.a.shape == (37, 53)
    assert bool(torch.isfinite(got.a).all())
    assert got.a.dtype == torch.float32


@pytest.mark.parametrize("bad", [{"samples": 9}, {"cells": 0}, {"chance": 0.0}, {"chance": 1.0}])
def test_refusals(bad: dict[str, float]) -> None:
    with pytest.raises(InputError, match="at least 10 samples"):
        rise(fl.load_model("average"), pair_of(), **bad)  # type: ignore[arg-type]
