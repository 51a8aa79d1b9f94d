"""Self-attention inside windows of 7 x 7 tokens with a learnt bias for relative positions (Liu et al. 2021, Swin)."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.functional import pad

WINDOW = 7
AREA = WINDOW**2


class WindowAttention(nn.Module):
    """Multi-head attention of every token to those of its own window; `[N, H, W, C] -> [N, H, W, C]` of any size.

    Swin's shifted windows are rolled round the image and masked; here the grid of windows starts outside the image, and
    what lies outside is masked. Real tokens get the same either way, and windows that the image fills in part need no
    further rule.

    Args:
        dim: channels C, a multiple of `heads`.
        heads: attention heads.
        shift: tokens of the first row and column of windows that lie in the image; 0: all seven.
    """

    def __init__(self, dim: int, heads: int, shift: int = 0) -> None:
        """Build the layers; the bias from a normal distribution of width 0.02, cut at 2."""
        super().__init__()
        self.heads = heads
        self.before = -shift % WINDOW
        self.qkv = nn.Linear(dim, 3 * dim)
        self.project = nn.Linear(dim, dim)
        self.position_bias = nn.Parameter(torch.empty((2 * WINDOW - 1) ** 2, heads))
        nn.init.trunc_normal_(self.position_bias, std=0.02)
        self.register_buffer("steps", _steps(), persistent=False)
        self.steps: torch.Tensor

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Attend within windows."""
        height, width = tokens.shape[1:3]
        top = left = self.before
        bottom, right = -(top + height) % WINDOW, -(left + width) % WINDOW
        bias = self.position_bias[self.steps].permute(2, 0, 1)
        qkv = self.qkv(tokens)
        if top or bottom or right:
            qkv = pad(qkv, (0, 0, left, right, top, bottom))
            rows, columns = _real(top, height, bottom, tokens.device), _real(left, width, right, tokens.device)
            real = (rows[:, None, :, None] & columns[None, :, None, :]).reshape(-1, 1, 1, AREA)
            bias = bias.masked_fill(~real, -torch.inf)
        padded = qkv.shape[1:3]
        query, key, value = self._cut(qkv)
        # Written out: PyTorch's fused attention takes a bias that learns only on its slow path.
        scores = (query * query.shape[-1] ** -0.5) @ key.transpose(-2, -1)
        scores = scores + bias.to(scores.dtype)
        attended = self._join(scores.softmax(-1, scores.dtype) @ value, padded)
        projected: torch.Tensor = self.project(attended[:, top : top + height, left : left + width])
        return projected

    def _cut(self, qkv: torch.Tensor) -> torch.Tensor:
        """Return queries, keys and values `[3, N, windows, heads, 49, C / heads]` of `[N, H, W, 3C]` in one copy."""
        count, height, width, channels = qkv.shape
        grid = qkv.view(count, height // WINDOW, WINDOW, width // WINDOW, WINDOW, 3, self.heads, -1)
        return grid.permute(5, 0, 1, 3, 6, 2, 4, 7).reshape(3, count, -1, self.heads, AREA, channels // 3 // self.heads)

    def _join(self, windows: torch.Tensor, size: torch.Size) -> torch.Tensor:
        """Return `[N, H, W, C]` of `[N, windows, heads, 49, C / heads]`."""
        height, width = size
        grid = windows.view(-1, height // WINDOW, width // WINDOW, self.heads, WINDOW, WINDOW, windows.shape[-1])
        return grid.permute(0, 1, 4, 2, 5, 3, 6).reshape(-1, height, width, self.heads * windows.shape[-1])


def _steps() -> torch.Tensor:
    """Return, for each two tokens of a window, the row of the bias table for the step between them: `[49, 49]`."""
    row, column = torch.arange(AREA) // WINDOW, torch.arange(AREA) % WINDOW
    down = row[:, None] - row[None, :] + WINDOW - 1
    right = column[:, None] - column[None, :] + WINDOW - 1
    return down * (2 * WINDOW - 1) + right


def _real(before: int, length: int, after: int, device: torch.device) -> torch.Tensor:
    """Return which rows (or columns) of each row of windows lie in the image: `[windows, 7]`."""
    place = torch.arange(before + length + after, device=device)
    return ((place >= before) & (place < before + length)).view(-1, WINDOW)
