"""Occlusion and Integrated Gradients here against Captum's: the same windows, baselines and steps on the same model.

    python benchmarks/captum_peers.py [--side 128] [--window 16] [--stride 8] [--steps 64]

Captum gets both sources as a tuple of inputs and a function that fuses them whole and returns the target. Maps are
compared before times are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from captum.attr import IntegratedGradients, Occlusion

import fuselens as fl
from fuselens.core.fills import make_fill
from fuselens.core.model import explaining
from fuselens.core.targets import RegionMean, Target
from fuselens.explainers.integrated_gradients import integrated_gradients
from fuselens.explainers.occlusion import occlusion
from scene import MODEL, conditions, middle, parser_for, street, timed

BATCH = 16
Maps = tuple[torch.Tensor, torch.Tensor]


@dataclass(frozen=True)
class Task:
    """A target of a fused pair, and the blurred sources from which both sides count."""

    model: fl.FusionModel
    pair: fl.ImagePair
    target: Target
    window: int
    stride: int
    steps: int

    def score(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        """Return the target's value for sources `[N, 1, H, W]`."""
        return self.target(self.model(a, b)[(..., *self.target.box(self.pair.size).slices)])

    def baselines(self) -> Maps:
        """Return both sources blurred, `[1, 1, H, W]`."""
        blur, labels = make_fill("blur"), torch.zeros(self.pair.size, dtype=torch.long)
        a, b = self.pair.a.y, self.pair.b.y
        return blur(a, b, labels)[None, None], blur(b, a, labels)[None, None]


def our_occlusion(task: Task) -> Maps:
    found = occlusion(
        task.model, task.pair, task.target, window=task.window, stride=task.stride, fill="blur", batch_size=BATCH
    )
    return found.a, found.b


def captums_occlusion(task: Task) -> Maps:
    side = (1, task.window, task.window)
    step = (1, task.stride, task.stride)
    with torch.no_grad():
        a, b = Occlusion(task.score).attribute(
            task.pair.tensors(), (side, side), strides=(step, step), baselines=task.baselines(),
            perturbations_per_eval=BATCH,
        )  # fmt: skip
    return a[0, 0], b[0, 0]


def our_integral(task: Task) -> Maps:
    found = integrated_gradients(
        task.model, task.pair, task.target, baseline="blur", steps=task.steps, max_steps=task.steps, batch_size=BATCH
    )
    return found.a, found.b


def captums_integral(task: Task) -> Maps:
    a, b = IntegratedGradients(task.score).attribute(
        task.pair.tensors(), task.baselines(), n_steps=task.steps, method="riemann_middle", internal_batch_size=BATCH
    )
    return a.detach()[0, 0].float(), b.detach()[0, 0].float()


METHODS: dict[str, tuple[Callable[[Task], Maps], Callable[[Task], Maps]]] = {
    "occlusion": (our_occlusion, captums_occlusion),
    "integrated gradients": (our_integral, captums_integral),
}


def main() -> None:
    """Explain a region's mean, then the whole image's, by each method."""
    chosen = parser_for(__doc__, window=16, stride=8, steps=64).parse_args()
    pair, model = street(chosen.side), fl.load_model(*MODEL)
    if any((length - chosen.window) % chosen.stride for length in pair.size):
        raise SystemExit("Windows must end at the border, where the two place the last ones differently; see --side.")
    print(f"{conditions(pair)}, windows of {chosen.window} every {chosen.stride}, {chosen.steps} steps")
    print(f"{'method':<22}{'target':<26}{'difference':>11}{'captum s':>10}{'ours s':>8}{'ratio':>7}")
    with explaining(model):
        for target in (RegionMean(middle(pair)), RegionMean()):
            task = Task(model, pair, target, chosen.window, chosen.stride, chosen.steps)
            for name, (here, there) in METHODS.items():
                mine, seconds = timed(lambda here=here, task=task: here(task))
                theirs, spent = timed(lambda there=there, task=task: there(task))
                largest = max(float(each.abs().max()) for each in theirs)
                apart = max(float((x - y).abs().max()) for x, y in zip(mine, theirs, strict=True)) / largest
                if apart > 1e-2:
                    raise SystemExit(f"The maps of {name} differ by {apart:.1e}; there is nothing to compare.")
                times = f"{spent:>10.1f}{seconds:>8.1f}{spent / seconds:>7.1f}"
                print(f"{name:<22}{target!s:<26}{apart:>11.1e}{times}", flush=True)


if __name__ == "__main__":
    main()
