"""Check the certificate of a saved set explanation: `python examples/check_certificate.py out/ --model deepfuse`.

Reads `explanation.json` and `maps.npz` and recomputes every claim with NumPy, SciPy and the model alone: FuseLens only
loads the model. Targets `image`, `same:`, `region:`, `mean` and `pixel:` are understood.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from scipy.ndimage import correlate1d

from fuselens.cli.inputs import chosen_model

Image = npt.NDArray[np.floating[Any]]
SCORES = ("score_full", "score_empty", "score_kept", "score_removed")


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what was claimed and what was found; return 0 where all of it holds, else 1."""
    parser = argparse.ArgumentParser(description="Recompute the certificate of a saved set explanation.")
    parser.add_argument("folder", type=Path, help="where explanation.json and maps.npz lie")
    parser.add_argument("--model", required=True, help="NAME[:WEIGHTS] or path.py:factory")
    parser.add_argument("--tolerance", type=float, default=1e-5, help="rounding allowed (default 1e-5)")
    chosen = parser.parse_args(arguments)
    claim = json.loads((chosen.folder / "explanation.json").read_text(encoding="utf-8"))
    with np.load(chosen.folder / "maps.npz") as file:
        maps = dict(file)
    model = chosen_model(chosen.model, tuple(claim["names"]), "cpu")
    problems = broken_claims(claim, maps, callable_on_arrays(model), chosen.tolerance)
    for problem in problems:
        print(f"DOES NOT HOLD: {problem}")
    if not problems:
        print(f"The certificate holds: {claim['size']} of {claim['units']} units, {claim['status']}.")
    return 1 if problems else 0


def broken_claims(
    claim: dict[str, Any], maps: dict[str, npt.NDArray[Any]], fuse: Callable[[Image, Image], Image], tolerance: float
) -> list[str]:
    """Recompute everything, print it, and return what does not hold."""
    members, everything = set(claim["members"]), set(range(claim["units"]))
    original = fuse(maps["a"], maps["b"])
    problems = []
    if not np.allclose(original, maps["fused"], rtol=0, atol=tolerance):
        problems.append("the model fuses the sources to another image than the saved one.")
    for letter in "ab":
        kept = is_shown(maps[f"units_{letter}"], members)
        if not np.array_equal(kept, maps[f"keep_{letter}"]):
            problems.append(f"the members are not the pixels of keep_{letter}.")

    def score(shown: set[int]) -> float:
        composite = [
            np.where(is_shown(maps[f"units_{letter}"], shown), maps[letter], maps[f"fill_{letter}"]) for letter in "ab"
        ]
        return target_score(claim["target"], fuse(composite[0], composite[1]), original)

    found = dict(zip(SCORES, map(score, (everything, set(), members, everything - members)), strict=True))
    for name, value in found.items():
        print(f"{name:14} claimed {claim[name]:.6f}  found {value:.6f}")
        if not abs(value - claim[name]) <= tolerance:
            problems.append(f"{name} differs by {abs(value - claim[name]):.2g}.")

    def has_property(shown: set[int], slack: float) -> bool:
        base, span = 0.0, 1.0
        if claim["relative"]:
            base, span = found["score_empty"], found["score_full"] - found["score_empty"]
        sufficient = bool((score(shown) - base) / span >= claim["level"] + slack)
        necessary = bool((score(everything - shown) - base) / span < claim["level"] - slack)
        return {"both": sufficient and necessary, "sufficient": sufficient, "necessary": necessary}[claim["mode"]]

    if not members:
        return problems
    if not has_property(members, -tolerance):
        problems.append(f"the set does not have the property '{claim['mode']}' at level {claim['level']}.")
    if claim["settings"].get("one_minimal"):
        spared = [unit for unit in sorted(members) if len(members) > 1 and has_property(members - {unit}, tolerance)]
        print(f"each of the {len(members)} units removed by itself: {len(spared)} can be spared")
        if spared:
            problems.append(f"these units can be spared: {spared}.")
    return problems


def callable_on_arrays(model: torch.nn.Module) -> Callable[[Image, Image], Image]:
    """Return the model as a function of arrays `[H, W]`."""
    dtype = next((weight.dtype for weight in model.parameters()), None)

    def fuse(a: Image, b: Image) -> Image:
        tensors = [torch.from_numpy(image)[None, None].to(dtype) for image in (a, b)]
        with torch.no_grad():
            fused: Image = model.eval()(*tensors)[0, 0].numpy()
        return fused

    return fuse


def is_shown(labels: npt.NDArray[np.integer[Any]], shown: set[int]) -> npt.NDArray[np.bool_]:
    """Return the pixels whose unit is shown, and those that no unit hides (label -1)."""
    return np.isin(labels, sorted(shown)) | (labels < 0)


def target_score(target: str, fused: Image, original: Image) -> float:
    """Return the score of a fused image.

    Raises:
        SystemExit: a target that this script does not know.
    """
    kind, _, numbers = target.partition(":")
    try:
        edges = [int(number) for number in numbers.split(",")] if numbers else []
    except ValueError:
        kind = "unknown"
    if kind == "pixel":
        return float(fused[edges[0], edges[1]])
    if kind not in ("image", "same", "region", "mean"):
        raise SystemExit(f"This script understands image, same:, region:, mean and pixel: targets, not '{target}'.")
    region = (slice(edges[0], edges[2]), slice(edges[1], edges[3])) if edges else (slice(None), slice(None))
    values = ssim_map(fused, original) if kind in ("image", "same") else fused
    return float(values[region].astype(np.float64).mean())


def ssim_map(x: Image, y: Image) -> Image:
    """Return the SSIM at every pixel (Wang et al. 2004): Gaussian window 11, sigma 1.5, range 1, mirrored border."""
    distance = np.arange(-5, 6)
    window = np.exp(-(distance**2) / (2 * 1.5**2))
    window /= window.sum()

    def mean(image: Image) -> Image:
        rows: Image = correlate1d(image, window, axis=0, mode="mirror")
        both: Image = correlate1d(rows, window, axis=1, mode="mirror")
        return both

    x, y = x.astype(np.float64), y.astype(np.float64)
    mean_x, mean_y = mean(x), mean(y)
    variance_x, variance_y = mean(x * x) - mean_x**2, mean(y * y) - mean_y**2
    covariance = mean(x * y) - mean_x * mean_y
    c1, c2 = 0.01**2, 0.03**2
    likeness: Image = (2 * mean_x * mean_y + c1) * (2 * covariance + c2)
    return likeness / ((mean_x**2 + mean_y**2 + c1) * (variance_x + variance_y + c2))


if __name__ == "__main__":
    sys.exit(main())
