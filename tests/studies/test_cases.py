"""Cases: which region is explained, and what a quick run cuts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

import fuselens as fl
from fuselens.core.errors import InputError, UnknownNameError
from fuselens.core.locality import Box
from fuselens.studies.cases import CaseSettings, around, check_folders, cut, telling_box
from tests.core.small import small_pair
from tests.studies.small_pairs import tiny_network, write_pairs


def test_telling_box_is_where_detail_differs_most() -> None:
    pair = small_pair(21, 26)
    a, b = (source.y.double().numpy() for source in pair)
    sigma = 5 * 21 / 256
    difference = np.abs((a - gaussian_filter(a, sigma)) - (b - gaussian_filter(b, sigma)))
    means = {(y, x): difference[y : y + 7, x : x + 7].mean() for y in range(15) for x in range(20)}
    y, x = max(means, key=lambda place: means[place])
    assert telling_box(pair, 7) == Box(y, x, y + 7, x + 7)


def test_telling_box_ignores_brightness_and_takes_the_first_of_equal_ones() -> None:
    flat = fl.ImagePair.from_arrays(torch.full((20, 20), 0.9, dtype=torch.float64), torch.zeros(20, 20).double())
    assert telling_box(flat, 8) == Box(0, 0, 8, 8)
    assert telling_box(small_pair(12, 14)) == Box(0, 0, 12, 14)


@pytest.mark.parametrize(
    ("box", "window"),
    [
        (Box(0, 0, 8, 8), Box(0, 0, 20, 20)),
        (Box(30, 40, 38, 48), Box(24, 34, 44, 54)),
        (Box(52, 62, 60, 70), Box(40, 50, 60, 70)),
    ],
)
def test_window_stays_in_the_image(box: Box, window: Box) -> None:
    assert around(box, (60, 70), 20) == window


def test_quick_case_is_the_same_place_under_the_same_blur() -> None:
    pair = fl.example_pair("street", size=(120, 140))
    whole, quick = CaseSettings("grid:8").case_of(pair), CaseSettings("grid:8", quick=True).case_of(pair)
    assert quick.pair.size == (96, 96)
    assert quick.fill == f"blur:{5 * 120 / 256:g}"
    assert whole.box is not None
    assert quick.box is not None
    shown, cut_out = cut(pair, whole.box), cut(quick.pair, quick.box)
    assert all(torch.equal(one.y, other.y) for one, other in zip(shown, cut_out, strict=True))
    assert str(quick.target) == f"same:{quick.box.top},{quick.box.left},{quick.box.bottom},{quick.box.right}"
    assert str(CaseSettings(whole=True).case_of(pair).target) == "image"


def test_mistakes(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="slic"):
        CaseSettings("slik:20")
    with pytest.raises(InputError, match="slic:100"):
        CaseSettings("slic:many")
    pairs = {"set": write_pairs(tmp_path / "set", 1)}
    with pytest.raises(InputError, match="--data"):
        check_folders({}, [tiny_network()])
    with pytest.raises(InputError, match="--model"):
        check_folders(pairs, [])
    with pytest.raises(InputError, match="Two models are called 'tiny'"):
        check_folders(pairs, [tiny_network(), tiny_network()])
