"""Histograms and what is made of them, EN, MI, NMI, CE, QNCIE and QTE: against numpy, and closed forms."""

from __future__ import annotations

from math import log, log2

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from fuselens.metrics import METRICS
from fuselens.metrics.parts.histograms import entropies, entropy, histogram, joint_histogram
from fuselens.metrics.parts.stretch import stretched
from fuselens.metrics.qte import tsallis_information

cases = st.tuples(st.integers(0, 10**6), st.integers(2, 9), st.integers(2, 9), st.sampled_from([2, 5, 256]))


def levels(seed: int, height: int, width: int, kinds: int) -> list[torch.Tensor]:
    """Two sources and a fused image that depends on them, of few levels where entropies are far from their bounds."""
    random = np.random.default_rng(seed)
    palette = random.permutation(256)[:kinds].astype(np.float64)
    a, b = (random.integers(0, kinds, (1, 1, height, width)) for _ in range(2))
    fused = np.where(random.random(a.shape) < 0.5, a, b)
    return [torch.from_numpy(palette[image]) for image in (a, b, fused)]


def score(name: str, *images: torch.Tensor, convention: str = "canonical") -> float:
    return float(METRICS[name].formula(*images, convention=convention))


def shares(*images: torch.Tensor) -> np.ndarray:
    """The joint distribution of the images' levels, without empty cells."""
    pixels = np.stack([image.numpy().ravel() for image in images], axis=1)
    return np.unique(pixels, axis=0, return_counts=True)[1] / len(pixels)


def bits(*images: torch.Tensor) -> float:
    p = shares(*images)
    return float(-(p * np.log2(p)).sum())


def shared(x: torch.Tensor, y: torch.Tensor) -> float:
    return bits(x) + bits(y) - bits(x, y)


@settings(deadline=None, max_examples=15)
@given(cases)
def test_definitions(case: tuple[int, int, int, int]) -> None:
    a, b, fused = levels(*case)
    assert score("en", fused) == pytest.approx(bits(fused))
    total = shared(a, fused) + shared(b, fused)
    assert score("mi", a, b, fused) == pytest.approx(total, abs=1e-12)
    assert score("mi", a, b, fused, convention="cddfuse") == pytest.approx(total * log(2), abs=1e-12)
    assert score("mi", a, b, fused, convention="rfnnest") == pytest.approx(2 * bits(fused), abs=1e-12)
    if min(bits(a) + bits(fused), bits(b) + bits(fused), bits(a) + bits(b)) > 0:
        hossny = sum(2 * shared(x, fused) / (bits(x) + bits(fused)) for x in (a, b))
        assert score("nmi", a, b, fused) == pytest.approx(hossny, abs=1e-12)
        without_fused = 2 * total / (bits(a) + bits(b))
        assert score("nmi", a, b, fused, convention="ivifzoo") == pytest.approx(without_fused, abs=1e-12)
    assert score("ce", a, b, fused) == pytest.approx((divergence(a, fused) + divergence(b, fused)) / 2, abs=1e-12)
    matrix = np.eye(3)
    for (i, x), (j, y) in (((0, a), (1, b)), ((0, a), (2, fused)), ((1, b), (2, fused))):
        matrix[i, j] = matrix[j, i] = shared(x, y) / 8
    eigenvalues = np.linalg.eigvals(matrix) / 3
    assert score("qncie", a, b, fused) == pytest.approx(1 + sum(v * log(v, 256) for v in eigenvalues if v > 0))


def divergence(x: torch.Tensor, fused: torch.Tensor) -> float:
    p, q = (np.bincount(image.long().flatten(), minlength=256) / image.numel() for image in (x, fused))
    return sum(s * log2(s / t) for s, t in zip(p, q, strict=True) if s > 0 and t > 0)


@settings(deadline=None, max_examples=15)
@given(cases, st.sampled_from([0.43137, 1.85]))
def test_tsallis_information(case: tuple[int, int, int, int], q: float) -> None:
    x, _, y = levels(*case)
    p, u, v = joint_histogram(x, y)[0].numpy(), histogram(x)[0].numpy(), histogram(y)[0].numpy()
    total = sum(p[i, j] ** q / (u[i] * v[j]) ** (q - 1) for i, j in zip(*np.nonzero(p), strict=True))
    assert tsallis_information(x, y, q).item() == pytest.approx((1 - total) / (1 - q), abs=1e-12)


