"""Integrated Gradients: what each source pixel adds to the target on the way from a baseline to the pair.

The maps add up to the score that the pair gains over the baseline, and so split it into the sources' contributions.
References: Sundararajan et al., "Axiomatic attribution for deep networks", ICML 2017; for the blur path see `paths.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, get_args

import torch

from fuselens.core.diagonal import GRAPH_SIDE, Progress
from fuselens.core.errors import InputError, UnknownNameError
from fuselens.core.fills import usual_sigma
from fuselens.core.pair import ImagePair
from fuselens.core.results import Attribution
from fuselens.core.targets import Target
from fuselens.explainers.backward import ScoreOfSources, score_of_sources
from fuselens.explainers.baselines import AVERAGE, Baseline, baseline_words, fill_names, is_given, make_baselines
from fuselens.explainers.diffusion import diffusion_index
from fuselens.explainers.path_integral import path_integral
from fuselens.explainers.paths import Images, Path, sharpening, straight

PathName = Literal["joint", "a", "b", "blur"]
TOLERANCE = 0.01  # of the score that the path gains; below it the sum counts as complete
ROUNDING = 1e-5  # of the largest number that is added up: no smaller difference is asked for


def integrated_gradients(
    model: object,
    pair: ImagePair,
    target: Target | None = None,
    *,
    path: PathName = "joint",
    baseline: Baseline = "average",
    steps: int = 64,
    max_steps: int = 1024,
    seed: int = 0,
    batch_size: int | None = None,
    device: str | torch.device | None = None,
    progress: Progress | None = None,
) -> Attribution:
    """Return how much of the target's score each source pixel adds on a path from a baseline to the pair.

    The integral is taken by the midpoint rule; the steps are doubled until the maps' sum is within 1 % of the score
    that is gained. Targets of similarity are allowed: on the path their gradient does not vanish.

    Operators that jump, as those that choose between details of opposite sign do, lose their jumps whatever the steps;
    the facts then say that the maps are not complete.

    Args:
        model: any differentiable `(a, b) -> fused`.
        pair: the sources.
        target: what is explained; None for the fused pixel in the image's middle.
        path: `"joint"`: both sources move, and the maps add up to S(a, b) - S(baseline). `"a"` or `"b"`: that source
            alone moves while the other one is shown as it is. `"blur"`: both gain their detail by an ever smaller blur.
        baseline: where paths begin: `"average"` (over `"blur"` and `"mean"`), any fill of `make_fill`, several of them
            to average over, or two images `[H, W]`. The blur path begins at `"blur"` (also for `"average"`) or at
            `"blur:SIGMA"`.
        steps: gradients on a path at first.
        max_steps: the steps are doubled up to these; facts tell the difference that then remains.
        seed: of a random baseline.
        batch_size: gradients computed at once; None chooses by the window's size.
        device: where to compute; None leaves the model where it is.
        progress: called with (gradients done, gradients planned).

    Returns:
        Maps in the target's units. Facts: `score`, `score_baseline`; `sum_a` and `sum_b`, the sources' contributions;
        `share_a`, a's part of the total influence; `completeness_delta`, the maps' sum minus the score gained, and
        `completeness_delta_relative`, its size as a part of that gain; `complete`, whether it is within 1 %; `steps`;
        `diffusion_index_a` and `_b`, see `diffusion_index`; for paths that move both sources `interaction`: S(a, b) -
        S(baseline a, b) - S(a, baseline b) + S(baseline), by which the sums of the two one-source paths exceed theirs.

    Raises:
        InputError: a target, baseline or number that cannot be.
        UnknownNameError: no such path or fill.
        ModelError: no gradient reaches the sources, or the model returns what is no fused image.

    Example:
        >>> pair = ImagePair.from_arrays(torch.full((9, 9), 0.8), torch.full((9, 9), 0.4))
        >>> found = integrated_gradients(lambda a, b: 0.5 * a + 0.5 * b, pair, baseline="black")
        >>> round(found.facts["sum_a"], 6), round(found.facts["sum_b"], 6)
        (0.4, 0.2)
    """
    _check(path, steps, max_steps, batch_size)
    start = _blur_of(baseline) if path == "blur" else baseline
    with score_of_sources(model, pair, target, device) as score:
        whole = make_baselines(start, score.a, score.b, seed=seed)
        cut = [(score.cut(a), score.cut(b)) for a, b in whole]
        paths = [_path(path, score, start, each) for each in cut]
        batch = batch_size or max(1, GRAPH_SIDE**2 // (score.window.height * score.window.width))

        def integrate(count: int, earlier: int) -> Images:
            return path_integral(score, paths, count, batch_size=batch, progress=progress, earlier=earlier)

        a, b, facts = _completed(_scores(score, path, cut), steps, max_steps, integrate)
        result = score.attribution(
            "integrated_gradients", a.float(), b.float(), facts["score"], facts=facts, path=path,
            baseline=baseline_words(start), steps=steps, max_steps=max_steps, rule="midpoint", seed=seed,
        )  # fmt: skip
    result.facts.update(
        share_a=result.share(), diffusion_index_a=diffusion_index(result.a), diffusion_index_b=diffusion_index(result.b)
    )
    return result


def _check(path: str, steps: int, max_steps: int, batch_size: int | None) -> None:
    if path not in get_args(PathName):
        raise UnknownNameError("path", path, get_args(PathName))
    if min(steps, max_steps) < 1 or (batch_size is not None and batch_size < 1):
        raise InputError(
            f"Expected steps, max_steps and batch_size of at least 1 but got {steps}, {max_steps} and {batch_size}."
        )


def _blur_of(baseline: Baseline) -> str:
    """Return the fill at which a blur path begins."""
    names = ["given"] if is_given(baseline) else fill_names(baseline)
    if names == list(AVERAGE):
        return "blur"
    if len(names) == 1 and names[0].partition(":")[0] == "blur":
        return names[0]
    raise InputError(f"The blur path begins at 'blur' or 'blur:SIGMA', not at '{baseline_words(baseline)}'.")


def _path(name: PathName, score: ScoreOfSources, fill: Baseline, baseline: Images) -> Path:
    if name == "blur":
        number = str(fill).partition(":")[2]
        sigma = float(number or 0) or usual_sigma(score.a[0, 0])
        return sharpening((score.a, score.b), sigma, score.cut)
    a, b = score.sources
    starts = {"joint": baseline, "a": (baseline[0], b), "b": (a, baseline[1])}
    return straight(starts[name], (a, b))


def _scores(score: ScoreOfSources, path: PathName, baselines: Sequence[Images]) -> dict[str, float]:
    """Return the pair's score, the mean of the baselines' scores, and, where both sources move, their interaction."""
    a, b = score.sources

    def of(first: torch.Tensor, second: torch.Tensor) -> float:
        with torch.no_grad():
            return float(score(first, second).double())

    full = of(a, b)
    only_a = [of(a, without) for _, without in baselines] if path != "a" else []
    only_b = [of(without, b) for without, _ in baselines] if path != "b" else []
    if path in ("a", "b"):
        return {"score": full, "score_baseline": _mean(only_b or only_a)}
    neither = _mean([of(*each) for each in baselines])
    return {
        "score": full, "score_baseline": neither, "interaction": full - _mean(only_b) - _mean(only_a) + neither,
    }  # fmt: skip


def _completed(
    scores: dict[str, float],
    steps: int,
    max_steps: int,
    integrate: Callable[[int, int], Images],
) -> tuple[torch.Tensor, torch.Tensor, dict[str, Any]]:
    """Return both maps `[h, w]`, with as many steps as they need to be complete, and what is known of them."""
    gain = scores["score"] - scores["score_baseline"]
    done = 0
    while True:
        a, b = integrate(steps, done)
        sum_a, sum_b = float(a.sum()), float(b.sum())
        delta = sum_a + sum_b - gain
        largest = max(abs(scores["score"]), abs(scores["score_baseline"]), float(a.abs().sum() + b.abs().sum()))
        complete = abs(delta) <= max(TOLERANCE * abs(gain), ROUNDING * largest)
        if complete or 2 * steps > max_steps:
            break
        done, steps = done + steps, 2 * steps
    relative = abs(delta) / abs(gain) if gain else (0.0 if delta == 0 else float("inf"))
    facts = {
        **scores, "sum_a": sum_a, "sum_b": sum_b, "completeness_delta": delta, "completeness_delta_relative": relative,
        "complete": complete, "steps": steps,
    }  # fmt: skip
    return a, b, facts


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
