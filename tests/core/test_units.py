"""Units: a partition in a fixed order, and the composites that they make."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import label

from fuselens.core.composites import Composites
from fuselens.core.errors import InputError, UnknownNameError
from fuselens.core.locality import Box
from fuselens.core.units import Units, Which, as_matrix, bits, make_units, units_from_labels
from tests.core.small import small_pair

WAYS = ("grid:5", "grid:40", "slic:12", "quickshift")


@pytest.mark.parametrize("how", WAYS)
@pytest.mark.parametrize("which", ["a", "b", "both"])
def test_units_are_a_partition_of_the_sources_asked_for(how: str, which: Which) -> None:
    units = make_units(small_pair(), how, which=which)
    one = torch.ones(units.size)
    covered = [(labels >= 0).all() for labels in (units.labels_a, units.labels_b)]
    untouched = [(labels == -1).all() for labels in (units.labels_a, units.labels_b)]
    assert covered == [which != "b", which != "a"]
    assert untouched == [which == "b", which == "a"]
    seen = torch.cat([units.labels_a[units.labels_a >= 0], units.labels_b[units.labels_b >= 0]]).unique()
    assert seen.tolist() == list(range(units.count))
    assert int(units.areas().sum()) == int(one.sum()) * (2 if which == "both" else 1)
    assert int(units.areas().min()) > 0
    assert units.settings["units"] == how
    assert units.settings["which"] == which


@pytest.mark.parametrize("how", WAYS)
def test_units_are_numbered_by_their_first_pixel_and_connected(how: str) -> None:
    units = make_units(small_pair(), how, which="a")
    labels = units.labels_a.numpy()
    _, first = np.unique(labels, return_index=True)
    assert (np.diff(first) > 0).all()
    assert all(label(labels == unit, np.ones((3, 3)))[1] == 1 for unit in range(units.count))


def test_halves_correspond_where_both_sources_are_cut() -> None:
    units = make_units(small_pair(), "slic:10")
    assert torch.equal(units.labels_b, units.labels_a + units.count // 2)
    assert units.source_of().tolist() == [0] * (units.count // 2) + [1] * (units.count // 2)


def test_guides() -> None:
    pair = small_pair()
    own = make_units(pair, "slic:10", which="b").labels_b
    assert torch.equal(own, make_units(pair, "slic:10", which="b", guide="b").labels_b)
    assert torch.equal(own, make_units(pair, "slic:10", which="b", guide=pair.b.y).labels_b)
    assert not torch.equal(own, make_units(pair, "slic:10", which="b", guide="a").labels_b)
    mean = make_units(pair, "slic:10", guide="mean")
    assert torch.equal(mean.labels_a, make_units(pair, "slic:10").labels_a)


def test_grid_squares_have_their_boxes() -> None:
    units = make_units(small_pair(24, 28), "grid:10")
    assert units.count == 2 * 3 * 3
    assert units.boxes()[:3] == [Box(0, 0, 10, 10), Box(0, 10, 10, 20), Box(0, 20, 10, 28)]
    assert units.boxes()[9:] == units.boxes()[:9]


def test_boxes_hold_all_pixels_of_their_units_and_no_more() -> None:
    units = make_units(small_pair(), "slic:9")
    for unit, box in enumerate(units.boxes()):
        labels = units.labels_a if unit < units.count // 2 else units.labels_b
        rows, columns = torch.where(labels == unit)
        assert box == Box(int(rows.min()), int(columns.min()), int(rows.max()) + 1, int(columns.max()) + 1)


def test_labels_of_ones_own() -> None:
    a = np.full((9, 8), 7)
    a[3:5, 2:4] = -5
    b = np.zeros((9, 8), np.uint8)
    b[:, 4:] = 200
    units = units_from_labels(a, b)
    assert units.count == 3
    assert units.labels_a[4, 3] == -1
    assert units.areas().tolist() == [72 - 4, 36, 36]
    assert units.labels_b[0].tolist() == [1] * 4 + [2] * 4
    assert units_from_labels(None, b).labels_a.eq(-1).all()
    assert units_from_labels(np.where(a < 0, -1, a)).count == 1


def test_wrong_units_are_refused() -> None:
    pair = small_pair()
    for how in ("grid:0", "grid:-3", "slic:many", "grid:2.5"):
        with pytest.raises(InputError, match="Expected units like"):
            make_units(pair, how)
    with pytest.raises(UnknownNameError, match="slic"):
        make_units(pair, "slik:10")
    with pytest.raises(UnknownNameError, match="source"):
        make_units(pair, which="c")  # type: ignore[arg-type]
    with pytest.raises(UnknownNameError, match="guide"):
        make_units(pair, guide="fused")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="guide image"):
        make_units(pair, guide=torch.rand(3, 3))
    with pytest.raises(InputError, match="4096"):
        make_units(small_pair(48, 48), "grid:1")
    for labels in (None, np.zeros((4, 4, 2), int), np.zeros((4, 4)), np.full((4, 4), -1)):
        with pytest.raises(InputError, match="abel"):
            units_from_labels(labels)
    with pytest.raises(InputError, match="one size"):
        units_from_labels(np.zeros((4, 4), int), np.zeros((4, 5), int))


def test_the_same_units() -> None:
    units = make_units(small_pair(), "grid:8")
    assert units.same_as(make_units(small_pair(seed=2), "grid:8"))
    assert not units.same_as(make_units(small_pair(), "grid:8", which="a"))
    assert not units.same_as(make_units(small_pair(), "grid:9"))
    assert not units.same_as(Units(units.labels_b, units.labels_a, units.count))
    assert not units.same_as(None)


@settings(deadline=None, max_examples=25)
@given(st.data(), st.integers(1, 70))
def test_bitmasks_and_rows_say_the_same(data: st.DataObject, count: int) -> None:
    members = data.draw(st.sets(st.integers(0, count - 1)))
    row = as_matrix([bits(sorted(members)), 0], count)
    assert row.shape == (2, count)
    assert torch.where(row[0])[0].tolist() == sorted(members)
    assert not row[1].any()


@settings(deadline=None, max_examples=15)
@given(
    st.integers(0, 2**18 - 1),
    st.sampled_from(["a", "b", "both"]),
    st.sampled_from([Box(0, 0, 24, 28), Box(3, 9, 17, 28)]),
)
def test_composites_are_sources_where_kept_and_fill_elsewhere(kept: int, which: Which, box: Box) -> None:
    pair = small_pair()
    units = make_units(pair, "grid:10", which=which)
    kept &= units.everything
    fills = torch.rand(2, 24, 28).unbind()
    made = Composites(units, (pair.a.y, pair.b.y), (fills[0], fills[1])).make([kept, units.everything, 0], [box] * 3)
    maps = units.keep_maps(as_matrix([kept], units.count))
    for images, source, fill, labels, keep in zip(
        made, pair, fills, (units.labels_a, units.labels_b), maps, strict=True
    ):
        by_hand = source.y.clone()
        for y in range(24):
            for x in range(28):
                unit = int(labels[y, x])
                if unit >= 0 and not kept >> unit & 1:
                    by_hand[y, x] = fill[y, x]
        assert torch.equal(images[0, 0], by_hand[box.slices])
        assert torch.equal(keep[0], (by_hand == source.y) | (labels < 0))
        assert torch.equal(images[1, 0], source.y[box.slices])  # everything shown: the source, bit for bit
        nothing = torch.where(labels < 0, source.y, fill)
        assert torch.equal(images[2, 0], nothing[box.slices])


def test_means_and_spread_are_each_others_inverse() -> None:
    units = make_units(small_pair(), "slic:8")
    values = torch.randn(units.count)
    torch.testing.assert_close(units.means(*units.spread(values)).float(), values)
    only_b = make_units(small_pair(), "slic:8", which="b")
    a, b = only_b.spread(torch.ones(only_b.count))
    assert a.eq(0).all()
    assert b.eq(1).all()
