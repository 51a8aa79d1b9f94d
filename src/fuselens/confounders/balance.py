"""How evenly a set of images is spread over its scenes, and whether both modalities see the same scenes.

Reference: effective number: Hill, "Diversity and evenness", Ecology 54(2), 1973, of order 1. Agreement: Vinh, Epps and
Bailey, "Information theoretic measures for clusterings comparison", JMLR 11, 2010.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Balance:
    """The imbalance of one modality.

    Attributes:
        shares: part of the images in each scene; they sum to 1.
        entropy: of the shares, in nats; the logarithm of the number of scenes where all are of one size.
        effective: its exponential: as many scenes of one size would be as even.
        largest: the largest share.
        gini: Gini coefficient of the shares: 0 where all are of one size, towards 1 where one scene has nearly all.
    """

    shares: tuple[float, ...]
    entropy: float
    effective: float
    largest: float
    gini: float


def balance_of(sizes: npt.ArrayLike) -> Balance:
    """Return the imbalance of scenes with so many images each, all above 0.

    Example:
        >>> even = balance_of([5, 5, 5, 5])
        >>> round(even.effective, 6), even.gini, even.largest
        (4.0, 0.0, 0.25)
    """
    shares = np.asarray(sizes, np.float64)
    shares = shares / shares.sum()
    entropy = float(-(shares * np.log(shares)).sum())
    count = len(shares)
    gini = float((2 * np.arange(1, count + 1) - count - 1) @ np.sort(shares)) / count
    return Balance(tuple(shares.tolist()), entropy, float(np.exp(entropy)), float(shares.max()), gini)


def agreement(labels_a: npt.NDArray[np.int64], labels_b: npt.NDArray[np.int64]) -> float:
    """Return the adjusted mutual information of two divisions `[n]` of the same images.

    1 where each tells the other, about 0 where they agree as chance would have it, and below 0 where less.
    """
    from sklearn.metrics import adjusted_mutual_info_score

    return float(adjusted_mutual_info_score(labels_a, labels_b))
