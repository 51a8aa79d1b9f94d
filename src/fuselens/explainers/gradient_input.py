"""Gradient times input: the target's derivative by each source pixel, times how much that pixel shows.

Reference: Shrikumar et al., "Not just a black box: learning important features through propagating activation
differences", 2016. One backward pass; exact where the target is linear in the sources.
"""

from __future__ import annotations

import torch

from fuselens.core.pair import ImagePair
from fuselens.core.results import Attribution
from fuselens.core.targets import Target, refuse_stationary
from fuselens.explainers.backward import middle_pixel, score_of_sources
from fuselens.explainers.baselines import Baseline, baseline_words, make_baselines


def gradient_input(
    model: object,
    pair: ImagePair,
    target: Target | None = None,
    *,
    baseline: Baseline = "black",
    seed: int = 0,
    device: str | torch.device | None = None,
) -> Attribution:
    """Return gradient times (source - baseline) for both sources.

    Args:
        model: any differentiable `(a, b) -> fused`.
        pair: the sources.
        target: what is explained; None for the fused pixel in the image's middle.
        baseline: what counts as showing nothing: black, any fill of `make_fill`, several of them to average over, or
            two images `[H, W]`.
        seed: of a random baseline.
        device: where to compute; None leaves the model where it is.

    Returns:
        Maps in the target's units. Facts: `sum_a` and `sum_b`, the sources' contributions.

    Raises:
        InputError: a target or baseline that cannot be, or a similarity to the fused image itself.
        UnknownNameError: no such fill.
        ModelError: no gradient reaches the sources, or the model returns what is no fused image.

    Example:
        >>> pair = ImagePair.from_arrays(torch.full((9, 9), 0.8), torch.full((9, 9), 0.4))
        >>> found = gradient_input(lambda a, b: 0.5 * a + 0.5 * b, pair)
        >>> round(found.facts["sum_a"], 6), round(found.facts["sum_b"], 6)
        (0.4, 0.2)
    """
    chosen = target or middle_pixel(pair)
    refuse_stationary(chosen, "gradient_input")
    with score_of_sources(model, pair, chosen, device) as score:
        value, *gradients = score.with_gradients(*score.sources)
        without = zip(*make_baselines(baseline, score.a, score.b, seed=seed), strict=True)
        a, b = (
            (gradient * (source - score.cut(torch.cat(several)).mean(dim=0)))[0, 0].cpu().float()
            for gradient, source, several in zip(gradients, score.sources, without, strict=True)
        )
        facts = {"sum_a": float(a.double().sum()), "sum_b": float(b.double().sum())}
        return score.attribution(
            "gradient_input", a, b, float(value), facts=facts, baseline=baseline_words(baseline), seed=seed
        )
