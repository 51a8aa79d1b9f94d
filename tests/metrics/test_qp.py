"""Phase congruency on edges, corners and noise, and QP on top of it."""

from __future__ import annotations

import pytest
import torch

from fuselens.metrics.parts.phase_congruency import phase_congruency
from fuselens.metrics.qp import qp


def square(size: int = 64, level: float = 200, ground: float = 40) -> torch.Tensor:
    """Levels of a bright square from a quarter to three quarters of the side."""
    levels = torch.full((1, 1, size, size), ground, dtype=torch.float64)
    levels[..., size // 4 : 3 * size // 4, size // 4 : 3 * size // 4] = level
    return levels


def noise(seed: int, *size: int) -> torch.Tensor:
    return torch.randn(size, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_edges_and_corners_are_found_where_they_are() -> None:
    found = phase_congruency(square())
    assert found.strength.shape == (1, 64, 64)
    assert found.strength[0, 32, 15:17].min() > 0.5
    assert found.strength[0, 32, 28:36].max() < 0.05
    assert found.edge[0, 32, 15:17].min() > 3 * found.corner[0, 32, 15:17].max()
    assert found.corner[0, 13:20, 13:20].max() > 3 * found.corner[0, 30:34, 13:20].max()


def test_contrast_does_not_matter() -> None:
    scene = square() + noise(0, 1, 1, 64, 64)
    strong, faint = phase_congruency(scene), phase_congruency(scene / 10 + 30)
    assert torch.allclose(strong.strength, faint.strength, atol=2e-3)
    assert torch.allclose(strong.edge, faint.edge, atol=2e-3)


def test_turning_the_image_turns_the_maps() -> None:
    scene = 100 + 30 * noise(1, 2, 1, 48, 48)
    scene[..., 20:, :30] += 60
    found, turned = phase_congruency(scene), phase_congruency(scene.rot90(dims=(-2, -1)))
    assert torch.allclose(found.strength.rot90(dims=(-2, -1)), turned.strength, atol=0.05)
    assert (found.strength.rot90(dims=(-2, -1)) - turned.strength).abs().mean() < 2e-3


def test_noise_is_kept_below_the_threshold() -> None:
    """Of pure noise, little exceeds what the median amplitude says noise may reach."""
    strength = phase_congruency(128 + 20 * noise(2, 1, 1, 96, 96)).strength
    assert float((strength > 0.1).double().mean()) < 0.35
    assert float(strength.mean()) < 0.1


def test_constant_images_have_no_features() -> None:
    found = phase_congruency(torch.full((1, 1, 15, 20), 77.7))
    assert (found.strength == 0).all()
    assert found.edge.abs().max() < 1e-3
    assert not found.corner.isnan().any()


def test_losing_features_costs() -> None:
    a = square(ground=100) / 255
    b = square(48).new_full((1, 1, 64, 64), 50) / 255
    b[..., 40:50, 5:60] = 0.9
    whole, half = torch.maximum(a, b), (a + torch.roll(a, (5, 5), (-1, -2))) / 2
    assert float(qp(a, a, a)) > 0.9
    assert float(qp(a, b, whole)) > float(qp(a, b, a)) > float(qp(a, b, half))


def test_the_order_of_sources_does_not_matter() -> None:
    a, b, fused = ((100 + 40 * noise(k, 2, 1, 31, 40)).clamp(0, 255).round() / 255 for k in range(3))
    assert torch.allclose(qp(a, b, fused), qp(b, a, fused), rtol=1e-9)


def test_without_features_undefined() -> None:
    flat = torch.full((1, 1, 20, 20), 0.5)
    assert qp(flat, flat, square(20).float() / 255).isnan().all()


def test_precisions_agree() -> None:
    a, b = square() / 255, square(level=90).roll(7, -1) / 255
    fused = (torch.maximum(a, b) * 255).round() / 255
    single = qp(a.float(), b.float(), fused.float())
    assert float(single) == pytest.approx(float(qp(a, b, fused)), rel=1e-3)
