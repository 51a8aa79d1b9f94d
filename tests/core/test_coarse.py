"""First looks at a diagonal: evenly spread, every place once, and values of the map itself."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import fuselens as fl
from fuselens.core.coarse import Preview, coarse_first, levels, thinned
from fuselens.core.diagonal import comb_diagonal
from fuselens.core.model import explaining


@given(st.integers(1, 80))
def test_the_order_names_each_place_once_and_spreads(length: int) -> None:
    order = coarse_first(length)
    assert sorted(order) == list(range(length))
    for count in (1, 3, 7, 15):
        if count < length:
            places = [-1, *sorted(order[:count]), length]
            gaps = [second - first for first, second in pairwise(places)]
            assert max(gaps) - min(gaps) <= 2


@given(st.integers(1, 12), st.integers(1, 12))
def test_stages_are_all_pairs_of_rows_and_columns(rows: int, columns: int) -> None:
    stages = levels(rows, columns)
    seen: set[tuple[int, int]] = set()
    for stage in stages:
        assert not seen & set(stage)
        seen |= set(stage)
        assert len(seen) == len({row for row, _ in seen}) * len({column for _, column in seen})
    assert len(seen) == rows * columns


def test_a_thinned_map_takes_the_nearest_known_value() -> None:
    values = torch.arange(35.0).view(5, 7)
    found = thinned(values, [1, 4], [0, 5], 2)
    assert found.tolist() == [[7, 7, 12, 12], [7, 7, 12, 12], [28, 28, 33, 33]]


def blurred_product(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.avg_pool2d(a * b + a, 17, stride=1, padding=8)


@pytest.mark.parametrize("side", [384, 20])
def test_who_looks_gets_the_same_diagonal(side: int) -> None:
    model = fl.wrap_model(blurred_product, 8)
    a, b = torch.rand(2, 1, 1, 31, 44)
    shown: list[Preview] = []
    counted: list[tuple[int, int]] = []
    with explaining(model):
        plain = comb_diagonal(model, a, b, side=side)
        looked = comb_diagonal(
            model, a, b, side=side, preview=shown.append, progress=lambda done, total: counted.append((done, total))
        )
    assert torch.equal(plain.a, looked.a)
    assert torch.equal(plain.b, looked.b)
    assert [preview.step for preview in shown] == [9, 3, 1]
    assert counted == [(i + 1, plain.passes) for i in range(plain.passes)]
    for preview in shown:
        assert preview.a.shape == (-(-31 // preview.step), -(-44 // preview.step))
        assert torch.isin(preview.a, plain.a).all()
        assert torch.isin(preview.b, plain.b).all()
