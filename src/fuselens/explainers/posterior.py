"""Bayesian linear regression with a prior mean: the posterior of a surrogate's slopes.

References: MacKay, "Bayesian interpolation", Neural Computation 4(3), 1992, for the evidence updates; Zhao et al.,
"BayLIME", UAI 2021, for the use of a prior mean.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from fuselens.core.errors import InputError
from fuselens.explainers.surrogate import Regression

MOST_UPDATES, TOLERANCE = 1000, 1e-4
_HYPER = 1e-6  # shape and rate of the Gamma priors of both precisions: they bound them where the fit is perfect


@dataclass(frozen=True, eq=False)
class Posterior:
    """A normal distribution over the slopes.

    Attributes:
        mean: `[units]`.
        std: standard deviation of each slope, `[units]`.
        noise_precision, prior_precision: as given or fitted.
    """

    mean: torch.Tensor
    std: torch.Tensor
    noise_precision: float
    prior_precision: float


def posterior(
    regression: Regression,
    prior_mean: torch.Tensor,
    *,
    noise_precision: float | None = None,
    prior_precision: float | None = None,
) -> Posterior:
    """Return the posterior of the slopes of the first target.

    With noise precision alpha, prior N(mu0, 1/lambda) and weights W: covariance (lambda I + alpha X'WX)^-1 and mean
    covariance (lambda mu0 + alpha X'Wy). Precisions that are not given are fitted to the evidence.

    Args:
        regression: the masks and scores.
        prior_mean: mu0, `[units]`.
        noise_precision: alpha; None fits it.
        prior_precision: lambda; None fits it.

    Raises:
        InputError: a precision that is not above 0.
    """
    for name, given in (("noise", noise_precision), ("prior", prior_precision)):
        if given is not None and not given > 0:
            raise InputError(f"Expected a {name} precision above 0 but got {given}; None fits it.")
    values, vectors = torch.linalg.eigh(regression.gram)
    values = values.clamp(min=0)
    prior, moment = vectors.T @ prior_mean.double(), vectors.T @ regression.moment[:, 0]
    variance = float((regression.weights @ regression.y[:, 0] ** 2) / max(len(regression.y), 1))
    alpha = noise_precision if noise_precision is not None else 1 / max(variance, _HYPER)
    lam = prior_precision if prior_precision is not None else 1.0
    mean = (lam * prior + alpha * moment) / (lam + alpha * values)
    for _ in range(MOST_UPDATES if None in (noise_precision, prior_precision) else 0):
        known = float((alpha * values / (lam + alpha * values)).sum())  # how many slopes the data decide
        if prior_precision is None:
            lam = (known + 2 * _HYPER) / (float(((mean - prior) ** 2).sum()) + 2 * _HYPER)
        if noise_precision is None:
            error = float(regression.residual((vectors @ mean)[:, None])[0])
            alpha = (len(regression.y) - known + 2 * _HYPER) / (error + 2 * _HYPER)
        before, mean = mean, (lam * prior + alpha * moment) / (lam + alpha * values)
        if float((mean - before).abs().sum()) < TOLERANCE * max(float(mean.abs().sum()), _HYPER):
            break
    spread = (vectors**2 / (lam + alpha * values)).sum(dim=1).sqrt()
    return Posterior(vectors @ mean, spread, alpha, lam)
