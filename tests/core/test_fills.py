"""Fills: each is what its name says."""

from __future__ import annotations

import pytest
import torch
from scipy.ndimage import gaussian_filter

from fuselens.core.errors import InputError, UnknownNameError
from fuselens.core.evaluator import Evaluator
from fuselens.core.fills import FILLS, make_fill
from fuselens.core.targets import RegionMean
from fuselens.core.units import make_units
from tests.core.small import only_a, small_pair

PAIR = small_pair()
A, B = PAIR.a.y, PAIR.b.y
UNITS = make_units(PAIR, "grid:7", which="a")
labels = UNITS.labels_a


def filled(how: str, seed: int = 0) -> torch.Tensor:
    return make_fill(how, seed=seed)(A, B, labels)


@pytest.mark.parametrize("kind", sorted(FILLS))
def test_every_fill_keeps_shape_type_and_range(kind: str) -> None:
    how = "value:0.3" if kind == "value" else kind
    for dtype in (torch.float32, torch.float64):
        made = make_fill(how)(A.to(dtype), B.to(dtype), labels)
        assert made.shape == A.shape
        assert made.dtype == dtype
        assert made.min() >= 0
        assert made.max() <= 1


def test_each_fill_is_what_it_says() -> None:
    assert filled("black").eq(0).all()
    assert filled("value:0.25").eq(0.25).all()
    assert filled("mean").unique().tolist() == pytest.approx([float(A.mean())])
    assert torch.equal(filled("other"), B)
    for unit in range(UNITS.count):
        torch.testing.assert_close(filled("segment_mean")[labels == unit].unique().mean(), A[labels == unit].mean())
    torch.testing.assert_close(filled("blur:2"), torch.from_numpy(gaussian_filter(A.numpy(), 2)))


def test_blur_follows_the_size_of_the_image() -> None:
    large = small_pair(48, 56).a.y
    torch.testing.assert_close(
        make_fill("blur")(large, large, labels), make_fill(f"blur:{5 * 48 / 256}")(large, large, labels)
    )


def test_noise_follows_the_seed() -> None:
    assert torch.equal(filled("noise", 4), filled("noise", 4))
    assert not torch.equal(filled("noise", 4), filled("noise", 5))


def test_segment_means_where_a_source_is_never_hidden() -> None:
    never = torch.full_like(labels, -1)
    torch.testing.assert_close(make_fill("segment_mean")(A, B, never), A.mean().expand_as(A))


def test_the_evaluator_shows_the_fill_and_nothing_else_where_nothing_is_kept() -> None:
    seen = []

    def spy(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        seen.append((a.clone(), b.clone()))
        return only_a(a, b)

    with Evaluator(spy, PAIR, RegionMean(), UNITS, fill="segment_mean") as evaluator:
        a, b = seen[-1]
        assert torch.equal(a[0, 0], evaluator.fill_a)
        assert torch.equal(a[0, 0], filled("segment_mean"))
        assert torch.equal(b[0, 0], B)
        evaluator.scores([evaluator.units.everything & ~1])
        assert torch.equal(seen[-1][0][0, 0], torch.where(labels == 0, evaluator.fill_a, A))


def test_wrong_fills_are_refused() -> None:
    with pytest.raises(UnknownNameError, match="blur"):
        make_fill("blurr")
    for how in ("blur:-1", "blur:wide", "blur:inf", "blur:nan", "value", "value:2", "value:-0.1"):
        with pytest.raises(InputError, match="number"):
            make_fill(how)
    with pytest.raises(InputError, match="takes no number"):
        make_fill("black:3")
