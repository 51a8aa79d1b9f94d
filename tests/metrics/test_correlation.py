"""CC and SCD: against numpy, closed forms, and the constant images where they are not defined."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from fuselens.metrics import METRICS
from fuselens.metrics.parts.correlation import centred, pearson

CC, SCD = METRICS["cc"], METRICS["scd"]


def levels(seed: int, height: int, width: int, count: int = 3) -> list[torch.Tensor]:
    random = np.random.default_rng(seed)
    return [torch.from_numpy(random.integers(0, 256, (2, 1, height, width)).astype(np.float64)) for _ in range(count)]


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10**6), st.integers(2, 9), st.integers(3, 9))
def test_cc_and_scd_are_numpys_correlations(seed: int, height: int, width: int) -> None:
    a, b, fused = levels(seed, height, width)
    for i in range(2):
        x, y, f = (image[i].numpy().ravel() for image in (a, b, fused))
        cc = (np.corrcoef(x, f)[0, 1] + np.corrcoef(y, f)[0, 1]) / 2
        scd = np.corrcoef(f - y, x)[0, 1] + np.corrcoef(f - x, y)[0, 1]
        assert CC(a / 255, b / 255, fused / 255)[i].item() == pytest.approx(cc, abs=1e-12)
        assert SCD(a / 255, b / 255, fused / 255)[i].item() == pytest.approx(scd, abs=1e-12)


def test_correlation_knows_no_gain_and_no_offset() -> None:
    x, y, _ = levels(0, 7, 9)
    assert torch.allclose(pearson(x, 0.25 * y + 3), pearson(x, y))
    assert torch.allclose(pearson(x, -y), -pearson(x, y))


def test_a_sum_of_sources_has_the_best_scd() -> None:
    a, b, _ = (image / 512 for image in levels(1, 8, 8))
    assert SCD(a, b, a + b).tolist() == pytest.approx([2, 2])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_constant_images_have_no_correlation(dtype: torch.dtype) -> None:
    a, b, _ = (image.to(dtype) / 255 for image in levels(2, 97, 101))
    flat = torch.full_like(a, 0.3)  # its mean is not 0.3 when summed in floating point
    assert CC(a, b, flat).isnan().all()
    assert SCD(a, b, b).isnan().all()
    assert CC(a, b, flat, convention="cslib").tolist() == [0, 0]
    assert SCD(b, b, b, convention="cslib").tolist() == [0, 0]
    assert centred(flat).count_nonzero() == 0


def test_float32_keeps_the_digits_of_a_faint_pattern_on_a_bright_ground() -> None:
    a, b, fused = (0.95 + image / 255 * 0.004 for image in levels(3, 64, 80))
    exact = CC(a, b, fused)
    assert torch.allclose(CC(a.float(), b.float(), fused.float()).double(), exact, atol=2e-3)
