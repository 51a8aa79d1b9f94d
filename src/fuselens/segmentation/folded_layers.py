"""Convolutions with their batch normalisation folded in, and their derivatives written out.

What autograd does for a general layer is slow for these on a CPU: a backward pass of a depthwise convolution with
dilation takes thirty times as long as the same pass written as a convolution with the turned kernel. Written out, a
derivative can also be taken on a window of the maps. Everything here is in evaluation mode.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import torch
from torch import nn
from torch.nn.functional import conv2d, conv_transpose2d, linear
from torch.nn.utils.fusion import fuse_conv_bn_weights

TOPS: dict[type, float] = {nn.ReLU: float("inf"), nn.ReLU6: 6.0}

Tape = list[torch.Tensor]
"""What each unit of a block made of one batch of images, the block's input first."""


@dataclass(frozen=True)
class Window:
    """Rows and columns of a grid; `of` cuts them out of maps that have `factor` pixels a cell."""

    top: int
    bottom: int
    left: int
    right: int

    def of(self, maps: torch.Tensor, factor: int = 1) -> torch.Tensor:
        """Return a view `[..., h, w]`; what lies beyond the maps is missing."""
        rows, columns = (self.top * factor, self.bottom * factor), (self.left * factor, self.right * factor)
        return maps[..., slice(*rows), slice(*columns)]

    def wider(self, by: int, size: Sequence[int]) -> Window:
        """Return the window with a frame of `by` cells, within a grid of `size`."""
        return Window(
            max(self.top - by, 0), min(self.bottom + by, size[0]), max(self.left - by, 0), min(self.right + by, size[1])
        )


