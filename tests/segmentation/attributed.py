"""Small segmentation networks, regions and sources for tests of attribution."""

from __future__ import annotations

import torch
from torch import nn

from fuselens.segmentation.deeplab import DeepLab


class SmallSegmenter(nn.Module):
    """Three layers with batch normalisation and dropout, which attribution has to freeze; counts its calls.

    Where it is smooth, a finer path is a better one at once; kinks of a ReLU make the gap wander.
    """

    def __init__(self, classes: int = 4, seed: int = 0, smooth: bool = False) -> None:
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            self.layers = nn.Sequential(
                nn.Conv2d(1, 6, 3, padding=1, padding_mode="reflect"),
                nn.BatchNorm2d(6),
                nn.Softplus() if smooth else nn.ReLU(inplace=True),
                nn.Dropout(0.5),
                nn.Conv2d(6, 8, 3, padding=1, padding_mode="reflect"),
                nn.Softplus(),
                nn.Conv2d(8, classes, 1),
            )
            with torch.no_grad():
                for parameter in self.parameters():
                    parameter.add_(0.3 * torch.randn_like(parameter))
        self.images = 0
        self.calls = 0

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        self.images += len(image)
        self.calls += 1
        logits: torch.Tensor = self.layers(image)
        return logits


def small_deeplab(preset: str = "default", classes: int = 3) -> DeepLab:
    """A thin auxiliary network whose batch normalisations do something."""
    with torch.random.fork_rng():
        torch.manual_seed(3)
        network = DeepLab([f"class {n}" for n in range(classes)], preset=preset, width=0.25, channels=8)  # type: ignore[arg-type]
        for layer in network.modules():
            if isinstance(layer, nn.BatchNorm2d):
                assert layer.running_mean is not None
                assert layer.running_var is not None
                layer.running_mean.normal_(0, 0.1)
                layer.running_var.uniform_(0.3, 1)
                nn.init.normal_(layer.weight, 1, 0.2)
                nn.init.normal_(layer.bias, 0, 0.3)
    return network.eval()


def quarters(height: int, width: int, count: int = 1) -> torch.Tensor:
    """Classes 0 to 3 in the four quarters, shifted by one class from picture to picture."""
    rows, columns = torch.arange(height) >= height // 2, torch.arange(width) >= width // 2
    regions = 2 * rows[:, None].long() + columns[None].long()
    return torch.stack([(regions + shift) % 4 for shift in range(count)])


def noise(*shape: int, seed: int = 1, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)
