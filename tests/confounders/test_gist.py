"""GIST: gratings light the filter that was made for them, mirrors swap what they must, flat places say nothing."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from fuselens.confounders.gist import CELLS, LENGTH, ORIENTATIONS, SCALES, SHORTEST, gist


def parts(image: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Energies `[scales, orientations, rows, columns]` and brightness `[rows, columns]`."""
    features = gist(image[None, None])
    assert features.shape == (LENGTH,)
    return features[: -(CELLS**2)].view(SCALES, ORIENTATIONS, CELLS, CELLS), features[-(CELLS**2) :].view(CELLS, CELLS)


def grating(scale: int, orientation: int, side: int = 128) -> torch.Tensor:
    """A wave of the filter's own length and direction."""
    y, x = torch.meshgrid(*2 * [torch.arange(side, dtype=torch.float32)], indexing="ij")
    angle = orientation * math.pi / ORIENTATIONS
    phase = 2 * math.pi / (SHORTEST * 2**scale) * (x * math.cos(angle) + y * math.sin(angle))
    return 0.5 + 0.1 * torch.sin(phase)


def smooth(height: int, width: int) -> torch.Tensor:
    """Chance without the finest waves of all, of which an even grid cannot tell the direction."""
    coarse = torch.rand(1, 1, height // 4, width // 4, generator=torch.Generator().manual_seed(0))
    return torch.nn.functional.interpolate(coarse, size=(height, width), mode="bicubic")[0, 0].clamp(0, 1)


@pytest.mark.parametrize("scale", range(SCALES))
@pytest.mark.parametrize("orientation", [0, 1, 4, 6])
def test_a_grating_lights_its_own_filter(scale: int, orientation: int) -> None:
    energies, _ = parts(grating(scale, orientation))
    strongest = energies.mean(dim=(-2, -1)).flatten().argmax().item()
    assert divmod(strongest, ORIENTATIONS) == (scale, orientation)


def test_energy_stands_where_the_waves_are() -> None:
    image = torch.full((128, 128), 0.5)
    image[:32, 96:] = grating(0, 0)[:32, 96:]
    energy = parts(image)[0][0, 0]
    assert energy.flatten().argmax() == 3
    assert energy[0, 3] > 5 * energy[2, 1]


def test_mirrors_swap_cells_and_directions() -> None:
    image = smooth(128, 128)
    energies, brightness = parts(image)
    mirrored, mirrored_brightness = parts(image.flip(1))
    turned = [-k % ORIENTATIONS for k in range(ORIENTATIONS)]
    torch.testing.assert_close(mirrored, energies[:, turned].flip(-1), rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(mirrored_brightness, brightness.flip(-1))


def test_transposing_an_image_transposes_its_gist() -> None:
    image = smooth(128, 192)
    energies, brightness = parts(image)
    other, other_brightness = parts(image.T)
    turned = [(ORIENTATIONS // 2 - k) % ORIENTATIONS for k in range(ORIENTATIONS)]
    torch.testing.assert_close(other, energies[:, turned].transpose(-1, -2), rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(other_brightness, brightness.T)


def test_brightness_is_the_mean_of_each_cell() -> None:
    image = torch.rand(128, 128, generator=torch.Generator().manual_seed(2))
    expected = image.view(CELLS, 32, CELLS, 32).mean(dim=(1, 3))
    torch.testing.assert_close(parts(image)[1], expected)


@pytest.mark.parametrize("level", [0.0, 0.3, 1.0])
def test_a_constant_image_has_brightness_alone(level: float) -> None:
    energies, brightness = parts(torch.full((20, 30), level))
    assert float(energies.abs().max()) < 1e-4
    torch.testing.assert_close(brightness, torch.full((CELLS, CELLS), level))


def test_illumination_leaves_the_edges() -> None:
    """Half the light changes the brightness by half, and the evened edges by less."""
    image = 0.5 + 0.5 * (grating(1, 2) - 0.5) / 0.1
    (full, full_light), (half, half_light) = parts(image), parts(image / 2)
    torch.testing.assert_close(half_light, full_light / 2)
    kept = float(half[1, 2].mean() / full[1, 2].mean())
    assert 0.6 < kept < 0.9


@settings(max_examples=8, deadline=None)
@given(arrays(np.float32, st.tuples(st.integers(8, 40), st.integers(8, 200)), elements=st.floats(0, 1, width=32)))
def test_any_size_gives_finite_features_of_one_length(image: np.ndarray) -> None:
    energies, brightness = parts(torch.from_numpy(image))
    assert torch.isfinite(energies).all()
    assert float(energies.min()) >= 0
    assert -1e-5 <= float(brightness.min()) <= float(brightness.max()) <= 1 + 1e-5
