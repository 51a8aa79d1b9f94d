"""The colour policy in closed form: split and join invert each other, and luma is never touched."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from fuselens.core.pair import ImagePair, Source
from fuselens.data.colour import is_grey, join_colour, merge_chroma, split_colour

seeds = st.integers(0, 2**32 - 1)


def _random(seed: int, *shape: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).random(shape, np.float32))


def _pair(a: torch.Tensor | None, b: torch.Tensor | None) -> ImagePair:
    y = torch.full((8, 8), 0.5)
    return ImagePair(Source(y, "mri", chroma=a), Source(y, "pet", chroma=b))


@given(seeds)
@settings(max_examples=30, deadline=None)
def test_split_then_join_is_exact(seed: int) -> None:
    rgb = _random(seed, 3, 8, 9)
    corners = rgb.round() if seed % 2 else rgb
    torch.testing.assert_close(join_colour(*split_colour(corners)), corners, atol=1e-6, rtol=0)


@given(seeds, seeds)
@settings(max_examples=30, deadline=None)
def test_join_keeps_any_luma_and_the_hue(seed: int, other: int) -> None:
    y = _random(seed, 8, 9)
    chroma = _random(other, 2, 8, 9) - 0.5
    rgb = join_colour(y, chroma)
    assert rgb.min() >= 0
    assert rgb.max() <= 1
    luma, joined = split_colour(rgb)
    torch.testing.assert_close(luma, y, atol=1e-6, rtol=0)
    cross = chroma[0] * joined[1] - chroma[1] * joined[0]
    assert cross.abs().max() < 1e-6
    assert (joined * chroma).sum(0).min() >= -1e-6


def test_known_colours() -> None:
    rgb = torch.eye(3)[:, None, :].expand(3, 8, 3)
    y, chroma = split_colour(rgb)
    torch.testing.assert_close(y[0], torch.tensor([0.299, 0.587, 0.114]))
    assert chroma[1, 0, 0].item() == pytest.approx(0.5)
    assert chroma[0, 0, 2].item() == pytest.approx(0.5)


def test_grey_has_no_chroma_and_any_luma_of_black_and_white_is_colourless() -> None:
    y, chroma = split_colour(torch.full((3, 8, 8), 0.25))
    torch.testing.assert_close(y, torch.full((8, 8), 0.25))
    assert chroma.abs().max() < 1e-7
    for value in (0.0, 1.0):
        flat = torch.full((8, 8), value)
        torch.testing.assert_close(join_colour(flat, torch.full((2, 8, 8), 0.4)), flat.expand(3, 8, 8))


def test_is_grey_forgives_two_levels_and_not_three() -> None:
    rgb = torch.full((3, 8, 8), 0.5)
    rgb[0, 2, 2] += 2 / 255
    assert is_grey(rgb)
    rgb[0, 2, 2] += 1 / 255
    assert not is_grey(rgb)


def test_merge_of_none_and_one() -> None:
    chroma = torch.full((2, 8, 8), 0.1)
    assert merge_chroma(_pair(None, None)) == (None, "grey: neither source is coloured")
    for pair, name in ((_pair(chroma, None), "mri"), (_pair(None, chroma), "pet")):
        merged, note = merge_chroma(pair)
        assert merged is chroma
        assert note == f"colour of {name}"


def test_merge_of_two_weights_by_strength() -> None:
    a, b = torch.full((2, 8, 8), 0.1), torch.full((2, 8, 8), -0.3)
    a[:, 0, 0] = b[:, 0, 0] = 0
    merged, note = merge_chroma(_pair(a, b))
    assert merged is not None
    assert merged[0, 0, 0] == 0
    torch.testing.assert_close(merged[1, 5, 5], torch.tensor((0.1 * 0.1 - 0.3 * 0.3) / 0.4))
    assert "saturation" in note


@given(seeds)
@settings(max_examples=20, deadline=None)
def test_merge_lies_between_and_keeps_equal_colours(seed: int) -> None:
    a, b = _random(seed, 2, 8, 8) - 0.5, _random(seed + 1, 2, 8, 8) - 0.5
    merged, _ = merge_chroma(_pair(a, b))
    same, _ = merge_chroma(_pair(a, a))
    assert merged is not None
    assert same is not None
    assert (merged <= torch.maximum(a, b) + 1e-6).all()
    assert (merged >= torch.minimum(a, b) - 1e-6).all()
    torch.testing.assert_close(same, a)
