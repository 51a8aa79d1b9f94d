"""LLRR: the low-rank representation extractor of LRRNet (Li et al. 2023), learned by unfolding an optimiser.

22,277 parameters, reach 9. Used by LRRNet and BAFFM.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.functional import pad

from fuselens.models.layers.reflect_conv import ReflectConv, neighbours, sum_of_shifted
from fuselens.models.layers.shrinkage import shrinkage_step

FILTERS = 128
BLOCKS = 4


class LowRankExtractor(nn.Module):
    """One source `[N, 1, H, W]` to its codes `[N, 256, H, W]`: 128 low-rank and 128 sparse channels.

    Z_0 = soft(first(x)), and four times Z_t = soft(momentum Z_(t-1) + correct(x - rebuild(Z_(t-1)))): compare the
    source with what the codes rebuild of it, correct the codes, and shrink them by thresholds that all steps share.
    All convolutions are 3 x 3 over the mirror image at the border.
    """

    def __init__(self) -> None:
        """Initialise thresholds and momentum uniformly in [0, 1), as published."""
        super().__init__()
        codes = 2 * FILTERS
        self.first = ReflectConv(1, codes)
        self.rebuild = nn.ModuleList(ReflectConv(codes, 1) for _ in range(BLOCKS))
        self.correct = nn.ModuleList(ReflectConv(1, codes) for _ in range(BLOCKS))
        self.threshold = nn.Parameter(torch.rand(codes))
        self.momentum = nn.Parameter(torch.rand(()))

    def forward(self, source: torch.Tensor) -> torch.Tensor:
        """Return the codes of the last step."""
        if torch.compiler.is_compiling():
            return self._as_written(source)
        count, _, height, width = source.shape
        codes, left = None, source
        for correct, rebuild in zip((self.first, *self.correct), (*self.rebuild, None), strict=True):
            # The bias is the weight of a tenth neighbour that is always 1.
            nearby = pad(neighbours(left), (0, 0, 0, 0, 0, 1), value=1).movedim(1, -1).flatten(0, 2)
            weights = torch.cat((correct.weight.flatten(1), correct.bias[:, None]), dim=1).T
            rows = None if rebuild is None else rebuild.weights_last().T
            codes, products = shrinkage_step(codes, nearby, weights, self.threshold, self.momentum, rows)
            if products is not None and rebuild is not None:
                left = source - sum_of_shifted(products.view(count, height, width, -1).movedim(-1, 1), rebuild.bias)
        assert codes is not None
        return codes.view(count, height, width, -1).movedim(-1, 1)

    def _as_written(self, source: torch.Tensor) -> torch.Tensor:
        """Return the same by the formula: compilers and exporters find their own order, and follow no blocks."""
        codes: torch.Tensor = self._soft(self.first(source))
        for correct, rebuild in zip(self.correct, self.rebuild, strict=True):
            codes = self._soft(self.momentum * codes + correct(source - rebuild(codes)))
        return codes

    def _soft(self, codes: torch.Tensor) -> torch.Tensor:
        return codes.sign() * (codes.abs() - self.threshold[:, None, None]).relu()
