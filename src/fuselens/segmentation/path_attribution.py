"""Integrated Gradients along a path of images: which pixels raised the segmenter's score (paper 001, Eq. 9-12).

Score(I) is the mean, over the pixels, of the logit of each pixel's own class. The path is a polyline through the fused
images of an unfolding network; the maps of its pieces add up to what the score gains, the better the more samples.
"""

from __future__ import annotations

from collections.abc import Callable

import torch

from fuselens.core.errors import InputError
from fuselens.segmentation.class_attribution import logits_of
from fuselens.segmentation.folded import folded
from fuselens.segmentation.frozen import frozen
from fuselens.segmentation.protocol import IGNORED, Segmenter, check_segmenter
from fuselens.segmentation.regions import check_regions
from fuselens.segmentation.stations import Rule, mean_over, stations

Score = Callable[[torch.Tensor], torch.Tensor]
"""From logits `[M * N, C, H, W]`, M samples of N pictures, to scores `[M * N]`."""


def score_of_regions(regions: torch.Tensor, only: int | None = None) -> Score:
    """Return Eq. 9: the mean over all pixels of the logit of the pixel's own class; pixels of 255 count as 0.

    Args:
        regions: class of each pixel, `[N, H, W]`.
        only: restrict the score to this class.
    """

    def score(logits: torch.Tensor) -> torch.Tensor:
        counted = regions != IGNORED if only is None else regions == only
        copies = len(logits) // len(regions)
        check_regions(regions, logits[: len(regions), :1], logits.shape[1])
        index = torch.where(counted, regions, 0)[:, None].repeat(copies, 1, 1, 1)
        own = logits.gather(1, index)[:, 0]
        return (own * counted.repeat(copies, 1, 1)).mean((-2, -1))

    return score


def score_of_masks(masks: torch.Tensor) -> Score:
    """Return the published code's score: the mean over pixels and classes of logits times soft masks `[N, C, H, W]`."""

    def score(logits: torch.Tensor) -> torch.Tensor:
        return (logits * masks.repeat(len(logits) // len(masks), 1, 1, 1)).mean((1, 2, 3))

    return score


def score_gradient(segmenter: Segmenter, image: torch.Tensor, score: Score, *, through: bool = False) -> torch.Tensor:
    """Return the derivative of each picture's score by its pixels, `[N, 1, H, W]`, by one forward and backward pass.

    Args:
        segmenter: maps `[N, 1, H, W]` to logits `[N, C, H, W]`.
        image: `[N, 1, H, W]` in `[0, 1]`.
        score: as `score_of_regions` returns it.
        through: keep the graph, so that the gradient can be differentiated by the image.

    Raises:
        InputError: as `check_segmenter`.
    """
    with frozen(segmenter, image.device):
        network = segmenter if through else folded(segmenter)
        follows = through and image.requires_grad
        source = image if follows else image.detach().clone().requires_grad_(True)
        scores = score(check_segmenter(network, source))
        (slopes,) = torch.autograd.grad(scores.sum(), source, create_graph=through)
    return slopes


def step_attribution(
    segmenter: Segmenter,
    before: torch.Tensor,
    after: torch.Tensor,
    score: Score,
    *,
    samples: int = 1,
    rule: Rule = "gauss",
    through: bool = False,
) -> torch.Tensor:
    """Return what each pixel adds to the score between two images of the path, `[N, 1, H, W]`.

    One sample of the rule `"right"`, at the image after, is Eq. 12; one of the other rules lies in the middle, where it
    misses much less of what the score gains.

    Args:
        segmenter, score, through: as for `score_gradient`.
        before, after: images `[N, 1, H, W]`.
        samples: gradients between the two images, computed as one batch.
        rule: where on the way they are taken, as for `stations`.

    Raises:
        InputError: as `score_gradient`, no sample, or an unknown rule.
    """
    if samples < 1:
        raise InputError(f"Expected at least one sample between two images of the path but got {samples}.")
    if not through:
        before, after = before.detach(), after.detach()
    change = after - before
    places = stations(samples, rule)
    points = torch.cat([before + place * change for place, _ in places])
    slopes = score_gradient(segmenter, points, score, through=through)
    return mean_over(slopes, places) * change


def scores_at(segmenter: Segmenter, image: torch.Tensor, score: Score) -> torch.Tensor:
    """Return the scores `[N]` of images `[N, 1, H, W]`.

    Raises:
        InputError: as `check_segmenter`.
    """
    return score(logits_of(segmenter, image))
