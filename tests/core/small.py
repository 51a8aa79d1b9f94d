"""Small pairs and models for tests of everything that hides pixels."""

from __future__ import annotations

import torch
from torch import nn

import fuselens as fl


def small_pair(height: int = 24, width: int = 28, dtype: torch.dtype = torch.float32, seed: int = 7) -> fl.ImagePair:
    """Blobs with texture: structure that blur takes away."""
    random = torch.Generator().manual_seed(seed)
    rough = torch.rand(2, 1, height // 4, width // 4, generator=random, dtype=torch.float64)
    smooth = nn.functional.interpolate(rough, size=(height, width), mode="bilinear")[:, 0]
    fine = torch.rand(2, height, width, generator=random, dtype=torch.float64)
    a, b = (0.6 * smooth + 0.4 * fine).to(dtype)
    return fl.ImagePair.from_arrays(a, b, ("infrared", "visible"))


class TinyCNN(fl.FusionModel):
    """Two convolutions: local, not linear, and able to make more of one source than of the other."""

    name = "tiny"
    reach = 2

    def __init__(self) -> None:
        super().__init__()
        state = torch.random.get_rng_state()
        torch.manual_seed(3)
        self.first = nn.Conv2d(2, 4, 3, padding=1)
        self.last = nn.Conv2d(4, 1, 3, padding=1)
        torch.random.set_rng_state(state)

    def forward(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        hidden = torch.relu(self.first(2 * torch.cat([a, b], dim=1)))
        return 0.5 * torch.sigmoid(3 * self.last(hidden)) + 0.25 * (a + b)


def average(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return (a + b) / 2


def only_a(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return a.clone()
