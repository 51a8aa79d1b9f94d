"""What every registered metric promises: batches, number types, edges, symmetry, gradients, clear refusals."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from fuselens.core.errors import InputError, UnknownNameError
from fuselens.metrics import METRICS, list_metrics
from fuselens.metrics.accumulate import FusionScore
from fuselens.metrics.metric import FusionMetric


@pytest.fixture(params=list_metrics(), scope="module")
def metric(request: pytest.FixtureRequest) -> FusionMetric:
    found: FusionMetric = METRICS[request.param]
    return found


def scene(metric: FusionMetric, seed: int, *, count: int = 1, extra: tuple[int, int] = (6, 9)) -> list[torch.Tensor]:
    """Two correlated smooth sources and their mean with noise, as whole levels of 8 bit, in float64."""
    height, width = (max(metric.smallest, 24) + e for e in extra)
    noise = torch.rand(3, count, 1, height, width, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    smooth = torch.nn.functional.avg_pool2d(noise.flatten(0, 1), 5, 1, 2, count_include_pad=False).view_as(noise)
    a, b = smooth[0] * 0.8 + 0.1, (smooth[1] + smooth[0]) / 2
    fused = (a + b) / 2 + (noise[2] - 0.5) * 0.1
    return [(image.clamp(0, 1) * 255).round() / 255 for image in (a, b, fused)]


def used(metric: FusionMetric, images: list[torch.Tensor]) -> list[torch.Tensor]:
    return images[-1:] if metric.needs == "fused" else images


def test_facts_are_stated(metric: FusionMetric) -> None:
    low, high = metric.bounds
    assert low is None or high is None or low < high
    assert metric.reference
    assert metric.__doc__
    assert metric.name in list_metrics()


def test_value_is_finite_within_bounds_and_a_batch_equals_a_loop(metric: FusionMetric) -> None:
    images = scene(metric, 1, count=3)
    together = metric(*images)
    assert together.shape == (3,)
    assert together.dtype == torch.float64
    assert torch.isfinite(together).all()
    low, high = metric.bounds
    assert low is None or (together >= low).all()
    assert high is None or (together <= high).all()
    alone = torch.cat([metric(*(image[i : i + 1] for image in images)) for i in range(3)])
    torch.testing.assert_close(together, alone, rtol=1e-9, atol=1e-12)
    assert len(set(together.tolist())) == 3, "three different images, one value"


def test_float32_agrees_with_float64(metric: FusionMetric) -> None:
    images = scene(metric, 2)
    single = metric(*(image.float() for image in images))
    assert single.dtype == torch.float32
    torch.testing.assert_close(single.double(), metric(*images), rtol=1e-3, atol=1e-5)


def test_swapping_the_sources(metric: FusionMetric) -> None:
    a, b, fused = scene(metric, 3)
    tolerance = 1e-9 if metric.symmetric else 0.5  # the others differ where the sources tie
    torch.testing.assert_close(metric(a, b, fused), metric(b, a, fused), rtol=tolerance, atol=1e-12)


def test_identical_and_constant_images_have_a_value_or_none(metric: FusionMetric) -> None:
    a, _, _ = scene(metric, 4)
    flat = torch.full_like(a, 100 / 255)
    for images in ((a, a, a), (a, a, flat), (flat, flat, a), (flat, flat, flat), (a, flat, a)):
        assert metric(*images).shape == (1,)  # a number or NaN, never an exception


def test_the_perfect_image_is_not_worse_than_noise(metric: FusionMetric) -> None:
    """Fusing two copies of an image to itself is as good as it gets, where sources are looked at."""
    if metric.needs == "fused":
        pytest.skip("looks at the fused image alone: noise has more of everything")
    a, _, _ = scene(metric, 5)
    noise = torch.rand(a.shape, generator=torch.Generator().manual_seed(6), dtype=a.dtype)
    perfect, worse = float(metric(a, a, a)), float(metric(a, a, noise))
    if math.isnan(perfect):
        pytest.skip("not defined for identical images")
    if metric.better == "higher":
        assert perfect > worse
    elif metric.better == "lower":
        assert perfect < worse
    else:
        assert abs(perfect) < abs(worse)


def test_grey_in_three_channels_scores_as_grey(metric: FusionMetric) -> None:
    images = scene(metric, 7)
    coloured = [image.expand(-1, 3, -1, -1) for image in images]
    torch.testing.assert_close(metric(*coloured), metric(*images), rtol=1e-9, atol=1e-12)
    for convention in metric.conventions:
        torch.testing.assert_close(
            metric(*coloured, convention=convention), metric(*images, convention=convention),
            rtol=1e-6, atol=1e-9, equal_nan=True,
        )  # fmt: skip


def test_every_convention_deviates_somewhere(metric: FusionMetric) -> None:
    """A convention that never changes a number would be no convention; codes may differ in colour or at edges only."""
    a, b, fused = scene(metric, 8)
    tinted = torch.cat([fused, fused.flip(-1), fused * 0.5], dim=1)
    flat = torch.full_like(a, 100 / 255)
    bright = (a * 1.6).clamp(0, 1)
    copied = torch.where(torch.rand(a.shape, generator=torch.Generator().manual_seed(9)) < 0.5, a, b)
    cases = [(a, b, fused), (a, b, tinted), (a, b, flat), (bright, bright.flip(-1), bright), (a, b, copied)]
    cases += [(flat, b, b), (flat, flat, flat)]
    for convention in metric.conventions:
        pairs = [(metric(*images), metric(*images, convention=convention)) for images in cases]
        assert any(not torch.equal(x.nan_to_num(-9), y.nan_to_num(-9)) for x, y in pairs), convention


def test_too_small_is_refused_and_the_smallest_is_not(metric: FusionMetric) -> None:
    side = metric.smallest
    image = torch.rand(1, 1, side, side, generator=torch.Generator().manual_seed(10), dtype=torch.float64)
    assert metric(image, image.flip(-1), image.flip(-2)).shape == (1,)
    if side > 1:
        small = image[..., : side - 1]
        with pytest.raises(InputError, match=f"at least {side}x{side}"):
            metric(small, small, small)


def test_gradients_where_promised(metric: FusionMetric) -> None:
    a, b, fused = scene(metric, 11, extra=(0, 1))
    fused = (fused * 0.98 + 0.01 + 1e-3 / 3).requires_grad_(
        True
    )  # off the whole levels, where rounding may be snapped to
    values = metric(a, b, fused)
    if not metric.differentiable:
        return
    (gradient,) = torch.autograd.grad(values.sum(), fused)
    assert torch.isfinite(gradient).all()
    direction = torch.rand(fused.shape, generator=torch.Generator().manual_seed(12), dtype=torch.float64) - 0.5
    step = 1e-6
    ahead, behind = (metric(a, b, (fused + sign * step * direction).detach()) for sign in (1, -1))
    expected = float(ahead - behind) / (2 * step)
    assert float((gradient * direction).sum()) == pytest.approx(expected, rel=1e-4, abs=1e-8)


def test_torchmetrics_mean_over_batches(metric: FusionMetric) -> None:
    images = scene(metric, 13, count=3)
    running = FusionScore(metric.name)
    running.update(*(image[:2] for image in images))
    running.update(*(image[2:] for image in images))
    assert float(running.compute()) == pytest.approx(float(metric(*images).mean()), rel=1e-5)
    assert running.higher_is_better is {"higher": True, "lower": False, "zero": None}[metric.better]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda a, b, f: (a, b, f[..., 1:]), "of one size"),
        (lambda a, b, f: (a, b), "images"),
        (lambda a, b, f: (a, b, f * 255), "in \\[0, 1\\]"),
        (lambda a, b, f: (a, b, f * float("nan")), "replace NaN"),
        (lambda a, b, f: (a, b, f[0]), "\\[N, 1, H, W\\]"),
    ],
)
def test_bad_input_is_refused(change, words: str) -> None:  # type: ignore[no-untyped-def]
    metric = METRICS["cc"]
    with pytest.raises(InputError, match=words):
        metric(*change(*scene(metric, 14)))


def test_unknown_convention(metric: FusionMetric) -> None:
    with pytest.raises(UnknownNameError, match="canonical"):
        metric(*scene(metric, 15), convention="nobody")


# VIF's scales keep every second sample from the first; Qabf does not wrap orientations, so vertical edges have a sign.
NOT_MIRRORED = {"qabf": 0.05, "vif": 0.05}
FAST = ["en", "sd", "sf", "ag", "ei", "mi", "cc", "scd", "mse", "ssim", "vif", "qabf", "nabf"]


@pytest.mark.parametrize("name", [name for name in FAST if name in list_metrics()])
@settings(max_examples=8, deadline=None)
@given(height=st.integers(0, 9), width=st.integers(0, 9), seed=st.integers(0, 10_000))
def test_any_size_flips_leave_the_score(name: str, height: int, width: int, seed: int) -> None:
    """Odd or even, wide or high: mirroring all three images changes no number."""
    metric = METRICS[name]
    images = scene(metric, seed, extra=(height, width))
    expected = metric(*images)
    mirrored = metric(*(image.flip(-1) for image in images))
    torch.testing.assert_close(mirrored, expected, rtol=NOT_MIRRORED.get(name, 1e-9), atol=1e-12)
