"""BayLIME: LIME whose surrogate starts from a prior and knows how sure it is of each unit.

Reference: Zhao, Huang, Huang, Robu, Flynn, "BayLIME: Bayesian local interpretable model-agnostic explanations", UAI
2021. What differs from its public code: this is the posterior itself; the code adds a diagonal part of it to a fit
without prior.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Unpack

import torch

from fuselens.core.errors import InputError
from fuselens.core.pair import ImagePair
from fuselens.core.results import Attribution
from fuselens.core.targets import Target
from fuselens.core.units import Units
from fuselens.explainers.hiding import HidingOptions, evaluator_for
from fuselens.explainers.perturbed import perturb
from fuselens.explainers.posterior import posterior
from fuselens.explainers.surrogate import draw_masks

_RIDGE = 1.0  # LIME's penalty, for the size of the slopes to which a prior is scaled


def baylime(
    model: object,
    pair: ImagePair,
    target: Target | None = None,
    *,
    prior: Attribution | None = None,
    prior_precision: float | None = 1.0,
    noise_precision: float | None = None,
    samples: int = 200,
    kernel_width: float | None = 0.25,
    antithetic: bool = True,
    **options: Unpack[HidingOptions],
) -> Attribution:
    """Return each unit's slope, the mean of its posterior, and the posterior's standard deviation.

    Args:
        model: any `(a, b) -> fused`.
        pair: the sources.
        target: what is explained; None for the similarity of the whole fused image to the original.
        prior: an attribution of this pair; its unit means, scaled so that their magnitudes sum to those of LIME's
            slopes, are the prior's mean. None: 0.
        prior_precision: how firmly the prior holds (lambda); None fits it.
        noise_precision: how exactly a sum over units describes the scores (alpha); None fits it.
        samples: how many masks; the first shows everything.
        kernel_width: as for LIME.
        antithetic: draw masks in pairs with their complements.
        options: units, fill, budgets, device and so on; see `HidingOptions`.

    Returns:
        Maps with each unit's slope at its pixels, and error maps with its standard deviation, in the target's units.
        Facts: as LIME's, `unit_std`, and the precisions on the relative scale: `noise_precision`, `prior_precision`.

    Raises:
        InputError: a setting that cannot be, or a prior of another size.
        UnknownNameError: an unknown unit, fill or setting.
        ModelError: NaN, wrong shapes, or a model that is not deterministic.
    """
    if prior is not None and tuple(prior.a.shape) != pair.size:
        raise InputError(f"The prior has maps of {tuple(prior.a.shape)} but the pair {pair.size}; explain this pair.")
    with evaluator_for(model, pair, target, options) as evaluator:
        units = evaluator.units
        masks = draw_masks(units.count, samples, antithetic=antithetic, seed=options.get("seed", 0))
        perturbed = perturb(evaluator, masks, kernel_width)
        slopes = perturbed.regression.ridge(_RIDGE)[:, 0]
        span = float(perturbed.span[0])
        mean = _prior_mean(prior, units, slopes) * (-1 if span < 0 else 1)  # the fit is of the relative score
        found = posterior(perturbed.regression, mean, noise_precision=noise_precision, prior_precision=prior_precision)
        std = found.std * abs(span)
        settings = {
            "prior": None if prior is None else {"method": prior.method, "target": prior.target},
            "prior_precision": prior_precision, "noise_precision": noise_precision,
            "samples": samples, "kernel_width": kernel_width, "antithetic": antithetic,
        }  # fmt: skip
        more = {
            "unit_std": std.tolist(),
            "noise_precision": found.noise_precision,
            "prior_precision": found.prior_precision,
        }
        made = perturbed.attribution("baylime", found.mean[:, None], evaluator, settings, more=more)
        error_a, error_b = units.spread(std.float())
        return replace(made, error_a=error_a, error_b=error_b)


def _prior_mean(prior: Attribution | None, units: Units, slopes: torch.Tensor) -> torch.Tensor:
    """Return a map's unit means, scaled to the magnitude of the slopes; zeros without a map or for an empty one."""
    if prior is None:
        return torch.zeros_like(slopes)
    means = units.means(prior.a, prior.b)
    total = means.abs().sum()
    return means * (slopes.abs().sum() / total) if total > 0 else torch.zeros_like(slopes)
