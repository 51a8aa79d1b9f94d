"""Convolutional LSTM (Shi et al., NeurIPS 2015): a memory image that decides for each pixel what it keeps."""

from __future__ import annotations

import torch
from torch import nn

State = tuple[torch.Tensor, torch.Tensor]
"""Hidden and cell state, `[N, width, H, W]` each."""


class ConvLSTM(nn.Module):
    """One step of the memory; 3 x 3 convolutions over the mirror image at the border.

    Args:
        width: channels of input and state.
        first: this step never has an earlier state, so it needs neither a gate to forget nor convolutions of the state.
        bounded: pass the cell through tanh on its way out; the code published with paper 001 leaves it out in the
            first step.
    """

    def __init__(self, width: int, *, first: bool = False, bounded: bool = True) -> None:
        """Initialise as `nn.Conv2d` does."""
        super().__init__()
        self.first, self.bounded = first, bounded
        gates = 3 if first else 4
        self.of_input = nn.Conv2d(width, gates * width, 3, padding=1, padding_mode="reflect")
        if not first:
            self.of_state = nn.Conv2d(width, gates * width, 3, padding=1, padding_mode="reflect")

    def forward(self, features: torch.Tensor, state: State | None = None) -> State:
        """Take up features `[N, width, H, W]` and return the new state; all steps but the first need the old one."""
        gates = self.of_input(features)
        if state is None:
            enter, leave, candidate = gates.chunk(3, dim=1)
            cell = enter.sigmoid() * candidate.tanh()
        else:
            hidden, cell = state
            enter, leave, candidate, keep = (gates + self.of_state(hidden)).chunk(4, dim=1)
            cell = keep.sigmoid() * cell + enter.sigmoid() * candidate.tanh()
        return leave.sigmoid() * (cell.tanh() if self.bounded else cell), cell
