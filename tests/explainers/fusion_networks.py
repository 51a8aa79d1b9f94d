"""Tiny fusion networks that differ in how they read their sources."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.functional import interpolate


def encoder(stride: int = 1) -> nn.Sequential:
    """Two convolutions; what follows each works in place."""
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1), nn.LeakyReLU(0.2, inplace=True),
        nn.Conv2d(4, 5, 3, padding=1, stride=stride), nn.ReLU(inplace=True),
    )  # fmt: skip


class Shared(nn.Module):
    """One encoder for both sources, called in an order of choice, or once for both as a batch."""

    def __init__(self, how: str = "ab") -> None:
        super().__init__()
        torch.manual_seed(1)
        self.encode, self.decode, self.how = encoder(), nn.Conv2d(5, 1, 3, padding=1), how

    def features(self, a: torch.Tensor, b: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        if self.how == "ba":
            second = self.encode(b)
            return self.encode(a), second
        if self.how == "batch":
            both = self.encode(torch.cat((a, b)))
            return both[: len(a)], both[len(a) :]
        if self.how == "batch ba":
            both = self.encode(torch.cat((b, a)))
            return both[len(a) :], both[: len(a)]
        return self.encode(a), self.encode(b)

    def forward(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        first, second = self.features(a, b)
        return self.decode(first + second)


class Two(nn.Module):
    """An encoder a source."""

    def __init__(self, stride: int = 1) -> None:
        super().__init__()
        torch.manual_seed(2)
        self.first, self.second = encoder(stride), encoder(stride)
        self.decode = nn.Sequential(nn.Conv2d(5, 3, 1), nn.ReLU(), nn.Conv2d(3, 1, 1))

    def forward(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        small = self.decode(self.first(a) + self.second(b))
        return interpolate(small, a.shape[-2:], mode="nearest")


class Stacked(nn.Module):
    """Every layer sees both sources."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(3)
        self.one, self.two, self.out = nn.Conv2d(2, 4, 3, padding=1), nn.Conv2d(4, 3, 3, padding=1), nn.Conv2d(3, 1, 1)

    def forward(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        return self.out(self.two(self.one(torch.cat((a, b), dim=1)).relu()))
