"""What steers UAAFusion, as its authors compute it and as we do: the same numbers from the same segmentation network.

The published scheme takes a backward pass of the segmentation network for each class, step and source, and one for each
stage: 10 C + 5 passes of a single image with five steps. Ours takes one of a batch for each class, and one for each
stage but the first.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from itertools import pairwise
from typing import TypeVar

import torch

from fuselens.segmentation import load_segmenter
from fuselens.segmentation.class_attribution import Product, class_sums
from fuselens.segmentation.frozen import frozen
from fuselens.segmentation.path_attribution import score_of_regions, step_attribution
from fuselens.segmentation.protocol import Segmenter

T = TypeVar("T")
STEPS = 5
STAGES = 5


def blocks(side: int, classes: int) -> torch.Tensor:
    """Return regions `[1, side, side]`: so many blocks of equal size, row by row."""
    columns = round(classes**0.5)
    rows = -(-classes // columns)
    place = (torch.arange(side) * rows // side)[:, None] * columns + (torch.arange(side) * columns // side)[None]
    return place.clamp(max=classes - 1)[None]


def published(
    network: Segmenter, sources: list[torch.Tensor], path: list[torch.Tensor], regions: torch.Tensor
) -> torch.Tensor:
    """Return the classes' sums `[2, C]` of both sources, one backward pass each; then a pass for each stage."""
    classes = int(regions.max()) + 1
    sums = torch.zeros(2, classes, device=regions.device)
    with frozen(network, regions.device):
        for place, source in enumerate(sources):
            for step in range(1, STEPS + 1):
                point = (source * step / STEPS).requires_grad_(True)
                logits = network(point)
                for number in range(classes):
                    inside = regions[0] == number
                    (slope,) = torch.autograd.grad(logits[0, number][inside].mean(), point, retain_graph=True)
                    sums[place, number] += (slope * source / STEPS)[0, 0][inside].sum()
        score = score_of_regions(regions)
        for picture in path:
            point = picture.clone().requires_grad_(True)
            torch.autograd.grad(score(network(point)).sum(), point)
    return sums


def ours(
    network: Segmenter,
    sources: list[torch.Tensor],
    path: list[torch.Tensor],
    regions: torch.Tensor,
    product: Product,
) -> torch.Tensor:
    """Return the same, with all steps of both sources in one batch, and no pass for the first stage."""
    sums = class_sums(network, torch.cat(sources), torch.cat((regions, regions)), steps=STEPS, product=product)
    score = score_of_regions(regions)
    for before, after in pairwise(path):
        step_attribution(network, before, after, score)
    return torch.stack(list(sums.values()), dim=1)


def timed(call: Callable[[], T], device: torch.device, repeats: int) -> tuple[float, T]:
    """Return the shortest of several times, in seconds, after a call that warms up, and the result."""
    found, best = call(), float("inf")
    for _ in range(repeats):
        if device.type == "cuda":
            torch.cuda.synchronize()
        started = time.perf_counter()
        found = call()
        if device.type == "cuda":
            torch.cuda.synchronize()
        best = min(best, time.perf_counter() - started)
    return best, found


def main() -> None:
    """Print one line a way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side", type=int, default=256)
    parser.add_argument("--classes", type=int, default=9)
    parser.add_argument("--width", type=float, default=0.5)
    parser.add_argument("--channels", type=int, default=128)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    options = parser.parse_args()
    device = torch.device(options.device)
    names = [f"class {number}" for number in range(options.classes)]
    network = load_segmenter(
        "deeplab", None, classes=names, width=options.width, channels=options.channels, device=options.device
    )
    generator = torch.Generator().manual_seed(0)
    sources = list(torch.rand(2, 1, 1, options.side, options.side, generator=generator).to(device))
    path = list(torch.rand(STAGES, 1, 1, options.side, options.side, generator=generator).to(device))
    regions = blocks(options.side, options.classes).to(device)
    print(f"{options.side}x{options.side}, {options.classes} classes, {device}, {torch.get_num_threads()} CPU threads, "
          f"torch {torch.__version__}")  # fmt: skip
    reference, expected = timed(lambda: published(network, sources, path, regions), device, options.repeats)
    print(f"{'published scheme':<34}{reference:>9.2f} s")
    ways: dict[str, Product] = {"ours": "backward", "ours, forward products": "forward"}
    for words, product in ways.items():
        seconds, sums = timed(
            lambda product=product: ours(network, sources, path, regions, product), device, options.repeats
        )
        difference = float((sums - expected).abs().max() / expected.abs().max())
        print(f"{words:<34}{seconds:>9.2f} s{reference / seconds:>7.1f}x   difference {difference:.1e}", flush=True)


if __name__ == "__main__":
    main()
