"""Attribution weights: how much of either source a fused image is to show, class by class (paper 001, Eq. 8)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import torch

from fuselens.core.errors import InputError
from fuselens.segmentation.class_attribution import Product, class_sums
from fuselens.segmentation.protocol import Segmenter
from fuselens.segmentation.stations import Rule

Reduce = Literal["sum", "mean"]
FLOOR = 1e-8  # the paper's epsilon; here of the larger contribution, in its published code an absolute number


@dataclass(frozen=True, eq=False)
class ClassWeights:
    """The weights of one batch of pairs; w1 + w2 = 1, constant within a region, 0.5 where neither source helps.

    Attributes:
        regions: class of each pixel, `[N, H, W]`; 255 for pixels of no class.
        classes: the classes that are present, K of them, ascending.
        brought_a, brought_b: what either source brings to the score of each of them, signed, `[N, K]`.
        shares: w1 of each of them, `[N, K]`.
        a, b: w1 and w2 as images `[N, 1, H, W]`.
    """

    regions: torch.Tensor
    classes: list[int]
    brought_a: torch.Tensor
    brought_b: torch.Tensor
    shares: torch.Tensor
    a: torch.Tensor
    b: torch.Tensor


def class_weights(
    segmenter: Segmenter,
    a: torch.Tensor,
    b: torch.Tensor,
    regions: torch.Tensor,
    *,
    steps: int = 5,
    rule: Rule = "gauss",
    product: Product = "backward",
    reduce: Reduce = "sum",
    through: bool = False,
) -> ClassWeights:
    """Weigh two sources by what their regions bring to the scores of a segmentation network.

    Both sources run as one batch. Each picture has weights of its own, whatever else is in the batch.

    Args:
        segmenter: maps `[N, 1, H, W]` to logits `[N, C, H, W]`.
        a, b: sources `[N, 1, H, W]` in `[0, 1]`.
        regions: class of each pixel `[N, H, W]`; 255 for none.
        steps, rule, product, through: as for `class_sums`.
        reduce: `"sum"` weighs the sums of Eq. 8, with an epsilon relative to the larger one; `"mean"` divides them by
            the region's area first and adds an absolute 1e-8, as the published code does, which draws the weights of
            large regions towards 0.5.

    Raises:
        InputError: as `class_sums`, or an unknown way to reduce.
    """
    if reduce not in get_args(Reduce):
        raise InputError(f"Expected reduce 'sum' or 'mean' but got '{reduce}'.")
    both, twice = torch.cat((a, b)), torch.cat((regions, regions))
    sums = class_sums(segmenter, both, twice, steps=steps, rule=rule, product=product, through=through)
    brought = torch.stack([*sums.values()], dim=1) if sums else both.new_zeros(len(both), 0)
    return weigh(regions, list(sums), *brought.chunk(2), reduce=reduce)


def weigh(
    regions: torch.Tensor,
    classes: list[int],
    brought_a: torch.Tensor,
    brought_b: torch.Tensor,
    *,
    reduce: Reduce = "sum",
) -> ClassWeights:
    """Return the weights that follow from what either source brings to each class, `[N, K]`; see `class_weights`."""
    masks = torch.stack([regions == number for number in classes], dim=1) if classes else regions[:, None][:, :0].bool()
    if reduce == "mean":
        area = masks.sum((-2, -1)).clamp(min=1)
        shares = share_of_first((brought_a / area).relu(), (brought_b / area).relu(), absolute=True)
    else:
        shares = share_of_first(brought_a.relu(), brought_b.relu())
    weight = (masks * shares[..., None, None]).sum(dim=1, keepdim=True)
    weight = torch.where(masks.any(dim=1, keepdim=True), weight, 0.5)
    return ClassWeights(regions, classes, brought_a, brought_b, shares, weight, 1 - weight)


def share_of_first(a: torch.Tensor, b: torch.Tensor, *, absolute: bool = False) -> torch.Tensor:
    """Return a / (a + b) for numbers of 0 and more, 0.5 where both are 0.

    Example:
        >>> share_of_first(torch.tensor([3.0, 1e-12, 0.0]), torch.tensor([1.0, 0.0, 0.0]))
        tensor([0.7500, 1.0000, 0.5000])
    """
    if absolute:
        return (a + FLOOR) / (a + b + 2 * FLOOR)
    larger = torch.maximum(a, b)
    unit = torch.where(larger > 0, larger, 1.0)
    return (a / unit + FLOOR) / ((a + b) / unit + 2 * FLOOR)
