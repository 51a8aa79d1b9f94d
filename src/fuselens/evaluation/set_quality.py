"""The quality of one set: does it hold, how large is it, what could be spared, and what of the images it preserves.

Reference: paper 000, tables 1 and 2 (sufficiency, necessity, information preservation).
"""

from __future__ import annotations

import torch

from fuselens.core.errors import InputError
from fuselens.core.evaluator import Evaluator
from fuselens.core.explanation import SetExplanation
from fuselens.core.run import fuse_luma
from fuselens.core.ssim import ssim_map
from fuselens.evaluation.budget import within_budget
from fuselens.explainers.ddfimage import property_of

NONE = float("nan")


def set_quality(evaluator: Evaluator, explanation: SetExplanation) -> dict[str, float]:
    """Return the measures of a set, named as in the literature with `set_` before; NaN for what an empty set lacks.

    - `set_sufficiency`, `set_necessity`, `set_both`: 1 or 0; over many images their means are the rates.
    - `set_size`, `set_area`: parts of all units, and of all pixels that can be hidden.
    - `set_margin`: how far the certificate is from tipping.
    - `set_redundancy`: the part of its units any one of which can be spared; 0 for 1-minimal sets.
    - `set_source_ssim`: SSIM of the sources with only the set shown to the whole ones, over the sources with units.
    - `set_fused_ssim`: SSIM of the fused image of these to the original one.

    Args:
        evaluator: at work, with the set's own units, target and fill.
        explanation: the set.

    Raises:
        InputError: the evaluator has other units or another target, or the images are smaller than 11x11.
        BudgetReachedError: the evaluator's budget does not last.
    """
    _check_same(evaluator, explanation)
    found = {
        "set_sufficiency": float(explanation.is_sufficient),
        "set_necessity": float(explanation.is_necessary),
        "set_both": float(explanation.is_sufficient and explanation.is_necessary),
    }
    if not explanation.kept:
        lacking = ("size", "area", "margin", "redundancy", "source_ssim", "fused_ssim")
        return found | dict.fromkeys([f"set_{name}" for name in lacking], NONE)
    return found | {
        "set_size": explanation.size / explanation.units.count,
        "set_area": explanation.area,
        "set_margin": explanation.margin,
        "set_redundancy": redundancy(evaluator, explanation),
        "set_source_ssim": source_ssim(explanation),
        "set_fused_ssim": fused_ssim(evaluator.model, explanation),
    }


def redundancy(evaluator: Evaluator, explanation: SetExplanation) -> float:
    """Return the part of the set's units whose single removal keeps the property.

    Raises:
        BudgetReachedError: the evaluator's budget does not last.
    """
    judge = property_of(evaluator, explanation.level, explanation.mode, is_relative=explanation.is_relative)
    removals = [explanation.kept & ~(1 << unit) for unit in explanation.members]
    with within_budget():
        spared = judge(removals) if explanation.size > 1 else [False]  # the empty set never has it
    return sum(spared) / explanation.size


def source_ssim(explanation: SetExplanation) -> float:
    """Return the SSIM of the sources with only the set shown to the whole ones, averaged over sources with units.

    Raises:
        InputError: images smaller than the window.
    """
    labels = explanation.units.labels_a, explanation.units.labels_b
    values = [
        _ssim(shown.y, source.y)
        for shown, source, units in zip(explanation.explained_pair(), explanation.pair, labels, strict=True)
        if bool((units >= 0).any())
    ]
    return sum(values) / len(values)


def fused_ssim(model: object, explanation: SetExplanation) -> float:
    """Return the SSIM of the fused image with only the set shown to the original one.

    Raises:
        InputError: images smaller than the window.
    """
    return _ssim(fuse_luma(model, explanation.explained_pair()), explanation.fused)


def _ssim(x: torch.Tensor, y: torch.Tensor) -> float:
    first, second = (image.detach().cpu()[None, None].double() for image in (x, y))
    return float(ssim_map(first, second).mean())


def _check_same(evaluator: Evaluator, explanation: SetExplanation) -> None:
    if not evaluator.units.same_as(explanation.units) or str(evaluator.target) != explanation.target:
        raise InputError(
            f"The evaluator scores {evaluator.target} by {evaluator.units.count} units but the set explains "
            f"{explanation.target} by {explanation.units.count}; use evaluation.reopening.reopened(model, explanation)."
        )
