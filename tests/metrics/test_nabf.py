"""Nabf and Labf: with what is preserved they add up to 1; against loops over pixels and closed forms."""

from __future__ import annotations

from math import atan, exp, hypot, pi, sqrt

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from fuselens.metrics.nabf import labf, nabf


def eight_bit(seed: int, *size: int) -> torch.Tensor:
    return torch.randint(0, 256, size, generator=torch.Generator().manual_seed(seed)).double() / 255


def by_loops(images: list[torch.Tensor]) -> dict[str, float]:
    """What is preserved, lost and invented of one image, pixel by pixel."""
    gradients = []
    for image in images:
        padded = np.pad((image[0, 0] * 255).round().numpy(), 1, mode="reflect")
        shape = image.shape[-2:]
        weights = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]) / 8
        windows = {(y, x): padded[y : y + 3, x : x + 3] for y, x in np.ndindex(*shape)}
        gradients.append({at: ((w * weights).sum(), (w * weights.T).sum()) for at, w in windows.items()})
    preserved = lost = invented = total = 0.0
    for at in gradients[0]:
        (ax, ay), (bx, by), (fx, fy) = (each[at] for each in gradients)
        f = hypot(fx, fy)
        stronger = f > hypot(ax, ay) and f > hypot(bx, by)
        for gx, gy in ((ax, ay), (bx, by)):
            g = hypot(gx, gy)
            weight = g**1.5 if g >= 2 else 0.001
            strength = min(g, f) / max(g, f) if g and f else 0.0
            angle, angle_f = (pi / 2 if v == 0 != h else atan(h / v) if v else 0.0 for h, v in ((gx, gy), (fx, fy)))
            parallel = abs(abs(angle - angle_f) - pi / 2) * 2 / pi
            q_strength = 0.9999 / (1 + exp(-19 * (strength - 0.5)))
            q = sqrt(q_strength * 0.9995 / (1 + exp(-22 * (parallel - 0.5))))
            total += weight
            preserved += weight * q
            lost += 0 if stronger else weight * (1 - q)
            invented += weight * (1 - q) if stronger else 0
    return {"q": preserved / total, "l": lost / total, "n": invented / total}


@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 10**6), height=st.integers(2, 7), width=st.integers(2, 7), flat=st.booleans())
def test_preserved_lost_and_invented_add_up_to_one(seed: int, height: int, width: int, flat: bool) -> None:
    images = [eight_bit(3 * seed + k, 1, 1, height, width) for k in range(3)]
    if flat:
        images[0][..., :2] = 0.4
        images[2][..., 1:, :] = 0.6
    parts = by_loops(images)
    assert float(nabf(*images)) == pytest.approx(parts["n"], rel=1e-9, abs=1e-12)
    assert float(labf(*images)) == pytest.approx(parts["l"], rel=1e-9, abs=1e-12)
    assert parts["q"] + float(labf(*images)) + float(nabf(*images)) == pytest.approx(1, abs=1e-12)


def test_nothing_is_invented_by_a_copy_or_a_flat_image() -> None:
    a, b = eight_bit(0, 1, 1, 16, 16), eight_bit(1, 1, 1, 16, 16)
    assert float(nabf(a, b, torch.full_like(a, 0.5))) == 0
    assert float(labf(a, b, torch.full_like(a, 0.5))) > 0.99
    for source in (a, b):
        assert float(nabf(a, b, source)) == 0
    assert float(labf(a, a, a)) < 1e-3


def test_edges_on_flat_sources_are_invented() -> None:
    flat = torch.full((1, 1, 16, 16), 0.5, dtype=torch.float64)
    fused = eight_bit(0, 1, 1, 16, 16)
    assert float(nabf(flat, flat, fused)) > 0.95  # corners have no gradient where the border is mirrored
    assert nabf(flat, flat, fused, convention="ivifzoo").isnan().all()


def test_linfeng_takes_the_first_source_for_the_fused_image() -> None:
    a, b, fused = (eight_bit(k, 2, 1, 12, 13) for k in range(3))
    assert torch.equal(nabf(a, b, fused, convention="linfeng"), nabf(b, fused, a))


def test_faint_edges_all_weigh_the_same() -> None:
    """Strengths below 2, of levels that differ little, weigh the floor, as all strengths do on the range 0..1."""
    a, b, fused = (torch.rand(2, 1, 12, 13, generator=torch.Generator().manual_seed(k)) / 100 for k in range(3))
    on_unit_range = nabf(a, b, fused, convention="densefuse")
    assert on_unit_range.dtype == torch.float32
    assert torch.allclose(nabf(a, b, fused), on_unit_range, rtol=1e-5)
    assert nabf(a, b, fused, convention="ivifzoo").isnan().all()
