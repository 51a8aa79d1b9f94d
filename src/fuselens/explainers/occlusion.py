"""Occlusion: how far the target falls when a window of a source is hidden.

Reference: Zeiler and Fergus, "Visualizing and understanding convolutional networks", ECCV 2014, section 4.2. What
differs: each source is occluded by itself, and one more window covers what strides leave over at the border.
"""

from __future__ import annotations

from typing import Unpack

import torch

from fuselens.core.locality import Box
from fuselens.core.pair import ImagePair
from fuselens.core.results import Attribution
from fuselens.core.targets import Target
from fuselens.explainers.hiding import HidingOptions, evaluator_for
from fuselens.explainers.sampling import Sampling
from fuselens.explainers.windows import Windows


def occlusion(
    model: object,
    pair: ImagePair,
    target: Target | None = None,
    *,
    window: int = 16,
    stride: int | None = None,
    **options: Unpack[HidingOptions],
) -> Attribution:
    """Return, for each pixel, the mean of target(pair) - target(pair with a window hidden) over the windows on it.

    Args:
        model: any `(a, b) -> fused`.
        pair: the sources.
        target: what is explained; None for the similarity of the whole fused image to the original.
        window: side of the square window in pixels; cut to the image.
        stride: pixels from one window to the next; None for half the window.
        options: fill, budgets, device and so on; see `HidingOptions`. Where `units` is given, each unit is hidden by
            itself in place of the windows.

    Returns:
        Maps in the target's own units. Facts: `samples` (windows hidden), `complete`.

    Raises:
        InputError: a setting that cannot be.
        UnknownNameError: an unknown unit, fill or setting.
        ModelError: NaN, wrong shapes, or a model that is not deterministic.
    """
    step = max(1, window // 2) if stride is None else stride
    windows = None if "units" in options else Windows.over(pair, window, step, options.get("which", "both"))
    placed: HidingOptions = {} if windows is None else {"units": windows.units}
    with evaluator_for(model, pair, target, options | placed) as evaluator:
        units = evaluator.units
        sets = [1 << unit for unit in range(units.count)] if windows is None else windows.sets
        effects, known = torch.zeros(len(sets), dtype=torch.float64), torch.zeros(len(sets), dtype=torch.bool)
        sampling = Sampling(len(sets))
        with sampling.until_stopped():
            for numbers in evaluator.affordable(range(len(sets))):
                scores = evaluator.scores([units.everything & ~sets[number] for number in numbers])
                effects[numbers] = evaluator.score_everything - torch.tensor(scores, dtype=torch.float64)
                known[numbers] = True
                sampling.used = numbers[-1] + 1
        values = (effects if windows is None else windows.averaged(effects, known)).float()
        a, b = units.spread(values)
        segments = (units, values) if windows is None else (None, None)
        settings = {} if windows is None else {"window": window, "stride": step}
        return Attribution(
            a, b, pair.names, str(evaluator.target), evaluator.score_everything, "occlusion", Box(0, 0, *pair.size),
            settings | evaluator.record(), facts=sampling.facts(evaluator), units=segments[0], unit_scores=segments[1],
        )  # fmt: skip
