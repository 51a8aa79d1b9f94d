"""What steers UAAFusion, as its authors compute it and as we do: the same numbers from the same segmentation network.

The published scheme takes a backward pass of the segmentation network for each class, step and source, and one for each
stage: 10 C + 5 passes of a single image with five steps. Ours takes, of any network, one of a batch for each class, and
one for each stage but the first; of our DeepLab on a CPU it folds the batch normalisation, writes the derivatives out,
and passes only the deep layers whole for each class, all others in windows round it.
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
from fuselens.segmentation.protocol import Segmenter, resized

T = TypeVar("T")
STEPS = 5
STAGES = 5


def blocks(side: int, classes: int) -> torch.Tensor:
    """Return regions `[1, side, side]`: so many blocks of equal size, row by row."""
    columns = round(classes**0.5)
    rows = -(-classes // columns)
    place = (torch.arange(side) * rows // side)[:, None] * columns + (torch.arange(side) * columns // side)[None]
    return place.clamp(max=classes - 1)[None]


def speckles(side: int, classes: int) -> torch.Tensor:
    """Return regions `[1, side, side]` as untidy as those of real label maps: the largest of smooth random maps."""
    maps = torch.randn(1, classes, 12, 12, generator=torch.Generator().manual_seed(1))
    return resized(maps, (side, side)).argmax(dim=1)


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
    both, twice = torch.cat(sources), torch.cat((regions, regions))
    sums = class_sums(network, both, twice, steps=STEPS, rule="right", product=product)
    score = score_of_regions(regions)
    for before, after in pairwise(path):
        step_attribution(network, before, after, score, rule="right")
    return torch.stack(list(sums.values()), dim=1)


def timed(calls: dict[str, Callable[[], T]], device: torch.device, repeats: int) -> dict[str, tuple[float, float, T]]:
    """Return for each call its shortest wall time and process time of several, in seconds, and its result.

    The calls take turns, so that a machine that others use is as busy for one as for the other.
    """
    found = {words: (float("inf"), float("inf"), call()) for words, call in calls.items()}
    for _ in range(repeats):
        for words, call in calls.items():
            if device.type == "cuda":
                torch.cuda.synchronize()
            wall, own = time.perf_counter(), time.process_time()
            result = call()
            if device.type == "cuda":
                torch.cuda.synchronize()
            times = time.perf_counter() - wall, time.process_time() - own
            found[words] = (min(found[words][0], times[0]), min(found[words][1], times[1]), result)
    return found


def main() -> None:
    """Print one line a way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side", type=int, default=256)
    parser.add_argument("--classes", type=int, default=9)
    parser.add_argument("--width", type=float, default=0.5)
    parser.add_argument("--channels", type=int, default=128)
    parser.add_argument("--regions", choices=("blocks", "speckles"), default="blocks")
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--also", choices=("any", "forward"), nargs="*", default=["any"], help="the general way, too")
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
    regions = {"blocks": blocks, "speckles": speckles}[options.regions](options.side, options.classes).to(device)
    print(f"{options.side}x{options.side}, {options.classes} classes in {options.regions}, width {options.width}, "
          f"{options.channels} channels, {device}, {torch.get_num_threads()} CPU threads, "
          f"torch {torch.__version__}")  # fmt: skip

    def any_network(image: torch.Tensor) -> torch.Tensor:
        return network(image)  # type: ignore[no-any-return]

    calls: dict[str, Callable[[], torch.Tensor]] = {
        "published scheme": lambda: published(network, sources, path, regions),
        "ours": lambda: ours(network, sources, path, regions, "backward"),
    }
    if "any" in options.also:
        calls["ours, as of any network"] = lambda: ours(any_network, sources, path, regions, "backward")
    if "forward" in options.also:
        calls["ours, forward products"] = lambda: ours(network, sources, path, regions, "forward")
    found = timed(calls, device, options.repeats)
    reference, expected = found["published scheme"][0], found["published scheme"][2]
    for words, (seconds, own, sums) in found.items():
        difference = float((sums - expected).abs().max() / expected.abs().max())
        print(f"{words:<26}{seconds:>8.2f} s{reference / seconds:>6.1f}x   process {own:>7.2f} s   "
              f"difference {difference:.1e}", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