class Unit:
    """A convolution that keeps the size, or halves it, and the clamp behind it.

    Args:
        conv: with one group, or one a channel.
        norm: the batch normalisation between convolution and clamp.
        top: the clamp is to 0 .. top; None for none.
    """

    def __init__(self, conv: nn.Conv2d, norm: nn.BatchNorm2d | None, top: float | None) -> None:
        """Fold."""
        weight, bias = conv.weight, conv.bias
        if norm is not None and norm.running_mean is not None and norm.running_var is not None:
            weight, bias = fuse_conv_bn_weights(
                weight, bias, norm.running_mean, norm.running_var, norm.eps, norm.weight, norm.bias
            )
        self.top = top
        self.weight = weight.detach().contiguous(memory_format=torch.channels_last)
        self.bias = None if bias is None else bias.detach()
        self.stride, self.dilation, self.groups = conv.stride[0], conv.dilation[0], conv.groups
        self.padding = self.dilation * (conv.kernel_size[0] // 2)
        turned = self.weight.flip(2, 3)
        self.turned = turned if self.groups > 1 else turned.transpose(0, 1)
        self.turned = self.turned.contiguous(memory_format=torch.channels_last)

    def run(self, maps: torch.Tensor) -> torch.Tensor:
        """Map `[N, before, h, w]` to `[N, after, h, w]`."""
        made = self._convolved(maps, self.weight, self.bias, self.stride)
        return made if self.top is None else made.clamp_(0, self.top)

    def pull(self, slope: torch.Tensor, made: torch.Tensor, size: Sequence[int]) -> torch.Tensor:
        """Return the derivative by the unit's input, of `size`; `slope`, that by its output `made`, is overwritten."""
        if self.top is not None:
            slope = torch.ops.aten.hardtanh_backward.grad_input(slope, made, 0, self.top, grad_input=slope)
        if self.stride == 1:
            return self._convolved(slope, self.turned, None, 1)
        missing = [length - self.stride * (short - 1) - 1 for length, short in zip(size, slope.shape[2:], strict=True)]
        return conv_transpose2d(
            slope, self.weight, None, self.stride, self.padding, missing, self.groups, self.dilation
        )

    def _convolved(
        self, maps: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None, stride: int
    ) -> torch.Tensor:
        if weight.shape[2] == 1 and stride == 1:  # a product of matrices, which PyTorch does not see on one thread
            count, before, height, width = maps.shape
            rows = maps.permute(0, 2, 3, 1).reshape(-1, before)
            return linear(rows, weight[:, :, 0, 0], bias).view(count, height, width, len(weight)).permute(0, 3, 1, 2)
        if self.groups > 1 and stride == 1 and 2 * self.dilation >= max(maps.shape[2:]):
            return _far_taps(maps, weight, bias, self.dilation)
        return conv2d(maps, weight, bias, stride, self.padding, self.dilation, self.groups)


def _far_taps(maps: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None, dilation: int) -> torch.Tensor:
    """Return a depthwise convolution whose outer taps hardly reach into the maps, tap by tap.

    PyTorch works on all pixels for all taps, and more slowly the wider they are apart.
    """
    size, half = maps.shape[2:], weight.shape[2] // 2
    made = maps * weight[:, 0, half, half, None, None]
    if bias is not None:
        made += bias[:, None, None]
    for place in product(range(-half, half + 1), repeat=2):
        shift = [dilation * step for step in place]
        if any(place) and all(abs(by) < side for by, side in zip(shift, size, strict=True)):
            here, there = (
                tuple(slice(max(0, sign * by), side + min(0, sign * by)) for by, side in zip(shift, size, strict=True))
                for sign in (-1, 1)
            )
            value = weight[:, 0, half + place[0], half + place[1], None, None]
            made[..., here[0], here[1]].addcmul_(maps[..., there[0], there[1]], value)
    return made


class Block:
    """Units in a row, whose result may be added to what went in."""

    def __init__(self, units: Sequence[Unit], *, adds: bool = False) -> None:
        """Keep the units.

        Raises:
            NotFoldableError: a clamp right before a sum, whose derivative would overwrite what the sum needs.
        """
        if adds and units[-1].top is not None:
            raise NotFoldableError
        self.units, self.adds = units, adds

    def run(self, maps: torch.Tensor) -> tuple[torch.Tensor, Tape]:
        """Return the result, and the tape."""
        tape = [maps]
        for unit in self.units:
            tape.append(unit.run(tape[-1]))
        return (maps + tape[-1] if self.adds else tape[-1]), tape

    def pull(
        self, slope: torch.Tensor, tape: Tape, window: Window | None = None, factors: Sequence[int] = ()
    ) -> torch.Tensor:
        """Return the derivative by the input, given that by the result.

        Args:
            slope: of the result, on the window.
            tape: of the whole images.
            window: None for all of them.
            factors: pixels a cell of the window, of each map on the tape.
        """
        seen = tape if window is None else [window.of(maps, f) for maps, f in zip(tape, factors, strict=True)]
        change = slope
        for unit, before, made in zip(self.units[::-1], seen[-2::-1], seen[:0:-1], strict=True):
            change = unit.pull(change, made, before.shape[2:])
        return slope + change if self.adds else change


class NotFoldableError(Exception):
    """A layer that is not known here."""


def units_of(module: nn.Module) -> list[Unit]:
    """Return the units of a sequence of convolutions, each with or without normalisation and clamp, nested or not.

    Raises:
        NotFoldableError: there is another layer, or a convolution of another kind.
    """
    layers = [each for each in module.modules() if type(each) not in (nn.Sequential, nn.Dropout, nn.Identity)]
    units: list[Unit] = []
    while layers:
        conv = layers.pop(0)
        if not isinstance(conv, nn.Conv2d) or not _fits(conv):
            raise NotFoldableError
        norm = layers[0] if layers and isinstance(layers[0], nn.BatchNorm2d) else None
        if norm is not None and (type(norm) is not nn.BatchNorm2d or norm.running_mean is None):
            raise NotFoldableError
        layers = layers[norm is not None :]
        clamp = layers.pop(0) if layers and type(layers[0]) in TOPS else None
        units.append(Unit(conv, norm, None if clamp is None else TOPS[type(clamp)]))
    return units


def _fits(conv: nn.Conv2d) -> bool:
    """Whether this is a convolution that `Unit` computes."""
    (side, other), depthwise = conv.kernel_size, conv.groups == conv.in_channels == conv.out_channels
    padding = conv.dilation[0] * (side // 2)
    return (
        type(conv) is nn.Conv2d
        and side == other and side % 2 == 1 and conv.padding_mode == "zeros" and conv.padding == (padding, padding)
        and conv.dilation[0] == conv.dilation[1] and conv.stride[0] == conv.stride[1]
        and (conv.groups == 1 or depthwise)
    )  # fmt: skip
