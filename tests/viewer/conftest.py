"""One viewer for all tests: small pairs, small models, and one that waits until it is told to go on."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
import torch

import fuselens as fl
from fuselens.viewer.server import Server
from tests.viewer.page_talk import Page, tab

SIZE = (29, 34)


class Gated(torch.nn.Module):
    """The mean, which stands still while the gate is shut; `entered` says that somebody waits."""

    reach = 0

    def __init__(self) -> None:
        super().__init__()
        self.gate, self.entered = threading.Event(), threading.Event()
        self.gate.set()

    def forward(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        self.entered.set()
        assert self.gate.wait(60)
        return 0.5 * a + 0.5 * b

    def shut(self) -> None:
        self.entered.clear()
        self.gate.clear()


class Small(torch.nn.Module):
    """A network of reach 8 that takes no time: one encoder for both sources, one decoder."""

    def __init__(self) -> None:
        super().__init__()
        self.encode, self.decode = torch.nn.Conv2d(1, 3, 9, padding=4), torch.nn.Conv2d(6, 1, 9, padding=4)

    def forward(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        features = torch.cat([self.encode(a).tanh(), self.encode(b).tanh()], dim=1)
        return torch.sigmoid(4 * self.decode(features)) * 0.5 + 0.25 * (a + b)


def mixing(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """A global model."""
    return a * b.mean(dim=(2, 3), keepdim=True) + 0.5 * b


@pytest.fixture(scope="session")
def pair() -> fl.ImagePair:
    a, b = torch.rand(2, *SIZE, generator=torch.Generator().manual_seed(3))
    return fl.ImagePair.from_arrays(a, b, ("infrared", "visible"))


@pytest.fixture(scope="session")
def network() -> fl.FusionModel:
    torch.manual_seed(4)
    return fl.wrap_model(Small(), 8, name="small")


@pytest.fixture(scope="session")
def gated() -> Gated:
    return Gated()


@pytest.fixture(scope="session")
def server(pair: fl.ImagePair, network: fl.FusionModel, gated: Gated) -> Iterator[Server]:
    models = [network, fl.wrap_model(mixing), fl.wrap_model(gated, 0, name="gated")]
    made = Server(models, pair)
    yield made
    made.close()


@pytest.fixture
def page(server: Server, gated: Gated) -> Iterator[Page]:
    """A tab on which the given pair is open."""
    with tab(server.url) as opened:
        opened.first("open", pair={"given": True})
        yield opened
    gated.gate.set()
