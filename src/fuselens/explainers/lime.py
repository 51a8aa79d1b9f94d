"""LIME: the slopes of a linear surrogate that is fitted to the scores of random subsets of the units.

Reference: Ribeiro, Singh, Guestrin, "Why should I trust you?", KDD 2016. What differs: the intercept is not shrunk,
masks come in antithetic pairs, the seed decides everything, and any number of targets share one set of masks;
`preset="lime"` draws, fills and segments as the public code does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Unpack, overload

from fuselens.core.errors import InputError, UnknownNameError
from fuselens.core.evaluator import Evaluator
from fuselens.core.pair import ImagePair
from fuselens.core.results import Attribution
from fuselens.core.targets import Target
from fuselens.explainers.hiding import HidingOptions, evaluator_for
from fuselens.explainers.joint_target import JointTarget
from fuselens.explainers.perturbed import Ask, perturb
from fuselens.explainers.surrogate import draw_masks


@overload
def lime(
    model: object, pair: ImagePair, target: Target | None = ..., *, targets: None = ..., samples: int = ...,
    kernel_width: float | None = ..., ridge: float = ..., antithetic: bool = ..., preset: Literal["lime"] | None = ...,
    **options: Unpack[HidingOptions],
) -> Attribution: ...  # fmt: skip
@overload
def lime(
    model: object, pair: ImagePair, target: None = ..., *, targets: Sequence[Target], samples: int = ...,
    kernel_width: float | None = ..., ridge: float = ..., antithetic: bool = ..., preset: Literal["lime"] | None = ...,
    **options: Unpack[HidingOptions],
) -> list[Attribution]: ...  # fmt: skip
def lime(
    model: object,
    pair: ImagePair,
    target: Target | None = None,
    *,
    targets: Sequence[Target] | None = None,
    samples: int = 1000,
    kernel_width: float | None = 0.25,
    ridge: float = 1.0,
    antithetic: bool = True,
    preset: Literal["lime"] | None = None,
    **options: Unpack[HidingOptions],
) -> Attribution | list[Attribution]:
    """Return each unit's slope: how much showing it adds to the target on average.

    The surrogate is fitted to the relative score (nothing 0, everything 1) and told in the target's own units.

    Args:
        model: any `(a, b) -> fused`.
        pair: the sources.
        target: what is explained; None for the similarity of the whole fused image to the original.
        targets: many targets instead; a list comes back, each as if explained alone, for the images of one.
        samples: how many masks; the first shows everything.
        kernel_width: how fast a mask's weight falls with its cosine distance to showing everything; None: not at all.
        ridge: penalty of the slopes; the intercept bears none.
        antithetic: draw masks in pairs with their complements.
        preset: `"lime"`: quickshift units, segment means as fill, independent masks.
        options: units, fill, budgets, device and so on; see `HidingOptions`.

    Returns:
        Maps with each unit's slope at its pixels, in the target's units. Facts: `r2` (weighted), `intercept` and
        `local_prediction` (for nothing and for everything shown, the latter to be compared with `value`), `share_a` (of
        the slopes' magnitudes), `samples`, `complete`, and `warning` where R² is below 0.3.

    Raises:
        InputError: a setting that cannot be, or both target and targets.
        UnknownNameError: an unknown preset, unit, fill or setting.
        ModelError: NaN, wrong shapes, or a model that is not deterministic.
    """
    if preset not in (None, "lime"):
        raise UnknownNameError("preset", str(preset), ("lime",))
    if target is not None and targets is not None:
        raise InputError("Expected target or targets but got both; put all of them into targets.")
    if preset == "lime":
        published: HidingOptions = {"units": "quickshift", "fill": "segment_mean"}
        options, antithetic = published | options, False
    joint = None if targets is None else JointTarget(list(targets))
    with evaluator_for(model, pair, joint or target, options) as evaluator:
        masks = draw_masks(evaluator.units.count, samples, antithetic=antithetic, seed=options.get("seed", 0))
        perturbed = perturb(evaluator, masks, kernel_width, None if joint is None else _reader(evaluator))
        slopes = perturbed.regression.ridge(ridge)
        settings = {
            "samples": samples, "kernel_width": kernel_width, "ridge": ridge, "antithetic": antithetic,
            "preset": preset,
        }  # fmt: skip
        found = [
            perturbed.attribution("lime", slopes, evaluator, settings, index=index, target=str(each))
            for index, each in enumerate([evaluator.target] if joint is None else joint.targets)
        ]
    return found[0] if targets is None else found


def _reader(evaluator: Evaluator) -> Ask:
    """Return what asks for the scores of all targets, cut from the same fused images."""
    joint = evaluator.target
    assert isinstance(joint, JointTarget)
    return lambda sets: joint.each(evaluator.fused_for(sets)).cpu().double()
