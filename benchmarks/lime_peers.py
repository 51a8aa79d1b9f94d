"""LIME here against the `lime` package and Captum's: the same model, units, fill and number of samples.

    python benchmarks/lime_peers.py [--side 128] [--units 50] [--samples 1000]

Values first: all three get the same masks and must give the same weights. Then each draws its own masks and is timed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

os.environ.setdefault("TQDM_DISABLE", "1")

import numpy as np
import torch
from captum._utils.models.linear_model import SkLearnRidge
from captum.attr import Lime
from lime.lime_image import LimeImageExplainer

import fuselens as fl
from fuselens.core.fills import make_fill
from fuselens.core.model import explaining
from fuselens.core.targets import RegionMean, Target
from fuselens.core.units import Units, make_units
from fuselens.explainers.hiding import evaluator_for
from fuselens.explainers.lime import lime
from fuselens.explainers.perturbed import perturb
from scene import MODEL, conditions, middle, parser_for, street, timed

WIDTH, RIDGE, BATCH, SEED = 0.25, 1.0, 16, 0


@dataclass(frozen=True)
class Task:
    """Explain a target by the units of source b, whose hidden pixels get their unit's mean."""

    model: fl.FusionModel
    pair: fl.ImagePair
    target: Target
    units: Units
    samples: int

    def score(self, b: torch.Tensor) -> torch.Tensor:
        """Return the target's value for images `[N, 1, H, W]` in place of source b."""
        a, _ = self.pair.tensors()
        with torch.no_grad():
            fused = self.model(a.expand_as(b), b)
        return self.target(fused[(..., *self.target.box(self.pair.size).slices)])

    def masks(self) -> torch.Tensor:
        """Return the masks that the `lime` package draws."""
        drawn = np.random.RandomState(SEED).randint(0, 2, self.samples * self.units.count)
        masks = torch.from_numpy(drawn.reshape(self.samples, -1)).bool()
        masks[0] = True
        return masks


def ours(task: Task) -> torch.Tensor:
    found = lime(
        task.model, task.pair, task.target, samples=task.samples, kernel_width=WIDTH, ridge=RIDGE, antithetic=False,
        units=task.units, fill="segment_mean", batch_size=BATCH,
    )  # fmt: skip
    return found.unit_scores


def ours_with(masks: torch.Tensor, task: Task) -> torch.Tensor:
    with evaluator_for(task.model, task.pair, task.target, {"units": task.units, "fill": "segment_mean"}) as evaluator:
        found = perturb(evaluator, masks, WIDTH)
        return (found.regression.ridge(RIDGE) * found.span)[:, 0].float()


def package(task: Task) -> torch.Tensor:
    """Return the weights by the `lime` package, which wants colour images and classes."""
    explainer = LimeImageExplainer(kernel_width=WIDTH, random_state=SEED)
    found = explainer.explain_instance(
        task.pair.b.y.numpy(),
        lambda images: task.score(torch.from_numpy(images[..., :1].transpose(0, 3, 1, 2).copy())).numpy()[:, None],
        labels=(0,), top_labels=None, num_samples=task.samples, batch_size=BATCH, random_seed=SEED,
        segmentation_fn=lambda _: task.units.labels_b.numpy(),
    )  # fmt: skip
    weights = torch.zeros(task.units.count)
    for unit, weight in found.local_exp[0]:
        weights[int(unit)] = float(weight)
    return weights


def captum(task: Task, masks: Iterator[torch.Tensor] | None = None) -> torch.Tensor:
    """Return the weights by Captum's LIME, set to the kernel and the regression of the `lime` package."""

    def alike(_original: torch.Tensor, _perturbed: torch.Tensor, mask: torch.Tensor, **_: object) -> float:
        distance = 1 - float(mask.double().mean().sqrt())
        return float(np.exp(-(distance**2) / (2 * WIDTH**2)))

    given: dict[str, object] = {}
    if masks is not None:
        given["perturb_func"] = lambda _original, **_: next(masks)[None].long()
    torch.manual_seed(SEED + 1)  # with our seed it would draw our masks
    explainer = Lime(task.score, interpretable_model=SkLearnRidge(alpha=RIDGE), similarity_func=alike, **given)
    b, labels = task.pair.b.y, task.units.labels_b
    fill = make_fill("segment_mean")(b, b, labels)
    weights = explainer.attribute(
        b[None, None], baselines=fill[None, None], feature_mask=labels[None, None], n_samples=task.samples,
        perturbations_per_eval=BATCH, return_input_shape=False,
    )  # fmt: skip
    return weights.flatten().float()


def main() -> None:
    """Explain a region's mean, then the whole image's."""
    chosen = parser_for(__doc__, units=50, samples=1000).parse_args()
    pair, model = street(chosen.side), fl.load_model(*MODEL)
    units = make_units(pair, f"slic:{chosen.units}", which="b")
    print(f"lime, {conditions(pair)}, {units.count} units of {pair.names[1]}, {chosen.samples} samples")
    print(f"{'target':<26}{'way':>9}{'same masks: difference':>24}{'own masks: r':>14}{'seconds':>9}{'ratio':>7}")
    with explaining(model):
        for target in (RegionMean(middle(pair)), RegionMean()):
            task = Task(model, pair, target, units, chosen.samples)
            compare(task)


def compare(task: Task) -> None:
    """Print one line for each of the three; differences are parts of our largest weight."""
    masks = task.masks()
    same = ours_with(masks, task)
    mine, seconds = timed(lambda: ours(task))
    print(f"{task.target!s:<26}{'ours':>9}{'':>24}{'':>14}{seconds:>9.1f}")
    theirs, spent = timed(lambda: package(task))
    report("lime", difference(theirs, same), theirs, spent, mine, seconds)
    given = captum(task, iter(masks))
    theirs, spent = timed(lambda: captum(task))
    report("captum", difference(given, same), theirs, spent, mine, seconds)


def difference(theirs: torch.Tensor, same: torch.Tensor) -> float:
    """Return the largest difference of weights made with the same masks."""
    found = float((theirs - same).abs().max() / same.abs().max())
    if found > 1e-3:
        raise SystemExit(f"The weights differ by {found:.1e} for the same masks; there is nothing to compare.")
    return found


def report(name: str, differs: float, theirs: torch.Tensor, spent: float, mine: torch.Tensor, seconds: float) -> None:
    r = float(torch.corrcoef(torch.stack([theirs, mine]))[0, 1])
    print(f"{'':<26}{name:>9}{differs:>24.1e}{r:>14.4f}{spent:>9.1f}{spent / seconds:>7.1f}", flush=True)


if __name__ == "__main__":
    main()
