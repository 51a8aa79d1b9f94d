"""One stage of UAAFusion: a learned proximal operator, and what it remembers (paper 001, Eq. 4, 13-15)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from fuselens.models.layers.conv_lstm import ConvLSTM, State

WIDTH = 32


def conv_pair(before: int, middle: int, after: int) -> nn.Sequential:
    """Return two 3 x 3 convolutions over the mirror image at the border, a PReLU of one slope between them."""
    return nn.Sequential(
        nn.Conv2d(before, middle, 3, padding=1, padding_mode="reflect"),
        nn.PReLU(),
        nn.Conv2d(middle, after, 3, padding=1, padding_mode="reflect"),
    )


@dataclass(frozen=True, eq=False)
class Memory:
    """What a stage hands on.

    Attributes:
        short: features of the stage before, `[N, 32, H, W]`.
        long: what the LSTM recalls of all stages before, `[N, 32, H, W]`.
        state: of the LSTM; None before the first stage.
    """

    short: torch.Tensor
    long: torch.Tensor
    state: State | None = None


class UnfoldingStage(nn.Module):
    """Picture `[N, 1, H, W]` to a better one in (0, 1).

    Args:
        first, last: the stage's place: the first one has no state of the LSTM yet, and nothing remembers for the last.
        short_memory, long_memory: whether it has either memory; without one, its layers are left out.
        bounded: as of `ConvLSTM`.
    """

    def __init__(
        self, *, first: bool, last: bool, short_memory: bool = True, long_memory: bool = True, bounded: bool = True
    ) -> None:
        """Build the layers with PyTorch's default initialisation."""
        super().__init__()
        self.short_memory, self.long_memory = short_memory, long_memory
        self.lift = conv_pair(1, WIDTH, WIDTH)
        self.mix = conv_pair((1 + short_memory + long_memory) * WIDTH, WIDTH, WIDTH)
        self.attend = conv_pair(WIDTH, WIDTH, WIDTH)
        self.render = conv_pair(WIDTH, WIDTH // 2, 1)
        self.remembers = long_memory and not last
        if self.remembers:
            self.gather = conv_pair(3 * WIDTH, WIDTH, WIDTH)
            self.lstm = ConvLSTM(WIDTH, first=first, bounded=bounded)
            self.recall = conv_pair(WIDTH, WIDTH, WIDTH)

    def forward(self, picture: torch.Tensor, gate: torch.Tensor, memory: Memory) -> tuple[torch.Tensor, Memory]:
        """Return the next picture and memory.

        Args:
            picture: after the gradient step, `[N, 1, H, W]`.
            gate: how strongly each pixel is worked on, in (0, 1), `[N, 1, H, W]`.
            memory: of the stages before.
        """
        lifted = self.lift(picture)
        known = [lifted, *([memory.short] if self.short_memory else []), *([memory.long] if self.long_memory else [])]
        mixed = self.mix(torch.cat(known, dim=1))
        worked = mixed + gate * self.attend(mixed)
        fused = self.render(worked).to(picture.dtype).sigmoid()  # pictures stay precise where features are not
        if not self.remembers:
            return fused, Memory(worked, memory.long)
        state = self.lstm(self.gather(torch.cat((lifted, mixed, worked), dim=1)), memory.state)
        return fused, Memory(worked, self.recall(state[0]), state)
