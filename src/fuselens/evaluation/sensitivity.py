"""Max-sensitivity: how far can a little noise in the sources move the explanation?

Reference: Yeh et al., "On the (in)fidelity and sensitivity of explanations", NeurIPS 2019, definition 2.
"""

from __future__ import annotations

from dataclasses import replace

import torch

from fuselens.core.errors import InputError
from fuselens.core.explanation import SetExplanation
from fuselens.core.pair import ImagePair
from fuselens.core.targets import Target
from fuselens.evaluation.likeness import Method, jaccard, maps_of


def max_sensitivity(
    method: Method,
    model: object,
    pair: ImagePair,
    target: Target,
    *,
    noise: float = 0.02,
    samples: int = 10,
    seed: int = 0,
) -> dict[str, float]:
    """Return the largest change of the explanation under uniform noise; low is good.

    Key `max_sensitivity`: for maps the norm of the change over the norm of the map, for sets 1 less the Jaccard index.

    Args:
        method: an explainer with its settings: `(model, pair, target) -> result`.
        model: any `(a, b) -> fused`.
        pair: the sources.
        target: what is explained.
        noise: largest change of a source pixel, as a part of the range of values.
        samples: noisy pairs.
        seed: of the noise.

    Raises:
        InputError: noise that is not above 0, or no samples.
    """
    if noise <= 0 or samples < 1:
        raise InputError(f"Expected noise above 0 and at least one sample but got {noise} and {samples}.")
    random = torch.Generator().manual_seed(seed)
    own = method(model, pair, target)
    maps = maps_of(own)
    changes = []
    for _ in range(samples):
        moved = maps_of(method(model, _noisy(pair, noise, random), target))
        if isinstance(own, SetExplanation):
            changes.append(1 - jaccard(maps, moved))
        else:
            changes.append(float((moved - maps).norm() / maps.norm().clamp(min=torch.finfo(maps.dtype).tiny)))
    return {"max_sensitivity": max(changes)}


def _noisy(pair: ImagePair, noise: float, random: torch.Generator) -> ImagePair:
    moved = []
    for source in pair:
        change = (2 * torch.rand(pair.size, generator=random) - 1) * noise
        moved.append(replace(source, y=(source.y + change.to(source.y)).clamp(0, 1)))
    return ImagePair(moved[0], moved[1])
