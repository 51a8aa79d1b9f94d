"""Shrinking windows: the same values and gradients as the whole window, from less work, or no attempt."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F
from torch.utils._python_dispatch import TorchDispatchMode

from fuselens.core.locality import Box, window_of
from fuselens.core.model import FusionModel, explaining
from fuselens.core.run import checked_call
from fuselens.core.shrinking import _unshrinkable, shrinking_call
from fuselens.models import load_model
from fuselens.models.layers.local_network import LocalNetwork

SIZE = (40, 44)
PIXELS = [(20, 22), (0, 0), (39, 43), (3, 20), (20, 41), (36, 2)]


def sources(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    a, b = torch.rand(2, 1, 1, *SIZE, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    return a, b


def at(model: FusionModel, pixel: tuple[int, int], shrink: bool) -> list[torch.Tensor]:
    """Return one fused pixel's value and its gradients, from its window."""
    box = Box(*pixel, pixel[0] + 1, pixel[1] + 1)
    window = window_of(box, SIZE, model.reach, model.stride)
    a, b = (each[(..., *window.slices)].clone().requires_grad_(True) for each in sources())
    goal, border = box.inside(window), window.borders(SIZE)
    fused = shrinking_call(model, a, b, goal, border) if shrink else checked_call(model, a, b, border)
    assert fused.shape == a.shape
    value = fused[(0, 0, *goal)].sum()
    return [value.detach(), *torch.autograd.grad(value, (a, b), allow_unused=True, materialize_grads=True)]


def same_at(model: FusionModel, pixel: tuple[int, int]) -> None:
    for one, other in zip(at(model, pixel, True), at(model, pixel, False), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-12)


