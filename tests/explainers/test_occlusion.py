"""Occlusion: closed forms on linear scores, every window by hand, border coverage, units, batches, budgets."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import fuselens as fl
from fuselens.core.errors import InputError, UnknownNameError
from fuselens.core.model import explaining
from fuselens.core.targets import RegionMean, Similarity
from fuselens.explainers.occlusion import occlusion
from fuselens.explainers.windows import Windows
from tests.explainers.known_answers import Image, contributions, linear_target, only_a, pair_of, tiny_network, unit_sums

REGION = RegionMean((2, 3, 14, 15))


def places(length: int, side: int, stride: int) -> list[int]:
    """First pixels of the windows along an axis, counted by hand."""
    side, found, start = min(side, length), [], 0
    while start + side < length:
        found.append(start)
        start += stride
    return [*found, length - side]


def averaged(part: Image, side: int, stride: int) -> Image:
    """The mean over all windows on a pixel of the window's sum."""
    total, count = np.zeros(part.shape), np.zeros(part.shape)
    for top in places(part.shape[0], side, stride):
        for left in places(part.shape[1], side, stride):
            window = slice(top, top + side), slice(left, left + side)
            total[window] += part[window].sum()
            count[window] += 1
    assert count.min() >= 1
    return total / count


@pytest.mark.parametrize(("side", "stride"), [(16, 8), (7, 3), (5, 5), (1, 1), (64, 8), (33, 32)])
def test_linear_scores_have_a_closed_form(side: int, stride: int) -> None:
    pair = pair_of(19, 22) if side == 1 else pair_of(37, 45)
    target, weights = linear_target(pair)
    got = occlusion(fl.load_model("average"), pair, target, window=side, stride=stride, fill="black")
    for values, part in zip((got.a, got.b), contributions(pair, weights), strict=True):
        wanted = averaged(part, side, stride)
        np.testing.assert_allclose(values, wanted, rtol=1e-4, atol=1e-5 * abs(wanted).max())
    positions = len(places(pair.size[0], side, stride)) * len(places(pair.size[1], side, stride))
    assert got.facts["samples"] == 2 * positions
    assert got.facts["complete"] is True


def test_a_network_window_by_window() -> None:
    pair, model, target = pair_of(), tiny_network(), Similarity((4, 6, 20, 24))
    got = occlusion(model, pair, target, window=12, stride=8, fill="mean")
    a, b = pair.tensors(dtype=torch.float64)
    with explaining(model), torch.no_grad():
        fused = model(a, b)
        bound = target.bound(a, b, fused)
        box = (..., *bound.box(pair.size).slices)
        total, count = torch.zeros(pair.size), torch.zeros(pair.size)
        for top in places(32, 12, 8):
            for left in places(40, 12, 8):
                window = (..., slice(top, top + 12), slice(left, left + 12))
                hidden = b.clone()
                hidden[window] = b.mean()
                total[window] += float(bound(fused[box]) - bound(model(a, hidden)[box]))
                count[window] += 1
    torch.testing.assert_close(got.b, total / count, atol=1e-6, rtol=1e-4)


def test_windows_are_the_unions_of_their_cells() -> None:
    pair = pair_of(21, 26)
    windows = Windows.over(pair, 9, 5, "both")
    tops, lefts = places(21, 9, 5), places(26, 9, 5)
    assert len(windows.sets) == 2 * len(tops) * len(lefts)
    for number, cells in enumerate(windows.sets):
        source, place = divmod(number, len(tops) * len(lefts))
        row, column = divmod(place, len(lefts))
        wanted = torch.zeros(2, 21, 26, dtype=torch.bool)
        wanted[source, tops[row] : tops[row] + 9, lefts[column] : lefts[column] + 9] = True
        flags = torch.tensor([bool(cells >> unit & 1) for unit in range(windows.units.count)])
        got = torch.stack([flags[windows.units.labels_a], flags[windows.units.labels_b]])
        assert torch.equal(got, wanted)


def test_units_are_hidden_one_by_one_where_they_are_given() -> None:
    pair = pair_of()
    target, weights = linear_target(pair)
    got = occlusion(fl.load_model("average"), pair, target, units="slic:20", fill="black")
    assert got.units is not None
    true = unit_sums([got.units.labels_a, got.units.labels_b], got.units.count, contributions(pair, weights))
    np.testing.assert_allclose(got.unit_scores, true, rtol=1e-4, atol=1e-6)
    assert got.facts["samples"] == got.units.count
    assert "window" not in got.settings
    windows = occlusion(fl.load_model("average"), pair, target)
    assert windows.units is None
    assert windows.settings["units"] == "windows:16:8"


@pytest.mark.parametrize("which", ["a", "b"])
def test_a_source_that_is_never_hidden_or_ignored_gets_nothing(which: str) -> None:
    pair = pair_of()
    got = occlusion(tiny_network(), pair, REGION, which=which)  # type: ignore[arg-type]
    shown, hidden = (got.b, got.a) if which == "a" else (got.a, got.b)
    assert float(shown.abs().max()) == 0
    assert float(hidden.abs().max()) > 0
    assert float(occlusion(only_a, pair, REGION).b.abs().max()) == 0


def test_batches_and_locality_change_nothing() -> None:
    pair, model = pair_of(), tiny_network()
    first = occlusion(model, pair, window=10)
    for size, locality in ((1, True), (3, False), (16, False), (16, True)):
        other = occlusion(model, pair, window=10, batch_size=size, locality=locality)
        torch.testing.assert_close(other.a, first.a, atol=1e-6, rtol=0)
        torch.testing.assert_close(other.b, first.b, atol=1e-6, rtol=0)
    assert torch.equal(occlusion(model, pair, window=10).a, first.a)


def test_local_models_compute_only_near_the_window() -> None:
    pair = pair_of(96, 128)
    near, all_of_it = (occlusion(tiny_network(), pair, window=16, stride=16, locality=local) for local in (True, False))
    assert near.facts["samples"] == all_of_it.facts["samples"] == 96
    assert near.facts["model_pixels"] < 0.3 * all_of_it.facts["model_pixels"]
    torch.testing.assert_close(near.a, all_of_it.a, atol=1e-6, rtol=0)


def test_budgets_are_kept_and_the_known_windows_are_returned() -> None:
    pair = pair_of()
    target, weights = linear_target(pair)
    got = occlusion(fl.load_model("average"), pair, target, window=8, stride=8, fill="black", max_images=9)
    assert got.facts["model_images"] == 9
    assert got.facts["complete"] is False
    used = got.facts["samples"]
    assert 4 <= used <= 6
    wanted = averaged(contributions(pair, weights)[0], 8, 8)
    np.testing.assert_allclose(got.a[:8, : 8 * min(used, 5)], wanted[:8, : 8 * min(used, 5)], rtol=1e-4)
    assert float(got.a[16:].abs().max()) == float(got.b.abs().max()) == 0


def test_refusals() -> None:
    pair, model = pair_of(), fl.load_model("average")
    for bad in ({"window": 4, "stride": 5}, {"window": 0}, {"stride": 0}):
        with pytest.raises(InputError, match="1 <= stride <= window"):
            occlusion(model, pair, **bad)
    with pytest.raises(UnknownNameError, match="source"):
        occlusion(model, pair, which="c")  # type: ignore[arg-type]
    with pytest.raises(UnknownNameError, match="setting"):
        occlusion(model, pair, windows=4)  # type: ignore[call-arg]
