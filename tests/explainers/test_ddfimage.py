"""DDFImage on operators whose answer is known, under budgets and interruptions, checked from scratch."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest
import torch

import fuselens as fl
from fuselens.core.errors import InputError, ModelError, UnknownNameError
from fuselens.core.explanation import Mode, SetExplanation
from fuselens.core.pair import ImagePair
from fuselens.core.results import Attribution
from fuselens.core.targets import Downstream, RegionMean, Similarity, Target
from fuselens.core.units import bits, make_units, units_from_labels
from fuselens.evaluation import check
from fuselens.explainers.ddfimage import STRATEGIES, Strategy, ddfimage, size_profile
from fuselens.explainers.jacobian import jacobian
from tests.core.small import TinyCNN, average, only_a, small_pair

PAIR = small_pair()
REGION = (6, 7, 14, 17)


def copies_b_inside(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    fused = a.clone()
    fused[..., 6:14, 7:17] = b[..., 6:14, 7:17]
    return fused


def bar(fused: torch.Tensor) -> torch.Tensor:
    """A linear target: weights that fall along the columns."""
    weights = torch.linspace(2.0, 0.1, fused.shape[-1], dtype=fused.dtype)
    return (fused * weights).mean(dim=(1, 2, 3))


def assert_same_set(first: SetExplanation, second: SetExplanation) -> None:
    assert (first.status, first.members) == (second.status, second.members)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_copied_pixels_are_explained_by_the_units_that_hold_them(strategy: Strategy) -> None:
    units = make_units(PAIR, "grid:5", which="b")
    meeting = sorted(units.labels_b[6:14, 7:17].unique().tolist())
    found = ddfimage(copies_b_inside, PAIR, RegionMean(REGION), units=units, fill="black", level=1.0, strategy=strategy)
    assert found.status == "EXPLAINED"
    assert found.members == meeting
    assert found.settings["one_minimal"]
    assert (found.is_sufficient, found.is_necessary) == (True, True)
    assert found.share() == 0
    assert check(copies_b_inside, found).holds


def test_a_source_that_is_ignored_explains_nothing() -> None:
    for target in (None, RegionMean(REGION)):
        found = ddfimage(only_a, PAIR, target, units="grid:6", which="b")
        assert (found.status, found.kept, found.size, found.area) == ("NO_INFLUENCE", 0, 0, 0)
        assert not found.is_sufficient
        assert not found.is_necessary
        assert check(only_a, found).holds
    both = ddfimage(only_a, PAIR, RegionMean(REGION), units="grid:6", fill="black")
    assert both.status == "EXPLAINED"
    assert both.share() == 1


@pytest.mark.parametrize(("mode", "size"), [("sufficient", 1), ("necessary", 2), ("both", 2)])
def test_a_score_on_the_level_is_the_same_result(mode: Mode, size: int) -> None:
    """Each half brings exactly half: enough to be sufficient, and what remains is not below."""
    halves = fl.ImagePair.from_arrays(torch.ones(16, 16), torch.zeros(16, 16))
    units = units_from_labels((torch.arange(16)[:, None] // 8 + torch.zeros(16, 16, dtype=torch.long)).numpy())
    found = ddfimage(average, halves, RegionMean(), units=units, fill="black", level=0.5, mode=mode)
    assert (found.status, found.size) == ("EXPLAINED", size)


@pytest.mark.parametrize("level", [0.35, 0.5, 0.8])
@pytest.mark.parametrize("mode", ["both", "sufficient", "necessary"])
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_additive_scores_against_all_sets(level: float, mode: Mode, strategy: Strategy) -> None:
    units = make_units(PAIR, "grid:12")
    units = units_from_labels(units.labels_a.numpy(), (units.labels_b.numpy() - 6).clip(-1, 3))
    assert units.count == 10
    found = ddfimage(
        average, PAIR, Downstream(bar), units=units, fill="black", level=level, mode=mode, strategy=strategy
    )
    gains = [
        float(bar(torch.where(labels == unit, source.y, 0)[None, None])) / 2
        for unit in range(units.count)
        for labels, source in [(units.labels_a, PAIR.a) if units.source_of()[unit] == 0 else (units.labels_b, PAIR.b)]
    ]

    def has_property(members: tuple[int, ...]) -> bool:
        alone = sum(gains[unit] for unit in members) / sum(gains)
        sufficient, necessary = alone >= level, 1 - alone < level
        return {"both": sufficient and necessary, "sufficient": sufficient, "necessary": necessary}[mode]

    assert has_property(tuple(found.members))
    smaller = (each for size in range(found.size) for each in combinations(found.members, size))
    assert not any(has_property(each) for each in smaller)  # the score is monotone: truly minimal
    least = next(size for size in range(11) if any(has_property(each) for each in combinations(range(10), size)))
    assert least <= found.size < 10
    assert found.scaled(found.score_kept) == pytest.approx(sum(gains[u] for u in found.members) / sum(gains), abs=1e-5)
    assert check(average, found, Downstream(bar)).holds


@pytest.mark.parametrize("target", [Similarity(), Similarity((4, 5, 12, 13)), RegionMean((10, 10, 24, 28))], ids=str)
@pytest.mark.parametrize("mode", ["both", "sufficient", "necessary"])
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_networks_get_a_certificate_that_holds(target: Target, mode: Mode, strategy: Strategy) -> None:
    model = TinyCNN()
    fill = "black" if isinstance(target, RegionMean) else "blur"  # a blur keeps means
    found = ddfimage(model, PAIR, target, units="slic:14", mode=mode, strategy=strategy, fill=fill)
    assert found.status == "EXPLAINED"
    again = check(model, found)
    assert again.problems == ()
    assert again.deviation < 1e-6
    assert again.spared == ()
    assert found.margin > 0


def test_batches_windows_and_runs_change_nothing() -> None:
    settings: dict[str, Any] = {"units": "slic:16"}
    for target in (None, Similarity((12, 12, 20, 22))):
        found = ddfimage(TinyCNN(), PAIR, target, **settings)
        assert found.is_safe
        for batch_size in (1, 3, 16):
            for locality in (True, False):
                other = ddfimage(TinyCNN(), PAIR, target, batch_size=batch_size, locality=locality, **settings)
                assert_same_set(found, other)
                assert other.score_kept == pytest.approx(found.score_kept, abs=1e-6)
                assert other.trace == found.trace
        again = ddfimage(TinyCNN(), PAIR, target, **settings)
        assert (again.score_kept, again.score_removed) == (found.score_kept, found.score_removed)


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("max_images", [3, 4, 7, 12, 25])
def test_a_budget_leaves_a_set_that_holds(strategy: Strategy, max_images: int) -> None:
    calls = []

    def counted(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        calls.append(len(a))
        return average(a, b)

    found = ddfimage(counted, PAIR, units="slic:20", max_images=max_images, strategy=strategy)
    assert sum(calls) == found.model_images <= max_images + 2
    assert found.status == "BUDGET_EXHAUSTED"
    assert not found.settings["one_minimal"]
    assert found.is_sufficient
    assert found.is_necessary
    assert check(average, found).holds
    enough = ddfimage(average, PAIR, units="slic:20", max_images=10**6, strategy=strategy)
    assert enough.status == "EXPLAINED"


def test_a_budget_too_small_to_start_is_refused() -> None:
    with pytest.raises(InputError, match="of at least 3"):
        ddfimage(average, PAIR, units="grid:8", max_images=2)


def test_seconds_end_the_search() -> None:
    found = ddfimage(average, PAIR, units="slic:20", max_seconds=1e-6)
    assert found.status == "BUDGET_EXHAUSTED"
    assert check(average, found).holds


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("call", [4, 6, 11])
def test_an_interruption_keeps_the_best_set(strategy: Strategy, call: int) -> None:
    calls = iter(range(1, 10**6))

    def interrupted(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        if next(calls) == call:
            raise KeyboardInterrupt
        return average(a, b)

    found = ddfimage(interrupted, PAIR, units="slic:20", strategy=strategy, batch_size=2)
    assert found.status == "INTERRUPTED"
    assert not found.settings["one_minimal"]
    assert check(average, found).holds


def test_chance_is_refused_or_averaged() -> None:
    random = torch.Generator().manual_seed(0)

    def uncertain(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        return (a + b) / 2 + 1e-5 * torch.randn(a.shape, generator=random)

    with pytest.raises(ModelError, match="deterministic"):
        ddfimage(uncertain, PAIR, RegionMean(REGION), units="grid:8")
    found = ddfimage(uncertain, PAIR, RegionMean(REGION), units="grid:8", fill="black", repeats=20)
    steady = ddfimage(average, PAIR, RegionMean(REGION), units="grid:8", fill="black")
    assert_same_set(found, steady)
    assert found.settings["repeats"] == 20


def test_nan_names_the_set() -> None:
    def fragile(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        shown = (a == PAIR.a.y).double().mean(dim=(1, 2, 3))
        half = (shown > 0.4) & (shown < 0.6)
        return torch.where(half[:, None, None, None], float("nan"), (a + b) / 2)

    with pytest.raises(ModelError, match=r"2 of 4 units hidden \(\d, \d\)"):
        ddfimage(fragile, PAIR, units="grid:14", which="a")


def test_one_unit() -> None:
    found = ddfimage(average, PAIR, units="grid:99", which="a")
    assert (found.status, found.kept, found.area) == ("EXPLAINED", 1, 1)
    assert check(average, found).holds


def test_a_thousand_units() -> None:
    pair = small_pair(28, 36)
    target = Similarity((10, 10, 15, 16))
    found = ddfimage(TinyCNN(), pair, target, units="grid:1", which="b", strategy="probdd")
    assert found.units.count == 28 * 36
    assert found.status == "EXPLAINED"
    assert 1 <= found.size < 150
    again = check(TinyCNN(), found)
    assert again.holds
    assert again.deviation < 1e-6


def test_the_paper_as_printed() -> None:
    found = ddfimage(average, PAIR, preset="paper")
    assert found.status == "EXPLAINED"
    assert (found.level, found.is_relative, found.mode) == (0.9, False, "both")
    assert found.score_kept >= 0.9 > found.score_removed
    assert found.fill_b.eq(0).all()
    assert found.units.labels_a.eq(-1).all()
    assert found.settings["units"] == "slic:100"
    assert check(average, found).holds
    lower = ddfimage(average, PAIR, preset="paper", level=0.8, units="grid:6")
    assert lower.level == 0.8
    assert lower.settings["units"] == "grid:6"


def test_levels() -> None:
    whole = ddfimage(TinyCNN(), PAIR, units="slic:12")
    region = ddfimage(TinyCNN(), PAIR, Similarity(REGION), units="slic:12")
    stricter = ddfimage(TinyCNN(), PAIR, units="slic:12", level=0.95)
    assert (whole.level, region.level, stricter.level) == (0.5, 0.9, 0.95)
    assert stricter.area > whole.area


def test_a_prior_changes_the_way_and_not_the_claim() -> None:
    target = RegionMean(REGION)
    prior = jacobian(TinyCNN(), PAIR, target=target)
    for strategy in ("probdd", "greedy"):
        for hint in (None, prior):
            found = ddfimage(TinyCNN(), PAIR, target, units="grid:6", fill="black", strategy=strategy, prior=hint)
            assert found.status == "EXPLAINED"
            assert check(TinyCNN(), found).holds
    flat = Attribution(torch.zeros(24, 28), torch.zeros(24, 28), PAIR.names, str(target), 0.0, "flat", prior.window)
    found = ddfimage(TinyCNN(), PAIR, target, units="grid:6", fill="black", strategy="probdd", prior=flat)
    assert found.status == "EXPLAINED"


def test_what_is_saved_is_what_was_tested(tmp_path: Any) -> None:
    found = ddfimage(TinyCNN(), PAIR, Similarity(REGION), units="grid:6")
    shown = found.explained_pair()
    again = fl.core.targets.bound_target(Similarity(REGION), *PAIR.tensors(), found.fused[None, None])
    with torch.no_grad():
        fused = TinyCNN()(*shown.tensors())
    assert float(again(fused[(..., *again.box(PAIR.size).slices)])) == pytest.approx(found.score_kept, abs=1e-6)
    names = {path.name for path in found.save(tmp_path).iterdir()}
    assert names == {"explanation.json", "maps.npz", "ddfimage_a.png", "ddfimage_b.png"}
    assert bits(found.members) == found.kept


def test_wrong_settings_are_refused() -> None:
    for wrong in ({"mode": "any"}, {"strategy": "ddmax"}, {"fill": "pink"}, {"units": "hex:3"}, {"unit": "grid:4"}):
        with pytest.raises(UnknownNameError):
            ddfimage(average, PAIR, **wrong)  # type: ignore[arg-type]
    for level in (0, 1.5, -1):
        with pytest.raises(InputError, match="level above 0"):
            ddfimage(average, PAIR, units="grid:8", level=level)
    with pytest.raises(InputError, match="leaves the image"):
        ddfimage(average, PAIR, Similarity((0, 0, 25, 5)), units="grid:8")
    with pytest.raises(InputError, match="callable"):
        ddfimage("deepfuse", PAIR)


def test_profile_gives_the_size_at_each_level() -> None:
    pair = ImagePair.from_arrays(*torch.rand(2, 24, 24, generator=torch.Generator().manual_seed(3)))
    options: Any = {"units": "grid:8", "fill": "black"}
    found = size_profile(lambda a, b: (a + b) / 2, pair, RegionMean((4, 4, 20, 20)), levels=(0.4, 0.9), **options)
    for level, size in found:
        why = ddfimage(lambda a, b: (a + b) / 2, pair, RegionMean((4, 4, 20, 20)), level=level, **options)
        assert why.size == size
    assert [level for level, _ in found] == [0.4, 0.9]
    assert size_profile(lambda a, b: a * 0 + 0.5, pair, RegionMean((4, 4, 20, 20)), **options) == []
