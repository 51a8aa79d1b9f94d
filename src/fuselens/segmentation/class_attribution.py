"""Class-wise Integrated Gradients: how much of each class's score every pixel brings (paper 001, Eq. 5-7).

Score^c(I) is the mean logit of class c over the pixels of class c; the path leads from black to the image. What an
image brings to its own region can be had in two exact ways: backwards, one product of a vector with the Jacobian for
each class, which yields the maps too, or forwards, one product of the Jacobian with a vector, which keeps no graph. Of
our DeepLab on a CPU, the first is taken in windows (`local_sums`).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Literal, get_args

import torch

from fuselens.core.errors import InputError
from fuselens.segmentation.folded import FoldedDeepLab, folded
from fuselens.segmentation.frozen import frozen
from fuselens.segmentation.local_sums import local_sums
from fuselens.segmentation.protocol import IGNORED, Segmenter, check_segmenter
from fuselens.segmentation.regions import check_regions, classes_in, share_of_mean
from fuselens.segmentation.stations import Rule, Stations, mean_over, stations

Product = Literal["backward", "forward"]


def regions_of(segmenter: Segmenter, image: torch.Tensor, classes: int | None = None) -> torch.Tensor:
    """Return the class of each pixel by the segmenter's own judgement, `[N, H, W]`.

    Raises:
        InputError: as `check_segmenter`.
    """
    return logits_of(segmenter, image, classes).argmax(dim=1)


def logits_of(segmenter: Segmenter, image: torch.Tensor, classes: int | None = None) -> torch.Tensor:
    """Return the frozen segmenter's logits `[N, C, H, W]`, without a graph.

    Raises:
        InputError: as `check_segmenter`.
    """
    with frozen(segmenter, image.device), torch.no_grad():
        return check_segmenter(segmenter, image, classes)


def class_maps(
    segmenter: Segmenter,
    image: torch.Tensor,
    regions: torch.Tensor,
    *,
    steps: int = 5,
    rule: Rule = "gauss",
    through: bool = False,
) -> dict[int, torch.Tensor]:
    """Return for each class that is present its map S^c `[N, 1, H, W]`: what every pixel adds to Score^c.

    All steps of all images run as one batch; each class then takes one vectorised backward pass.

    Args:
        segmenter: maps `[N, 1, H, W]` to logits `[N, C, H, W]`.
        image: `[N, 1, H, W]` in `[0, 1]`.
        regions: class of each pixel `[N, H, W]`; pixels of 255 belong to none.
        steps: M, gradients along the path.
        rule: where they are taken, as for `stations`; `"right"`, at m / M, is the paper's.
        through: keep the graph, so that the maps can be differentiated by the image.

    Raises:
        InputError: as `check_segmenter`, regions that do not fit, no step, or an unknown rule.
    """
    with frozen(segmenter, image.device):
        network = segmenter if through else folded(segmenter)
        source = image if through else image.detach().clone()
        maps = maps_of(
            lambda at: check_segmenter(network, at), [source], regions, steps=steps, rule=rule, through=through
        )
    return {number: values for number, (values,) in maps.items()}


def maps_of(
    network: Callable[..., torch.Tensor],
    sources: Sequence[torch.Tensor],
    regions: torch.Tensor,
    *,
    steps: int = 5,
    rule: Rule = "gauss",
    through: bool = False,
    at_once: bool = True,
) -> dict[int, list[torch.Tensor]]:
    """Return for each class a map `[N, 1, H, W]` a source, of a network that makes logits of them all.

    The sources emerge from black together. The network is taken as it is: the caller freezes it and turns gradients on.

    Args:
        network: maps the sources `[M * N, 1, H, W]` to logits `[M * N, C, H, W]`, every picture by itself.
        sources, regions, steps, rule, through: as for `class_maps`.
        at_once: all steps as one batch; False takes one after the other, with a graph that is `steps` times smaller.

    Raises:
        InputError: as `class_maps`.
    """
    places = stations(steps, rule)
    batches = [places] if at_once else [[place] for place in places]
    parts = [_maps_at(network, sources, regions, batch, through) for batch in batches]
    return {
        number: [torch.stack(each).sum(dim=0) for each in zip(*(part[number] for part in parts), strict=True)]
        for number in parts[0]
    }


def _maps_at(
    network: Callable[..., torch.Tensor],
    sources: Sequence[torch.Tensor],
    regions: torch.Tensor,
    places: Stations,
    through: bool,
) -> dict[int, list[torch.Tensor]]:
    """Return what gradients at these places add to the maps."""
    points = [along(source, places) for source in sources]
    for point in points:
        if not point.requires_grad:
            point.requires_grad_(True)
    logits = network(*points)
    check_regions(regions, sources[0], logits.shape[1])
    maps = {}
    for number in classes_in(regions):
        scores = _by_step(logits[:, number], len(places)) * share_of_mean(regions == number, logits)
        slopes = torch.autograd.grad(scores.sum(), points, retain_graph=True, create_graph=through)
        means = [mean_over(each, places) for each in slopes]
        maps[number] = [mean * source for mean, source in zip(means, sources, strict=True)]
    return maps


def class_sums(
    segmenter: Segmenter,
    image: torch.Tensor,
    regions: torch.Tensor,
    *,
    steps: int = 5,
    rule: Rule = "gauss",
    product: Product = "backward",
    through: bool = False,
) -> dict[int, torch.Tensor]:
    """Return for each class that is present what its own pixels bring to Score^c, `[N]`; 0 for images without it.

    Args:
        segmenter, image, regions, steps, rule, through: as for `class_maps`.
        product: `"backward"` sums the maps up; `"forward"` differentiates in the direction of the class's pixels, which
            gives the same numbers with less memory. `through` needs `"backward"`.

    Raises:
        InputError: as `class_maps`, or an unknown product.
    """
    if product not in get_args(Product) or (through and product == "forward"):
        raise InputError(f"Expected product 'backward' or 'forward' (never with through) but got '{product}'.")
    if product == "forward":
        return _forward_sums(segmenter, image, regions, stations(steps, rule))
    network = segmenter if through else folded(segmenter)
    if isinstance(network, FoldedDeepLab):
        with frozen(segmenter, image.device):
            check_regions(regions, image, network.classes)
            return local_sums(network, image, regions, classes_in(regions), stations(steps, rule))
    maps = class_maps(segmenter, image, regions, steps=steps, rule=rule, through=through)
    return {number: (values[:, 0] * (regions == number)).sum((-2, -1)) for number, values in maps.items()}


def _forward_sums(
    segmenter: Segmenter, image: torch.Tensor, regions: torch.Tensor, places: Stations
) -> dict[int, torch.Tensor]:
    """Return the sums by one forward-mode pass a class."""

    def network(points: torch.Tensor) -> torch.Tensor:
        return check_segmenter(segmenter, points)

    sums = {}
    check_regions(regions, image, IGNORED)  # their classes once the first pass tells how many there are
    with frozen(segmenter, image.device), torch.no_grad(), warnings.catch_warnings():
        # PyTorch compiles its own rules for forward mode in a way that it calls deprecated.
        warnings.simplefilter("ignore", DeprecationWarning)
        source = image.detach().clone()
        points = along(source, places)
        for number in classes_in(regions):
            mask = regions == number
            direction = (source * mask[:, None]).repeat(len(places), 1, 1, 1)
            slopes: torch.Tensor = torch.func.jvp(network, (points,), (direction,))[1]
            check_regions(regions, image, slopes.shape[1])
            sums[number] = (mean_over(slopes[:, number], places) * share_of_mean(mask, slopes)).sum((-2, -1))
    return sums


def class_scores(segmenter: Segmenter, image: torch.Tensor, regions: torch.Tensor) -> dict[int, torch.Tensor]:
    """Return Score^c `[N]`, the mean logit of each class that is present over its own pixels.

    Raises:
        InputError: as `class_maps`.
    """
    logits = logits_of(segmenter, image)
    check_regions(regions, image, logits.shape[1])
    return {
        number: (logits[:, number] * share_of_mean(regions == number, logits)).sum((-2, -1))
        for number in classes_in(regions)
    }


def along(image: torch.Tensor, places: Stations) -> torch.Tensor:
    """Return the image at M levels of brightness, `[M * N, 1, H, W]`."""
    return torch.cat([image * brightness for brightness, _ in places])


def _by_step(values: torch.Tensor, steps: int) -> torch.Tensor:
    """Return `[M * N, ...]` as `[M, N, ...]`."""
    return values.reshape(steps, -1, *values.shape[1:])
