"""DeepLab's atrous pyramid without normalisation, its derivative written out."""

from __future__ import annotations

import torch
from torch import nn

from fuselens.segmentation.deeplab import AtrousPyramid
from fuselens.segmentation.folded_layers import Block, NotFoldableError, Tape, units_of


class Pyramid:
    """The branches, the image's average, and their mixture."""

    def __init__(self, pyramid: nn.Module) -> None:
        """Fold.

        Raises:
            NotFoldableError: another pyramid, or a layer in it that is not known.
        """
        if type(pyramid) is not AtrousPyramid or type(pyramid.average[0]) is not nn.AdaptiveAvgPool2d:
            raise NotFoldableError
        self.branches = [Block(units_of(branch)) for branch in pyramid.branches]
        self.average, self.mix = Block(units_of(pyramid.average[1:])), Block(units_of(pyramid.mix))

    def run(self, maps: torch.Tensor) -> tuple[torch.Tensor, list[Tape]]:
        """Return the mixed features, and the tapes of the branches, of the average, and of the mixture."""
        made, tapes = map(list, zip(*(branch.run(maps) for branch in self.branches), strict=True))
        average, tape = self.average.run(maps.mean((2, 3), keepdim=True))
        mixed, last = self.mix.run(torch.cat((*made, average.expand(-1, -1, *maps.shape[2:])), dim=1))
        return mixed, [*tapes, tape, last]

    def pull(self, slope: torch.Tensor, tapes: list[Tape]) -> torch.Tensor:
        """Return the derivative by the features."""
        *parts, last = self.mix.pull(slope, tapes[-1]).chunk(len(self.branches) + 1, dim=1)
        by_average = self.average.pull(last.sum((2, 3), keepdim=True), tapes[-2]) / last[0, 0].numel()
        pulled = [b.pull(part, tape) for b, part, tape in zip(self.branches, parts, tapes[:-2], strict=True)]
        return sum(pulled, by_average)
