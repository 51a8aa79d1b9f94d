"""Targets: a cut box gives the whole image's value, gradients are derivatives, words are read as they are written."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import correlate1d, sobel

from fuselens.core.errors import InputError, ModelError, UnknownNameError
from fuselens.core.locality import Box
from fuselens.core.targets import (
    Closeness,
    Downstream,
    GradientEnergy,
    Pixel,
    RegionMean,
    Similarity,
    Target,
    bound_target,
    parse_target,
    refuse_stationary,
)
from fuselens.core.targets.region import RegionLike

SIZE = (26, 31)
RANDOM = torch.Generator().manual_seed(5)
A, B, ORIGINAL, OTHER = torch.rand(4, 1, 1, *SIZE, generator=RANDOM, dtype=torch.float64)
MASK = torch.zeros(SIZE, dtype=torch.bool)
MASK[0:3, 25:31] = True
MASK[7, 20] = True
REGIONS: dict[str, RegionLike] = {
    "whole": None, "one pixel": (12, 13, 13, 14), "middle": (8, 9, 15, 20), "first corner": (0, 0, 1, 1),
    "last corner": (24, 29, 26, 31), "corner strip": (0, 28, 26, 31), "top": (0, 4, 2, 30), "mask": MASK,
    "all of it": (0, 0, 26, 31), "near the border": (3, 4, 5, 6),
}  # fmt: skip
KINDS: dict[str, Callable[[RegionLike], Target]] = {
    "mean": RegionMean,
    "edges": GradientEnergy,
    "ssim": Similarity,
    "gradient_ssim": lambda region: Similarity(region, "gradient_ssim"),
    "mae": lambda region: Similarity(region, "mae"),
    "mse": lambda region: Similarity(region, "mse"),
    "close to a": lambda region: Closeness("a", region),
    "close to b by mse": lambda region: Closeness("b", region, "mse"),
}


def inside(region: RegionLike) -> np.ndarray:
    mask = np.zeros(SIZE, bool)
    if region is None:
        return ~mask
    if isinstance(region, tuple):
        mask[region[0] : region[2], region[1] : region[3]] = True
        return mask
    return np.asarray(region)


def edges(image: np.ndarray) -> np.ndarray:
    return np.hypot(sobel(image, 0, mode="nearest"), sobel(image, 1, mode="nearest")) / 8


def ssim(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    window = np.exp(-(np.arange(-5, 6) ** 2) / (2 * 1.5**2))
    window /= window.sum()

    def mean(image: np.ndarray) -> np.ndarray:
        return correlate1d(correlate1d(image, window, 0, mode="mirror"), window, 1, mode="mirror")

    mx, my = mean(x), mean(y)
    vx, vy, c = mean(x * x) - mx**2, mean(y * y) - my**2, mean(x * y) - mx * my
    return (2 * mx * my + 1e-4) * (2 * c + 9e-4) / ((mx**2 + my**2 + 1e-4) * (vx + vy + 9e-4))


def expected(kind: str, region: RegionLike) -> float:
    x, f, a, b = (image[0, 0].numpy() for image in (OTHER, ORIGINAL, A, B))
    whole = {
        "mean": lambda: x, "edges": lambda: edges(x), "ssim": lambda: ssim(x, f),
        "gradient_ssim": lambda: ssim(edges(x), edges(f)),
        "mae": lambda: 1 - abs(x - f), "mse": lambda: 1 - (x - f) ** 2,
        "close to a": lambda: ssim(x, a), "close to b by mse": lambda: 1 - (x - b) ** 2,
    }[kind]()  # fmt: skip
    return float(whole[inside(region)].mean())


@pytest.mark.parametrize("where", sorted(REGIONS))
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_target_reads_its_box_and_gives_the_whole_images_value(kind: str, where: str) -> None:
    region = REGIONS[where]
    target = bound_target(KINDS[kind](region), A, B, ORIGINAL)
    box = target.box(SIZE)
    value = target(OTHER[(..., *box.slices)])
    assert value.shape == (1,)
    assert float(value) == pytest.approx(expected(kind, region), abs=1e-9)
    elsewhere = torch.rand(3, 1, *SIZE, dtype=torch.float64)
    elsewhere[(..., *box.slices)] = OTHER[(..., *box.slices)]
    cut = elsewhere[(..., *box.slices)]
    torch.testing.assert_close(target(cut), value.expand(3))


@settings(deadline=None, max_examples=25)
@given(st.sampled_from(sorted(KINDS)), st.integers(0, 25), st.integers(0, 30), st.integers(1, 12), st.integers(1, 12))
def test_any_box(kind: str, top: int, left: int, height: int, width: int) -> None:
    region = (top, left, min(SIZE[0], top + height), min(SIZE[1], left + width))
    target = bound_target(KINDS[kind](region), A, B, ORIGINAL)
    assert float(target(OTHER[(..., *target.box(SIZE).slices)])) == pytest.approx(expected(kind, region), abs=1e-9)


def test_pixel_and_downstream() -> None:
    assert Pixel(3, 4).box(SIZE) == Box(3, 4, 4, 5)
    assert float(Pixel(3, 4)(OTHER[..., 3:4, 4:5])) == float(OTHER[0, 0, 3, 4])
    brightest = Downstream(lambda fused: fused.amax(dim=(1, 2, 3)), name="brightest")
    assert brightest.box(SIZE) == Box(0, 0, *SIZE)
    assert float(brightest(OTHER)) == float(OTHER.max())
    assert str(brightest) == "downstream:brightest"
    with pytest.raises(ModelError, match="one number an image"):
        Downstream(lambda fused: fused.mean())(OTHER)
    with pytest.raises(ModelError, match="float"):
        Downstream(lambda fused: 0.5)(OTHER)  # type: ignore[arg-type, return-value]
    with pytest.raises(InputError, match="function"):
        Downstream("yolo")  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize("where", ["middle", "first corner", "mask"])
def test_gradients_are_finite_differences(kind: str, where: str) -> None:
    target = bound_target(KINDS[kind](REGIONS[where]), A, B, ORIGINAL)
    image = OTHER[(..., *target.box(SIZE).slices)].clone().requires_grad_(True)
    (gradient,) = torch.autograd.grad(target(image).sum(), image)
    direction = torch.randn(image.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    with torch.no_grad():
        up, down = (float(target(image + step * direction)) for step in (1e-6, -1e-6))
    assert float((gradient * direction).sum()) == pytest.approx((up - down) / 2e-6, rel=1e-4, abs=1e-8)


def test_edges_have_a_gradient_on_flat_images() -> None:
    flat = torch.full((1, 1, 12, 12), 0.5, requires_grad=True)
    (gradient,) = torch.autograd.grad(GradientEnergy()(flat).sum(), flat)
    assert torch.isfinite(gradient).all()


def test_similarity_is_one_and_stationary_at_the_original() -> None:
    for measure in ("ssim", "gradient_ssim", "mae", "mse"):
        target = bound_target(Similarity((2, 2, 20, 20), measure), A, B, ORIGINAL)
        assert float(target(ORIGINAL[(..., *target.box(SIZE).slices)])) == pytest.approx(1)
        with pytest.raises(InputError, match="closeness:a"):
            refuse_stationary(target, "jacobian")
    close = bound_target(Closeness("a"), A, B, ORIGINAL)
    refuse_stationary(close, "jacobian")
    assert float(close(A)) == pytest.approx(1)
    with pytest.raises(InputError, match="bound"):
        Similarity()(ORIGINAL)


def test_a_region_outside_the_image_is_refused() -> None:
    for region in ((0, 0, 27, 5), (5, 5, 5, 9), (-1, 0, 3, 3), (20, 30, 22, 29)):
        for make in KINDS.values():
            with pytest.raises(InputError, match="leaves the image"):
                bound_target(make(region), A, B, ORIGINAL)
    with pytest.raises(InputError, match="mask has shape"):
        bound_target(Similarity(MASK[:-1]), A, B, ORIGINAL)
    with pytest.raises(InputError, match="at least one pixel"):
        RegionMean(torch.zeros(SIZE))
    with pytest.raises(InputError, match="not in the image"):
        bound_target(Pixel(26, 0), A, B, ORIGINAL)


def test_small_images_have_no_ssim_but_other_measures() -> None:
    tiny = torch.rand(1, 1, 10, 30)
    with pytest.raises(InputError, match="at least 11x11"):
        bound_target(Similarity(), tiny, tiny, tiny)
    assert float(bound_target(Similarity(measure="mae"), tiny, tiny, tiny)(tiny)) == 1


def test_wrong_choices_are_refused() -> None:
    with pytest.raises(UnknownNameError, match="gradient_ssim"):
        Similarity(measure="psnr")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="'a' or 'b'"):
        Closeness("c")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    ["pixel:3,4", "region:0,0,8,9", "mean", "edges", "edges:1,2,3,4", "image", "same:1,2,30,40", "closeness:a",
     "closeness:b:0,0,8,8"],
)  # fmt: skip
def test_words_are_read_as_they_are_written(text: str) -> None:
    assert str(parse_target(text)) == text


@pytest.mark.parametrize(
    "text",
    ["", "pixel", "pixel:1", "pixel:1,2,3,4", "pixel:a,b", "region", "region:1,2", "same", "same:1,2,3", "closeness",
     "closeness:c", "closeness:a:1,2", "image:1,2,3,4", "mean:1,2,3,4", "edges:", "edges:x", "region:0,0,8,8 (mask)",
     "image (mse)", "downstream:yolo", "same:1,2,3,4,5", "pixel:1.5,2"],
)  # fmt: skip
def test_other_words_are_refused(text: str) -> None:
    with pytest.raises(InputError, match="Expected a target like pixel:y,x"):
        parse_target(text)


def test_names_tell_masks_and_measures() -> None:
    assert str(RegionMean(MASK)) == "region:0,20,8,31 (mask)"
    assert str(Similarity(MASK, "mae")) == "same:0,20,8,31 (mask) (mae)"
    assert str(Similarity(measure="gradient_ssim")) == "image (gradient_ssim)"
    assert str(Closeness("b", (0, 0, 4, 4), "mse")) == "closeness:b:0,0,4,4 (mse)"
    assert str(bound_target(Closeness("b", None, "mse"), A, B, ORIGINAL)) == "closeness:b (mse)"