class Drawn(FusionModel):
    """A network of drawn parts, one after the other."""

    name = "drawn"

    def __init__(self, kernels: list[int], parts: list[str], mode: str) -> None:
        super().__init__()
        self.parts = parts
        self.layers = nn.ModuleList(
            nn.Conv2d(4, 4, side, padding=side // 2, padding_mode=mode, dtype=torch.float64) for side in kernels
        )
        self.norm = nn.BatchNorm2d(4, dtype=torch.float64)
        self.slope = nn.PReLU(4, dtype=torch.float64)
        self.reach = sum(side // 2 for side in kernels)

    def forward(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        x = torch.cat((a, b, a * b, a - b), dim=1)
        for layer, part in zip(self.layers, self.parts, strict=True):
            x = getattr(self, part)(x, layer)
        return x[:, :1, ...].tanh()

    def plain(self, x: torch.Tensor, layer: nn.Module) -> torch.Tensor:
        return F.leaky_relu(self.norm(layer(x)), 0.2, inplace=True)

    def residual(self, x: torch.Tensor, layer: nn.Module) -> torch.Tensor:
        return x + self.slope(layer(x))

    def gated(self, x: torch.Tensor, layer: nn.Module) -> torch.Tensor:
        return layer(x).sigmoid() * x + torch.where(x > 0.3, x, 0.1)

    def halves(self, x: torch.Tensor, layer: nn.Module) -> torch.Tensor:
        one, other = x.chunk(2, dim=1)
        first, second = layer(torch.cat((other, one), dim=1)).split(2, dim=1)
        return torch.cat((torch.maximum(first, one), second), dim=1)

    def sized(self, x: torch.Tensor, layer: nn.Module) -> torch.Tensor:
        height, width = x.shape[-2:]
        return F.pad(layer(x), (1, 1, 1, 1), mode="replicate")[..., 1 : 1 + height, 1 : 1 + width].clamp(-3, 3)


@settings(max_examples=40, deadline=None)
@given(
    layers=st.lists(
        st.tuples(st.sampled_from([1, 3, 5]), st.sampled_from(["plain", "residual", "gated", "halves", "sized"])),
        min_size=1, max_size=4,
    ),
    mode=st.sampled_from(["zeros", "reflect", "replicate"]),
    pixel=st.sampled_from(PIXELS),
    seed=st.integers(0, 99),
)  # fmt: skip
def test_any_local_network_says_the_same(
    layers: list[tuple[int, str]], mode: str, pixel: tuple[int, int], seed: int
) -> None:
    torch.manual_seed(seed)
    kernels, parts = ([layer[index] for layer in layers] for index in (0, 1))
    model = Drawn(kernels, parts, mode)  # type: ignore[arg-type]
    with explaining(model):
        same_at(model, pixel)
    assert model not in _unshrinkable


@pytest.mark.parametrize("name", ["funfusean", "masknet", "deepfuse", "deeppedestrian"])
@pytest.mark.parametrize("border", ["reflect", "zero"])
def test_the_networks_of_fusevis(name: str, border: str) -> None:
    model = load_model(name, weights=None, border=border).double()
    with explaining(model):
        for pixel in PIXELS[::2]:
            same_at(model, pixel)
    assert model not in _unshrinkable


class Sizes(TorchDispatchMode):
    """Notes the size of what each convolution makes."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[int, int]] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        if func is torch.ops.aten.convolution.default:
            self.seen.append((made.shape[-2], made.shape[-1]))
        return made


def work(model: FusionModel, pixel: tuple[int, int], shrink: bool) -> list[tuple[int, int]]:
    with Sizes() as sizes:
        at(model, pixel, shrink)
    return sizes.seen


def test_there_is_less_to_do_and_no_more_at_the_border() -> None:
    model = load_model("deeppedestrian", weights=None).double()
    with explaining(model):
        inside, whole, corner = work(model, (20, 22), True), work(model, (20, 22), False), work(model, (0, 0), True)
    assert len(inside) == len(whole) == 17
    assert inside == [(side, side) for side in range(33, 0, -2)]
    assert sum(height * width for height, width in inside) < 0.35 * sum(height * width for height, width in whole)
    assert corner == inside


class Averaging(FusionModel):
    """Says that it is local, and is, but by a function that nobody knows."""

    name = "averaging"
    reach = 1

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0
        self.layer = nn.Conv2d(1, 1, 3, padding=1, dtype=torch.float64)

    def forward(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        self.calls += 1
        return F.avg_pool2d(self.layer(a), 1) + b


class Mirrored(Averaging):
    """Does what nobody knows to a source that is whole."""

    def forward(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        return self.layer(a) + b.flip(-1).flip(-1)


class FurtherThanItSays(Averaging):
    def forward(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        self.calls += 1
        return self.layer(self.layer(self.layer(a))) + b


class Counting(Averaging):
    """Looks at what its layers made."""

    def forward(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        self.calls += 1
        made = self.layer(a)
        return made if bool((made < 1e9).all()) else b


@pytest.mark.parametrize("kind", [Averaging, FurtherThanItSays, Counting])
def test_what_is_not_known_to_be_local_runs_as_usual(kind: type[Averaging]) -> None:
    model = kind()
    with explaining(model):
        same_at(model, (20, 22))
        assert model in _unshrinkable
        before = model.calls
        at(model, (20, 22), True)
        assert model.calls == before + 1  # and is not tried again


def test_anything_may_be_done_to_tensors_that_are_whole() -> None:
    model = Mirrored()
    with explaining(model):
        same_at(model, (20, 22))
    assert model not in _unshrinkable


def test_batch_norm_that_learns_ends_the_attempt() -> None:
    model = Drawn([3], ["plain"], "zeros").train()
    at(model, (20, 22), True)
    assert model in _unshrinkable


def test_a_frame_is_not_computed_but_cut() -> None:
    """A network with a border of its own: its frame shrinks, too, and the rest is left alone."""

    class Framed(LocalNetwork):
        name = "framed"
        reach = 3

        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Conv2d(2, 1, 7, padding=3, dtype=torch.float64)

        def network(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
            return self.layer(torch.cat((a, b), dim=1))

    model = Framed()
    with explaining(model):
        for pixel in PIXELS:
            assert work(model, pixel, True) == [(1, 1)]
            same_at(model, pixel)
