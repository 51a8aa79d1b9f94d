"""Clusters of images by their features: k-means++, the largest cluster first.

Reference: Arthur and Vassilvitskii, "k-means++: the advantages of careful seeding", SODA 2007.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fuselens.confounders.projection import Numbers

Labels = npt.NDArray[np.int64]
_STARTS, _MOST_STEPS = 10, 10_000


@dataclass(frozen=True, eq=False)
class Clusters:
    """A division of n images into N scenes.

    Attributes:
        labels: `[n]`, the scene of each image.
        centres: `[N, dim]`, the mean of the coordinates of each scene's images.
        sizes: `[N]`, images in each scene, falling.
        distances: `[n]`, how far each image lies from its scene's centre.
    """

    labels: Labels
    centres: Numbers
    sizes: Labels
    distances: Numbers

    def members(self, scene: int) -> Labels:
        """Return the images of a scene, the one nearest to the centre first."""
        inside = np.flatnonzero(self.labels == scene)
        nearest: Labels = inside[np.argsort(self.distances[inside], kind="stable")]
        return nearest


def find_clusters(coordinates: Numbers, count: int, seed: int) -> Clusters:
    """Divide images with `coordinates` `[n, dim]` into `count` clusters.

    The best of ten starts by k-means++, each run until no image changes its cluster, so that every image lies in the
    cluster of its nearest centre and every centre is a mean. At least `count` rows must differ.
    """
    from sklearn.cluster import KMeans

    found = KMeans(count, init="k-means++", n_init=_STARTS, max_iter=_MOST_STEPS, tol=0, random_state=seed)
    labels = found.fit(coordinates).labels_.astype(np.int64)
    sizes = np.bincount(labels, minlength=count)
    first = np.array([np.flatnonzero(labels == cluster)[0] for cluster in range(count)])
    falling = np.lexsort((first, -sizes))
    labels = np.argsort(falling)[labels]
    centres = np.stack([coordinates[labels == cluster].mean(axis=0) for cluster in range(count)])
    distances = np.linalg.norm(coordinates - centres[labels], axis=1)
    return Clusters(labels, centres, sizes[falling], distances)
