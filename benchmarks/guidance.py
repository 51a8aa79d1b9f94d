"""Guidance by combs against the naive loop (one backward pass per pixel), for every FuseVis network.

The naive loop is FuseVis' own: one retained graph, one backward pass per fused pixel. It is timed on a sample of pixels
and multiplied by the number of pixels, since all of them would take hours. Peak memory is that of a process that does
nothing but the guidance.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time

import torch

import fuselens as fl
from fuselens.core.model import FusionModel, explaining

NETWORKS = ("funfusean", "masknet", "deepfuse", "deeppedestrian")


def naive_seconds(model: FusionModel, pair: fl.ImagePair, pixels: int) -> float:
    """Time `pixels` backward passes on one whole-image graph; return the seconds for all pixels of the image."""
    height, width = pair.size
    random = torch.Generator().manual_seed(0)
    places = torch.randint(0, height * width, (pixels + 1,), generator=random).tolist()
    with explaining(model), torch.enable_grad():
        a, b = (source.requires_grad_(True) for source in pair.tensors())
        fused = model(a, b).flatten()
        torch.autograd.grad(fused[places.pop()], (a, b), retain_graph=True)  # the first pass warms up
        started = time.perf_counter()
        for place in places:
            torch.autograd.grad(fused[place], (a, b), retain_graph=True)
        return (time.perf_counter() - started) / pixels * height * width


def measure(name: str, side: int, pixels: int) -> dict[str, float]:
    """Return seconds of both ways, their ratio, and the peak memory of the combs."""
    torch.manual_seed(0)
    model = fl.load_model(name, weights=None)
    pair = fl.ImagePair.from_arrays(*torch.rand(2, side, side), names=("ir", "vi"))
    started = time.perf_counter()
    guide = fl.guidance(model, pair)
    combs = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    naive = naive_seconds(model, pair, pixels) if pixels else float("nan")
    return {
        "passes": guide.settings["backward_passes"],
        "combs_s": combs,
        "naive_s": naive,
        "ratio": naive / combs,
        "peak_gb": peak,
    }


def main() -> None:
    """Print one line a network and size; each is measured in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sides", type=int, nargs="+", default=[128, 256, 512])
    parser.add_argument("--pixels", type=int, default=12, help="pixels on which the naive loop is timed; 0: not at all")
    parser.add_argument("--networks", nargs="+", default=NETWORKS)
    parser.add_argument("--one", nargs=2, metavar=("NETWORK", "SIDE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(options.one[0], int(options.one[1]), options.pixels)))
        return
    print(
        f"guidance, {torch.get_num_threads()} CPU threads, torch {torch.__version__}; "
        f"naive: {options.pixels} pixels, scaled"
    )
    print(f"{'network':<16}{'side':>6}{'passes':>8}{'combs s':>10}{'naive s':>12}{'ratio':>8}{'peak GB':>9}")
    for side in options.sides:
        for name in options.networks:
            command = [sys.executable, __file__, "--one", name, str(side), "--pixels", str(options.pixels)]
            found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            print(
                f"{name:<16}{side:>6}{found['passes']:>8}{found['combs_s']:>10.1f}{found['naive_s']:>12.0f}"
                f"{found['ratio']:>8.0f}{found['peak_gb']:>9.2f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
