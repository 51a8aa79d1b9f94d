"""Principal components of a table of features that may be larger than memory: exact, batch by batch.

Reference: Jolliffe, "Principal Component Analysis", 2nd edition, 2002, chapter 1 and section 3.5.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fuselens.confounders.features import Table

Numbers = npt.NDArray[np.float64]
_BATCH = 4096  # rows in memory at a time


@dataclass(frozen=True, eq=False)
class Projection:
    """The directions along which features vary most.

    Attributes:
        mean: `[F]`, taken off a feature before it is projected.
        axes: `[dim, F]`, orthonormal, the direction of the largest variance first; rows of 0 where features have fewer.
        shares: `[dim]`, the part of the variance that each explains; all 0 where nothing varies.
        components: directions that are not padding.
    """

    mean: Numbers
    axes: Numbers
    shares: Numbers
    components: int

    def __call__(self, table: Table) -> Numbers:
        """Return the coordinates `[n, dim]` of features `[n, F]`."""
        return np.concatenate([(rows - self.mean) @ self.axes.T for rows in _batches(table)])


def fit_projection(table: Table, dim: int) -> Projection:
    """Find the `dim` principal components of features `[n, F]`; n images span n - 1 directions at most.

    Where there are more images than features, only the covariance `[F, F]` is kept in memory.
    """
    count, length = table.shape
    mean = sum((rows.sum(axis=0) for rows in _batches(table)), np.zeros(length)) / count
    if count <= length:
        _, singular, axes = np.linalg.svd(table - mean, full_matrices=False)
        variances = singular**2
    else:
        scatter = np.zeros((length, length))
        for rows in _batches(table):
            scatter += (rows - mean).T @ (rows - mean)
        values, vectors = np.linalg.eigh(scatter)
        variances, axes = values[::-1].clip(min=0), vectors.T[::-1]
    kept = min(dim, count - 1, length)
    total = variances.sum()
    padded = np.zeros((dim, length))
    padded[:kept] = _upright(axes[:kept])
    shares = np.zeros(dim)
    shares[:kept] = variances[:kept] / total if total > 0 else 0
    return Projection(mean, padded, shares, kept)


def _upright(axes: Numbers) -> Numbers:
    """Turn every axis so that its largest entry is positive: either direction is as good, but results must repeat."""
    largest = axes[np.arange(len(axes)), np.abs(axes).argmax(axis=1)]
    return axes * np.where(largest < 0, -1.0, 1.0)[:, None]


def _batches(table: Table) -> Iterator[Numbers]:
    for start in range(0, len(table), _BATCH):
        yield table[start : start + _BATCH].astype(np.float64)
