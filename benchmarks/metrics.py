"""Our metrics against the fastest public Python implementations, on the same pair in the same run.

    python benchmarks/metrics.py [--pairs 8] [--rounds 5] [--threads N]

The public ones: scikit-learn (MI), scikit-image (SSIM), torchmetrics (VIF), NumPy and SciPy by the definition, as the
published evaluators do it (EN, SF, CC, Qabf). Values are compared first: timing two different numbers means nothing.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
from scipy.ndimage import convolve
from skimage.metrics import structural_similarity
from sklearn.metrics import mutual_info_score
from torchmetrics.functional.image import visual_information_fidelity

import fuselens as fl
from fuselens.metrics import METRICS

Array = np.ndarray
HEIGHT, WIDTH = 480, 640


def en(a: Array, b: Array, f: Array) -> float:
    shares = np.bincount(f.astype(np.uint8).ravel(), minlength=256) / f.size
    shares = shares[shares > 0]
    return float(-(shares * np.log2(shares)).sum())


def sf(a: Array, b: Array, f: Array) -> float:
    return float(np.sqrt(np.mean(np.diff(f, axis=0) ** 2) + np.mean(np.diff(f, axis=1) ** 2)))


def cc(a: Array, b: Array, f: Array) -> float:
    return float((np.corrcoef(a.ravel(), f.ravel())[0, 1] + np.corrcoef(b.ravel(), f.ravel())[0, 1]) / 2)


def mi(a: Array, b: Array, f: Array) -> float:
    levels = [image.astype(np.uint8).ravel() for image in (a, b, f)]
    return float(sum(mutual_info_score(source, levels[2]) for source in levels[:2]) / np.log(2))


def vif(a: Array, b: Array, f: Array) -> float:
    ta, tb, tf = (torch.from_numpy(image)[None, None] for image in (a, b, f))
    return float(visual_information_fidelity(tf, ta) + visual_information_fidelity(tf, tb))


def qabf(a: Array, b: Array, f: Array) -> float:
    kernel = np.array([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]], np.float32)

    def edges(image: Array) -> tuple[Array, Array]:
        sx, sy = (convolve(image, k, mode="constant") for k in (kernel, -kernel.T))
        with np.errstate(divide="ignore", invalid="ignore"):
            angle = np.where(sx == 0, np.pi / 2, np.arctan(sy / sx))
        return np.hypot(sx, sy), angle

    (ga, aa), (gb, ab), (gf, af) = (edges(image) for image in (a, b, f))

    def preserved(g: Array, angle: Array) -> Array:
        with np.errstate(divide="ignore", invalid="ignore"):
            strength = np.where(g > gf, gf / g, np.where(g == gf, gf, g / gf))
        alike = 1 - np.abs(angle - af) / (np.pi / 2)
        return 0.9994 / (1 + np.exp(-15 * (strength - 0.5))) * 0.9879 / (1 + np.exp(-22 * (alike - 0.8)))

    return float((preserved(ga, aa) * ga + preserved(gb, ab) * gb).sum() / (ga + gb).sum())


def ssim(a: Array, b: Array, f: Array) -> float:
    settings = {"data_range": 255, "gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    return float(sum(structural_similarity(source, f, **settings) for source in (a, b)) / 2)


PUBLIC: dict[str, Callable[[Array, Array, Array], float]] = {
    "en": en, "sf": sf, "cc": cc, "mi": mi, "vif": vif, "qabf": qabf, "ssim": ssim,
}  # fmt: skip


def scene(count: int) -> torch.Tensor:
    """Sources and fused images `[3, N, 1, 480, 640]`, whole levels of 8 bit: the built-in street, tiled and shifted."""
    pair = fl.example_pair("street")
    images = torch.stack([pair.a.y, pair.b.y, fl.fuse(fl.load_model("laplacian_pyramid"), pair).y])
    wide = images.repeat(1, 2, 2)[:, :HEIGHT, :WIDTH]
    shifted = torch.stack([wide.roll(17 * n, dims=-1) for n in range(count)], dim=1)
    return (shifted * 255).round()[:, :, None] / 255


def seconds(run: Callable[[], object], rounds: int) -> float:
    run()
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=8, help="pairs a batch")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    batch = scene(arguments.pairs)
    arrays = [image.numpy() for image in (batch[:, 0, 0] * 255).float()]
    print(f"{WIDTH}x{HEIGHT}, {arguments.pairs} pairs a batch, {arguments.threads} threads, milliseconds a pair")
    print(f"{'metric':8}{'public':>10}{'ours':>10}{'batch':>10}{'ratio':>8}{'difference':>14}")
    totals = [0.0, 0.0, 0.0]
    for name, public in PUBLIC.items():
        metric = METRICS[name]
        one = [image[:1] for image in batch]
        ours, theirs = float(metric(*one)), public(*arrays)
        times = [
            seconds(lambda public=public: public(*arrays), arguments.rounds),
            seconds(lambda metric=metric, one=one: metric(*one), arguments.rounds),
            seconds(lambda metric=metric: metric(*batch), arguments.rounds) / arguments.pairs,
        ]
        totals = [total + each for total, each in zip(totals, times, strict=True)]
        cells = "".join(f"{each * 1e3:10.2f}" for each in times)
        print(f"{name:8}{cells}{times[0] / times[2]:8.1f}{abs(ours - theirs) / abs(theirs):14.1e}")
    print(f"{'sum':8}" + "".join(f"{each * 1e3:10.2f}" for each in totals) + f"{totals[0] / totals[2]:8.1f}")


if __name__ == "__main__":
    main()
