"""The linear surrogate of LIME and BayLIME: random masks, their weights, and the regression of scores on masks.

Reference: Ribeiro, Singh, Guestrin, "Why should I trust you?", KDD 2016, and its public code, whose kernel this is.
Masks and scores are centred by their weighted means, so that the intercept is not shrunk.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from fuselens.core.errors import InputError


@dataclass(frozen=True, eq=False)
class Regression:
    """The weighted regression problem, in float64.

    Attributes:
        x: masks less their weighted mean, `[N, units]`.
        y: relative scores less their weighted mean, `[N, targets]`.
        weights: of the samples, `[N]`.
        x_mean, y_mean: the means, `[units]` and `[targets]`.
    """

    x: torch.Tensor
    y: torch.Tensor
    weights: torch.Tensor
    x_mean: torch.Tensor
    y_mean: torch.Tensor

    @classmethod
    def of(cls, masks: torch.Tensor, scores: torch.Tensor, weights: torch.Tensor) -> Regression:
        """Centre masks `[N, units]` and scores `[N, targets]`."""
        x, y, weights = masks.double(), scores.double(), weights.double()
        share = weights / weights.sum().clamp(min=torch.finfo(torch.float64).tiny)
        x_mean, y_mean = share @ x, share @ y
        return cls(x - x_mean, y - y_mean, weights, x_mean, y_mean)

    @property
    def gram(self) -> torch.Tensor:
        """The weighted products of the masks, `[units, units]`."""
        return self.x.T @ (self.weights[:, None] * self.x)

    @property
    def moment(self) -> torch.Tensor:
        """The weighted products of masks and scores, `[units, targets]`."""
        return self.x.T @ (self.weights[:, None] * self.y)

    def residual(self, slopes: torch.Tensor) -> torch.Tensor:
        """Return the weighted sum of squared errors, `[targets]`."""
        squares: torch.Tensor = (self.y - self.x @ slopes) ** 2
        return self.weights @ squares

    def ridge(self, penalty: float) -> torch.Tensor:
        """Return the slopes `[units, targets]`; one factorisation serves all targets.

        Raises:
            InputError: a penalty that is not above 0.
        """
        if not penalty > 0:
            raise InputError(f"Expected a ridge penalty above 0 but got {penalty}; take 1e-6 for next to none.")
        shrunk = self.gram + penalty * torch.eye(self.x.shape[1], dtype=self.x.dtype)
        slopes: torch.Tensor = torch.linalg.solve(shrunk, self.moment)
        return slopes

    def intercept(self, slopes: torch.Tensor) -> torch.Tensor:
        """Return what the surrogate predicts with nothing shown, `[targets]`."""
        return self.y_mean - self.x_mean @ slopes

    def r2(self, slopes: torch.Tensor) -> torch.Tensor:
        """Return the weighted share of the scores' variance that the surrogate explains, `[targets]`; 0 without any."""
        total = self.weights @ self.y**2
        return torch.where(total > 0, 1 - self.residual(slopes) / total, 0.0)


def draw_masks(count: int, samples: int, *, antithetic: bool, seed: int) -> torch.Tensor:
    """Return random masks `[samples, count]` (bool), each unit shown with chance 1/2; the first shows everything.

    Antithetic masks come in pairs of a mask and its complement, which makes the surrogate's slopes less noisy.

    Raises:
        InputError: fewer than 2 samples.
    """
    if samples < 2:
        raise InputError(f"Expected at least 2 samples but got {samples}.")
    generator = torch.Generator().manual_seed(seed)
    masks = torch.rand(-(-samples // 2) if antithetic else samples, count, generator=generator) < 0.5
    masks[0] = True
    return torch.stack([masks, ~masks], dim=1).flatten(0, 1)[:samples] if antithetic else masks


def kernel(masks: torch.Tensor, width: float | None) -> torch.Tensor:
    """Return LIME's weights `[N]`: exp(-d² / 2 width²) of the cosine distance d to the mask that shows everything.

    Args:
        masks: `[N, units]`.
        width: small for weights that fall fast; None weighs all alike.

    Raises:
        InputError: a width that is not above 0.
    """
    if width is None:
        return torch.ones(len(masks), dtype=torch.float64)
    if not width > 0:
        raise InputError(f"Expected a kernel width above 0 but got {width}; None weighs all samples alike.")
    distance = 1 - masks.double().mean(dim=1).sqrt()
    return torch.exp(-(distance**2) / (2 * width**2))


def as_sets(masks: torch.Tensor) -> list[int]:
    """Return masks `[N, units]` (bool) as bitmasks."""
    return [int.from_bytes(row.tobytes(), "little") for row in np.packbits(masks.numpy(), axis=1, bitorder="little")]
