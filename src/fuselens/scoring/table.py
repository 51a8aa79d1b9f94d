"""The table of scores: methods by images by metrics, and what is read off it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from fuselens.core.errors import UnknownNameError
from fuselens.metrics.metric import CANONICAL, Better, FusionMetric

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Column:
    """One metric of a table.

    Attributes:
        name: as it was asked for, such as `"mi"` or `"mi:cddfuse"`.
        title: for people, such as `"MI"` or `"MI (cddfuse)"`.
        better: `"higher"`, `"lower"`, or `"zero"` where the ideal is 0.
        unit: such as `"bit"`, or `""`.
        reference: where the definition stands.
        convention: `"canonical"` or the public code whose numbers these are.
    """

    name: str
    title: str
    better: Better
    unit: str = ""
    reference: str = ""
    convention: str = CANONICAL

    @classmethod
    def of(cls, name: str, metric: FusionMetric, convention: str) -> Column:
        """Describe a metric in a convention."""
        title = metric.title if convention == CANONICAL else f"{metric.title} ({convention})"
        return cls(name, title, metric.better, metric.unit, metric.reference, convention)

    @property
    def arrow(self) -> str:
        """The direction of better values."""
        return {"higher": "↑", "lower": "↓", "zero": "→0"}[self.better]


@dataclass(frozen=True)
class Failure:
    """An image that could not be scored; an empty method means that its sources could not be read."""

    image: str
    method: str
    reason: str


@dataclass(frozen=True, eq=False)
class ScoreTable:
    """Scores of several fusion methods on the same images.

    Attributes:
        methods: names of the methods, in the order given.
        images: names of the images, in natural order.
        columns: the metrics.
        values: `[methods, images, columns]`; NaN where an image failed or a metric is not defined for it.
        failures: what could not be scored, and why.
        names: modality names of the sources.
        settings: what the numbers depend on, for the record.
    """

    methods: tuple[str, ...]
    images: tuple[str, ...]
    columns: tuple[Column, ...]
    values: Numbers
    failures: tuple[Failure, ...] = ()
    names: tuple[str, str] = ("a", "b")
    settings: dict[str, Any] = field(default_factory=dict)

    def counts(self) -> npt.NDArray[np.int64]:
        """Return how many images have a value, `[methods, columns]`."""
        return np.asarray(np.isfinite(self.values).sum(axis=1))

    def means(self) -> Numbers:
        """Return the mean over the finite values, `[methods, columns]`; NaN where there is none."""
        return self._over_images(np.mean)

    def stds(self) -> Numbers:
        """Return the sample standard deviation over the finite values, `[methods, columns]`; 0 for one image."""
        return self._over_images(lambda values: np.std(values, ddof=1) if len(values) > 1 else 0.0)

    def losses(self) -> Numbers:
        """Return the values turned so that lower is better, `[methods, images, columns]`: negated, or their size."""
        turned = self.values.copy()
        for k, column in enumerate(self.columns):
            if column.better == "higher":
                turned[..., k] *= -1
            elif column.better == "zero":
                turned[..., k] = np.abs(turned[..., k])
        return turned

    def common(self) -> npt.NDArray[np.bool_]:
        """Say which images have a value from every method, `[images, columns]`; only these can be compared fairly."""
        return np.asarray(np.isfinite(self.values).all(axis=0))

    def ranks(self) -> Numbers:
        """Return the average rank of each method, 1 the best, over the common images, `[methods, columns]`.

        Ties share the mean of their ranks. NaN where no image is common.
        """
        losses, common = self.losses(), self.common()
        ranks = np.full((len(self.methods), len(self.columns)), np.nan)
        for k in range(len(self.columns)):
            if common[:, k].any():
                ranks[:, k] = rankdata(losses[:, common[:, k], k], axis=0).mean(axis=1)
        return ranks

    def overall_ranks(self) -> Numbers:
        """Return each method's average rank over the metrics that have one, `[methods]`; NaN where none has."""
        ranks = self.ranks()
        have = np.isfinite(ranks)
        count = have.sum(axis=1)
        return np.where(count, np.where(have, ranks, 0).sum(axis=1) / np.maximum(count, 1), np.nan)

    def image_ranks(self) -> Numbers:
        """Return the rank of each method on each image, averaged over the metrics it has there, `[methods, images]`."""
        losses, common = self.losses(), self.common()
        ranks = np.where(common, rankdata(np.where(common, losses, 0.0), axis=0), np.nan)
        have = common.sum(axis=1)
        return np.where(have, np.nansum(ranks, axis=2) / np.maximum(have, 1), np.nan)

    def places(self) -> npt.NDArray[np.int64]:
        """Return each method's place by its mean, 1 the best, `[methods, columns]`; equal means share a place.

        0 where there is no mean.
        """
        means = self.means()
        for k, column in enumerate(self.columns):
            if column.better == "higher":
                means[:, k] *= -1
            elif column.better == "zero":
                means[:, k] = np.abs(means[:, k])
        found = np.isfinite(means)
        places = rankdata(np.where(found, means, np.inf), method="min", axis=0)
        return np.where(found, places, 0).astype(np.int64)

    def column(self, name: str) -> int:
        """Return the index of a column.

        Raises:
            UnknownNameError: no such column.
        """
        return _index("metric of this table", name, [column.name for column in self.columns])

    def method(self, name: str) -> int:
        """Return the index of a method.

        Raises:
            UnknownNameError: no such method.
        """
        return _index("method of this table", name, self.methods)

    def _over_images(self, measure: Any) -> Numbers:
        finite = np.isfinite(self.values)
        return np.array(
            [
                [measure(row[good]) if good.any() else np.nan for row, good in zip(rows.T, goods.T, strict=True)]
                for rows, goods in zip(self.values, finite, strict=True)
            ]
        ).reshape(len(self.methods), len(self.columns))


def _index(kind: str, name: str, known: Sequence[str]) -> int:
    if name not in known:
        raise UnknownNameError(kind, name, known)
    return list(known).index(name)
