"""The evaluator: the scores of composites, whatever the batches, windows, order and budget; counts; failures."""

from __future__ import annotations

import random
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import fuselens as fl
from fuselens.core.composites import Composites
from fuselens.core.errors import InputError
from fuselens.core.evaluator import START_IMAGES, Evaluator
from fuselens.core.locality import Box
from fuselens.core.model import FusionModel
from fuselens.core.targets import Closeness, Downstream, GradientEnergy, Pixel, RegionMean, Similarity, Target
from fuselens.core.units import Units, make_units
from tests.core.small import TinyCNN, average, small_pair

PAIR = small_pair(40, 44)
UNITS = make_units(PAIR, "grid:11")
TARGETS: list[Target] = [
    Similarity(), Similarity((0, 0, 9, 8)), Similarity((15, 20, 25, 30), "gradient_ssim"), RegionMean((30, 36, 40, 44)),
    GradientEnergy((18, 18, 24, 24)), Closeness("a", (4, 30, 20, 40)), Pixel(39, 0),
    Downstream(lambda fused: fused.square().mean(dim=(1, 2, 3)), "energy"),
]  # fmt: skip


def some_sets(count: int, seed: int = 0, units: Units = UNITS) -> list[int]:
    drawn = random.Random(seed)
    return [drawn.getrandbits(units.count) for _ in range(count)]


def scores(model: object, target: Target, sets: list[int], **settings: Any) -> list[float]:
    with Evaluator(model, PAIR, target, UNITS, **settings) as evaluator:
        return evaluator.scores(sets)


def plain_scores(model: FusionModel, target: Target, sets: list[int]) -> list[float]:
    """Composites made and fused whole, one by one."""
    with Evaluator(model, PAIR, target, UNITS, locality=False) as evaluator:
        composites = Composites(UNITS, (PAIR.a.y, PAIR.b.y), (evaluator.fill_a, evaluator.fill_b))
        found = []
        for kept in sets:
            a, b = composites.make([kept], [Box(0, 0, *PAIR.size)])
            with torch.no_grad():
                fused = model(a, b)
            found.append(float(evaluator.target(fused[(..., *evaluator.target.box(PAIR.size).slices)])))
    return found


@pytest.mark.parametrize("target", TARGETS, ids=str)
def test_scores_do_not_depend_on_batches_windows_and_order(target: Target) -> None:
    model, sets = TinyCNN(), [*some_sets(10), UNITS.everything, 0, 1, UNITS.everything & ~1]
    truth = plain_scores(model, target, sets)
    for batch_size in (1, 3, 16):
        for locality in (True, False):
            found = scores(model, target, sets, batch_size=batch_size, locality=locality)
            assert found == pytest.approx(truth, abs=1e-6)
    backwards = scores(model, target, sets[::-1])
    assert backwards[::-1] == pytest.approx(truth, abs=1e-6)


@settings(deadline=None, max_examples=8)
@given(st.lists(st.integers(0, UNITS.everything), min_size=1, max_size=6), st.integers(0, UNITS.everything))
def test_anchors_change_the_cost_and_not_the_scores(sets: list[int], anchor: int) -> None:
    target = Similarity((12, 12, 26, 30))
    with Evaluator(TinyCNN(), PAIR, target, UNITS) as evaluator:
        evaluator.anchor(anchor, UNITS.everything & ~anchor)
        found = evaluator.scores(sets)
        near = [anchor ^ 1 << unit for unit in range(0, UNITS.count, 5)]
        close = evaluator.scores(near)
    assert found == pytest.approx(scores(TinyCNN(), target, sets, locality=False), abs=1e-6)
    assert close == pytest.approx(scores(TinyCNN(), target, near, locality=False), abs=1e-6)


def test_far_from_its_anchor_an_image_changes_only_within_reach() -> None:
    """Larger than the windows' grain, so that a window too small would show."""
    pair = small_pair(100, 108)
    units = make_units(pair, "grid:27")
    near = [units.everything ^ 1 << unit for unit in range(units.count)]
    with Evaluator(TinyCNN(), pair, Similarity(), units) as evaluator:
        found = evaluator.scores(near)
        assert evaluator.counts.model_pixels < 0.6 * 2 * pair.a.y.numel() * units.count
    with Evaluator(TinyCNN(), pair, Similarity(), units, locality=False) as evaluator:
        assert found == pytest.approx(evaluator.scores(near), abs=1e-6)
        images = evaluator.fused_for(near)
    with Evaluator(TinyCNN(), pair, Similarity(), units) as evaluator:
        torch.testing.assert_close(evaluator.fused_for(near), images)


