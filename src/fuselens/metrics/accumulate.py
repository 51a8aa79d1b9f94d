"""Every fusion metric as a `torchmetrics.Metric`: accumulates over batches, syncs across processes.

Reference: the protocol of torchmetrics (Detlefsen et al., JOSS 7(70), 2022).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torchmetrics import Metric, MetricCollection

from fuselens.metrics import DEFAULT_METRICS, chosen_metrics
from fuselens.metrics.metric import CANONICAL


class FusionScore(Metric):
    """The mean of one fusion metric over all images seen, for training loops and `MetricCollection`.

    `update(a, b, fused)` takes batches `[N, 1, H, W]` in `[0, 1]`. Images for which the metric is not defined (NaN) are
    left out of the mean and counted in `undefined`.

    Args:
        name: a metric, such as `"qabf"` or `"mi:cddfuse"`.
        convention: a public code whose numbers to reproduce; may also stand behind the name.
        settings: passed to `torchmetrics.Metric`, such as `dist_sync_on_step`.

    Raises:
        UnknownNameError: no such metric or convention.

    Example:
        >>> score = FusionScore("en")
        >>> half = torch.tensor([0, 1.0]).repeat(1, 1, 8, 4)
        >>> score.update(half, half, half)
        >>> score.compute()
        tensor(1.)
    """

    full_state_update = False

    def __init__(self, name: str, convention: str | None = None, **settings: Any) -> None:
        """Look the metric up and start from nothing."""
        super().__init__(**settings)
        asked = name if convention is None else f"{name}:{convention}"
        ((self.name, (self.metric, self.convention)),) = chosen_metrics([asked]).items()
        # States carry the metric's name: collections merge metrics whose states look alike, and these must not be.
        self._total, self._count, self._undefined = (
            f"{self.metric.name}_{self.convention}_{word}" for word in ("total", "count", "undefined")
        )
        self.add_state(self._total, default=torch.zeros((), dtype=torch.float64), dist_reduce_fx="sum")
        self.add_state(self._count, default=torch.zeros((), dtype=torch.long), dist_reduce_fx="sum")
        self.add_state(self._undefined, default=torch.zeros((), dtype=torch.long), dist_reduce_fx="sum")

    @property
    def higher_is_better(self) -> bool | None:  # type: ignore[override]
        """Whether larger is better; None where the ideal is 0."""
        return {"higher": True, "lower": False, "zero": None}[self.metric.better]

    @property
    def is_differentiable(self) -> bool:  # type: ignore[override]
        """Whether the metric has useful gradients with respect to the fused image."""
        return self.metric.differentiable

    @property
    def plot_lower_bound(self) -> float | None:  # type: ignore[override]
        """The smallest possible value, or None."""
        return self.metric.bounds[0]

    @property
    def plot_upper_bound(self) -> float | None:  # type: ignore[override]
        """The largest possible value, or None."""
        return self.metric.bounds[1]

    def update(self, a: torch.Tensor, b: torch.Tensor, fused: torch.Tensor) -> None:
        """Add a batch."""
        values = self.metric(a, b, fused, convention=self.convention)
        defined = ~values.isnan()
        self._add(self._total, torch.where(defined, values, 0).sum())
        self._add(self._count, defined.sum())
        self._add(self._undefined, (~defined).sum())

    def compute(self) -> torch.Tensor:
        """Return the mean over all images where the metric is defined; NaN before any."""
        total: torch.Tensor = getattr(self, self._total)
        count: torch.Tensor = getattr(self, self._count)
        return (total / count).to(torch.get_default_dtype())

    @property
    def undefined(self) -> int:
        """How many images had no value."""
        return int(getattr(self, self._undefined))

    def _add(self, state: str, amount: torch.Tensor) -> None:
        setattr(self, state, getattr(self, state) + amount)


def score_collection(
    names: Iterable[str] = DEFAULT_METRICS, *, compat: str | None = None, **settings: Any
) -> MetricCollection:
    """Return several metrics as one `MetricCollection`, under the names of `chosen_metrics`.

    Raises:
        UnknownNameError: no such metric or convention.

    Example:
        >>> sorted(score_collection(["en", "cc"]))
        ['cc', 'en']
    """
    return MetricCollection(
        {
            name: FusionScore(metric.name, None if convention == CANONICAL else convention)
            for name, (metric, convention) in chosen_metrics(names, compat=compat).items()
        },
        **settings,
    )