def test_tsallis_information_becomes_shannons() -> None:
    x, _, y = levels(0, 9, 9, 5)
    assert tsallis_information(x, y, 1 + 1e-7).item() == pytest.approx(shared(x, y) * log(2), abs=1e-5)


@settings(deadline=None, max_examples=15)
@given(cases)
def test_stretching_whole_levels_changes_no_information(case: tuple[int, int, int, int]) -> None:
    """Why NMI, QNCIE and QTE leave out the stretch of the classic codes."""
    images = levels(*case)
    if any(image.unique().numel() == 1 for image in images):
        return
    for name in ("mi", "nmi", "qncie", "qte"):
        assert score(name, *map(stretched, images)) == pytest.approx(score(name, *images), abs=1e-12)


def test_histograms_are_of_rounded_levels_and_image_by_image() -> None:
    image = torch.tensor([[0.0, 0.49, 0.5, 254.5], [7, 7, 7, 7]]).view(2, 1, 2, 2)
    counts = histogram(image) * 4
    assert counts[0, [0, 1, 255]].tolist() == [2, 1, 1]
    assert counts[1, 7] == 4
    joint = joint_histogram(image, image.flip(0)) * 4
    assert joint[0, [0, 1, 255], 7].tolist() == [2, 1, 1]
    assert joint[1, 7, [0, 1, 255]].tolist() == [2, 1, 1]
    assert torch.equal(joint.sum(dim=2), counts)
    assert counts.dtype == image.dtype


def test_linfeng_gains_information_by_merging_bright_levels_in_the_joint_histogram_only() -> None:
    a, b, fused = (image.clamp(max=253) for image in levels(3, 9, 9, 256))
    assert score("mi", a, b, fused, convention="linfeng") == pytest.approx(score("mi", a, b, fused))
    half = torch.tensor([254.0, 255.0]).repeat(1, 1, 4, 2)
    assert score("mi", half, half, half) == pytest.approx(2)
    assert score("mi", half, half, half, convention="linfeng") == pytest.approx(4)


def test_identical_images_of_all_levels() -> None:
    every = torch.arange(256.0).view(1, 1, 16, 16)
    assert score("en", every) == pytest.approx(8)
    assert score("mi", every, every, every) == pytest.approx(16)
    assert score("nmi", every, every, every) == pytest.approx(2)
    assert score("ce", every, every, every) == 0
    assert score("qncie", every, every, every) == pytest.approx(1, abs=1e-6)


def test_independent_images_share_nothing() -> None:
    rows = torch.tensor([0.0, 9.0]).view(1, 1, 2, 1).repeat(1, 1, 2, 4)
    columns = torch.tensor([0.0, 9.0]).repeat(1, 1, 4, 2)
    assert entropies(rows, columns).mutual.item() == pytest.approx(0, abs=1e-6)
    assert score("nmi", rows, rows, columns) == pytest.approx(0, abs=1e-6)
    assert score("qte", rows, rows, columns) == pytest.approx(0, abs=1e-6)


def test_constant_fused_images() -> None:
    a, b, fused = levels(4, 9, 9, 5)
    flat = torch.full_like(fused, 100)
    assert score("mi", a, b, flat) == pytest.approx(0, abs=1e-12)
    assert score("nmi", a, b, flat) == pytest.approx(0, abs=1e-12)
    assert np.isnan(score("nmi", flat, b, flat))
    assert np.isnan(score("qncie", a, b, flat, convention="ivifzoo"))
    for convention in ("mefb", "zliu"):
        assert np.isnan(score("qte", a, b, flat, convention=convention))


def test_entropy_takes_no_notice_of_empty_levels() -> None:
    assert entropy(torch.tensor([[0.5, 0.0, 0.5], [0.0, 1.0, 0.0]])).tolist() == [1, 0]