def test_strided_models_get_windows_on_their_grid() -> None:
    def pooled(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        small = torch.nn.functional.avg_pool2d((a + b) / 2, 4, ceil_mode=True)
        return torch.nn.functional.interpolate(small, scale_factor=4)[..., : a.shape[-2], : a.shape[-1]]

    model = fl.wrap_model(pooled, reach=3, divisor=4)
    sets, target = some_sets(8), Similarity((13, 17, 22, 23))
    assert scores(model, target, sets) == pytest.approx(scores(model, target, sets, locality=False), abs=1e-6)


def test_everything_shown_is_the_pair_itself() -> None:
    with Evaluator(TinyCNN(), PAIR, Similarity(), UNITS) as evaluator:
        assert evaluator.score_everything == pytest.approx(1, abs=1e-6)
        assert evaluator.relative([UNITS.everything, 0]) == [1, 0]
        assert torch.equal(evaluator.fused_for([UNITS.everything]), evaluator.fused)
        torch.testing.assert_close(evaluator.fused[0, 0], TinyCNN()(*PAIR.tensors())[0, 0].detach())


def test_known_scores_cost_nothing() -> None:
    sets = some_sets(7)
    with Evaluator(average, PAIR, Similarity(), UNITS, batch_size=4) as evaluator:
        assert evaluator.counts.model_images == START_IMAGES
        first = evaluator.scores([*sets, *sets])
        assert evaluator.counts.model_images == START_IMAGES + 7
        assert evaluator.counts.hits == 1 + 7  # of everything, at the start
        before = evaluator.counts.batches
        assert evaluator.scores(sets) + evaluator.scores(sets) == first
        assert evaluator.certificate(sets[0])[0] == first[0]
        assert evaluator.counts.model_images == START_IMAGES + 8
        assert evaluator.counts.batches == before + 1


def test_units_that_the_target_cannot_see_count_as_shown() -> None:
    with Evaluator(TinyCNN(), PAIR, Pixel(0, 0), UNITS) as evaluator:
        near = 1 | 1 << UNITS.count // 2  # the first cell, in a and in b
        before = evaluator.counts.model_images
        assert evaluator.scores([near])[0] == evaluator.score_everything
        assert evaluator.scores([UNITS.everything & ~near])[0] == evaluator.score_nothing
        assert evaluator.counts.model_images == before


def test_windows_cost_less_than_whole_images() -> None:
    target, sets = RegionMean((18, 18, 22, 22)), some_sets(6)
    pixels = []
    for locality in (True, False):
        with Evaluator(TinyCNN(), PAIR, target, UNITS, locality=locality) as evaluator:
            evaluator.scores(sets)
            pixels.append(evaluator.counts.model_pixels)
    assert pixels[0] < 0.5 * pixels[1]


def test_targets_that_fall_when_shown_have_a_relative_scale_too() -> None:
    darkness = Downstream(lambda fused: -fused.mean(dim=(1, 2, 3)), "darkness")
    with Evaluator(average, PAIR, darkness, UNITS, fill="black") as evaluator:
        assert evaluator.score_everything < evaluator.score_nothing
        assert evaluator.relative([UNITS.everything, 0]) == [1, 0]
        assert evaluator.has_influence


@pytest.mark.parametrize("cell", [1, 44])
def test_one_unit_and_a_thousand(cell: int) -> None:
    pair = small_pair(32, 36) if cell == 1 else PAIR
    units = make_units(pair, f"grid:{cell}", which="a")
    assert units.count == (1152 if cell == 1 else 1)
    sets = [*some_sets(3, units=units), units.everything, 0]
    found = {}
    for locality in (True, False):
        with Evaluator(TinyCNN(), pair, Similarity((3, 3, 20, 20)), units, locality=locality) as evaluator:
            found[locality] = evaluator.scores(sets)
    assert found[True] == pytest.approx(found[False], abs=1e-6)
    if cell == 44:
        assert set(found[True]) == {found[True][3], found[True][4]}


def test_the_model_is_left_as_it_was_found() -> None:
    model = TinyCNN().train()
    with Evaluator(model, PAIR, Similarity(), UNITS) as evaluator:
        assert not model.training
        evaluator.scores([1])
    assert model.training
    assert all(weight.requires_grad and weight.grad is None for weight in model.parameters())
    with pytest.raises(InputError), Evaluator(model, PAIR, RegionMean((0, 0, 99, 99)), UNITS):
        pass
    assert model.training


def test_sources_of_any_kind_are_scored() -> None:
    half = [(source.y + source.y.mean()) / 2 for source in PAIR]
    with Evaluator(TinyCNN(), PAIR, RegionMean((5, 5, 9, 9)), UNITS, batch_size=2) as evaluator:
        sources = torch.stack([PAIR.a.y, half[0], PAIR.a.y]), torch.stack([PAIR.b.y, half[1], half[1]])
        found = evaluator.score_sources(*sources)
        assert evaluator.counts.model_images == START_IMAGES + 3
    assert float(found[0]) == pytest.approx(evaluator.score_everything, abs=1e-6)
    whole = TinyCNN()(sources[0][:, None], sources[1][:, None])[:, 0, 5:9, 5:9].mean(dim=(1, 2))
    torch.testing.assert_close(found, whole.detach())


def test_progress_tells_images_and_budget() -> None:
    heard: list[tuple[int, int]] = []
    with Evaluator(
        average, PAIR, Similarity(), UNITS, batch_size=2, max_images=50, progress=lambda *said: heard.append(said)
    ) as evaluator:
        evaluator.scores(some_sets(6))
    assert [images for images, _ in heard][-3:] == [5, 7, 9]
    assert {budget for _, budget in heard} == {50}
