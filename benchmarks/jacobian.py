"""A pixel's Jacobian by its window against the same by the whole image, for every FuseVis network."""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import torch

import fuselens as fl
from fuselens.core.model import explaining

NETWORKS = ("funfusean", "masknet", "deepfuse", "deeppedestrian")


def median_ms(call: Callable[[], object], repeats: int) -> float:
    """Return the median time of `repeats` calls after two that warm up."""
    call()
    call()
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    return 1000 * statistics.median(times)


def whole_image(model: fl.FusionModel, pair: fl.ImagePair, pixel: tuple[int, int]) -> None:
    """Forward and backward on everything, as a viewer without windows does at each mouse move."""
    with explaining(model), torch.enable_grad():
        a, b = (source.requires_grad_(True) for source in pair.tensors())
        torch.autograd.grad(model(a, b)[(0, 0, *pixel)], (a, b))


def main() -> None:
    """Print one line a network and size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sides", type=int, nargs="+", default=[128, 256, 512])
    parser.add_argument("--repeats", type=int, default=31)
    options = parser.parse_args()
    print(
        f"Jacobian of one pixel, median of {options.repeats}, {torch.get_num_threads()} CPU threads, "
        f"torch {torch.__version__}"
    )
    print(f"{'network':<16}{'side':>6}{'window ms':>11}{'whole ms':>10}{'ratio':>7}")
    for side in options.sides:
        pair = fl.ImagePair.from_arrays(*torch.rand(2, side, side), names=("ir", "vi"))
        pixel = (side // 2, side // 2 - 3)
        for name in NETWORKS:
            torch.manual_seed(0)
            model = fl.load_model(name, weights=None)
            window = median_ms(
                lambda model=model, pair=pair, pixel=pixel: fl.jacobian(model, pair, pixel), options.repeats
            )
            whole = median_ms(lambda model=model, pair=pair, pixel=pixel: whole_image(model, pair, pixel), 3)
            print(f"{name:<16}{side:>6}{window:>11.1f}{whole:>10.0f}{whole / window:>7.0f}", flush=True)


if __name__ == "__main__":
    main()
