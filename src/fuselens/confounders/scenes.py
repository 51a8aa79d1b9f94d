"""Find the scenes of a set of pairs, each modality for itself: features, principal components, k-means++.

Reference: paper 003, "confounder dictionary Z".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fuselens.confounders.clusters import Clusters, find_clusters
from fuselens.confounders.features import Features, Progress, Table, chosen_backbone, read_features
from fuselens.confounders.projection import Numbers, Projection, fit_projection
from fuselens.core.errors import InputError
from fuselens.data.folders import PairFiles
from fuselens.data.images import Window


@dataclass(frozen=True)
class SceneSettings:
    """What decides the scenes besides the images.

    Attributes:
        scenes: how many of each modality, at least 2; N in paper 003.
        dim: length of a scene's vector; where the images span fewer dimensions, zeros follow.
        backbone: `NAME` or `NAME:WEIGHTS` of `BACKBONES`, or any function of an image `[1, 1, H, W]` in `[0, 1]` that
            returns `[F]`.
        seed: of k-means++.
        window: values that become 0 and 1 in files deeper than 8 bit; see `read_pair`.
        device: where the features are computed.
    """

    scenes: int = 25
    dim: int = 128
    backbone: str | Features = "gist"
    seed: int = 0
    window: Window = None
    device: str = "cpu"


@dataclass(frozen=True, eq=False)
class ModalityScenes:
    """The scenes of one modality.

    Attributes:
        name: the modality.
        projection: from features to coordinates.
        coordinates: `[n, dim]` of the images.
        clusters: their division into scenes.
    """

    name: str
    projection: Projection
    coordinates: Numbers
    clusters: Clusters

    @property
    def points(self) -> Numbers:
        """The images on a map, `[n, 2]`: their coordinates along the two directions that differ most."""
        return np.pad(self.coordinates[:, :2], ((0, 0), (0, max(0, 2 - self.coordinates.shape[1]))))


@dataclass(frozen=True, eq=False)
class FoundScenes:
    """The scenes of both modalities.

    Attributes:
        files: the pairs, sorted by their paths: the order of labels and coordinates.
        a, b: their scenes.
        settings: by which they were found.
        facts: of the backbone.
    """

    files: Sequence[PairFiles]
    a: ModalityScenes
    b: ModalityScenes
    settings: SceneSettings
    facts: Mapping[str, Any]

    def nearest(self, side: str, scene: int) -> PairFiles:
        """Return the pair whose image `"a"` or `"b"` lies nearest to the centre of a scene."""
        modality: ModalityScenes = getattr(self, side)
        return self.files[int(modality.clusters.members(scene)[0])]


def find_scenes(
    files: Sequence[PairFiles], settings: SceneSettings | None = None, *, progress: Progress | None = None
) -> FoundScenes:
    """Find the scenes of a set of pairs.

    Images are read one at a time, and of each only its features are kept. The pairs are sorted by their paths, so that
    the result does not depend on the order in which they are given.

    Args:
        files: the pairs, all of the same two modalities.
        settings: how; the defaults find 25 scenes by GIST.
        progress: called with (read, total) images.

    Raises:
        InputError: fewer pairs than scenes, a pair given twice, several modalities, an image that cannot be read, fewer
            different images than scenes, or as `chosen_backbone`.
        UnknownNameError: no such backbone.
        MissingExtraError: the backbone needs a package that is not installed.
    """
    settings = settings or SceneSettings()
    _check(files, settings)
    backbone = chosen_backbone(settings.backbone, settings.device)
    files = sorted(files, key=lambda one: (str(one.a), str(one.b)))
    tables = read_features(files, backbone, window=settings.window, device=settings.device, progress=progress)
    a, b = (_scenes_of(name, table, settings) for name, table in zip(files[0].names, tables, strict=True))
    return FoundScenes(files, a, b, settings, {"backbone": backbone.title, **backbone.facts})


def _check(files: Sequence[PairFiles], settings: SceneSettings) -> None:
    if settings.scenes < 2 or settings.dim < 1:
        raise InputError(
            f"Expected at least 2 scenes and a dim of at least 1 but got {settings.scenes} and {settings.dim}."
        )
    if len(files) < settings.scenes:
        raise InputError(
            f"{len(files)} pairs cannot be divided into {settings.scenes} scenes; give more pairs or ask for fewer "
            "scenes."
        )
    modalities = {one.names for one in files}
    if len(modalities) > 1:
        found = ", ".join(" + ".join(names) for names in sorted(modalities))
        raise InputError(f"One dictionary describes one pair of modalities but these are several: {found}.")
    seen: set[tuple[str, str]] = set()
    for one in files:
        if (key := (str(one.a), str(one.b))) in seen:
            raise InputError(f"The pair of {one.a} is given twice; name every folder once.")
        seen.add(key)


def _scenes_of(name: str, table: Table, settings: SceneSettings) -> ModalityScenes:
    different = len({row.tobytes() for row in table})
    if different < settings.scenes:
        what = "are all alike" if different == 1 else f"are of only {different} different kinds"
        raise InputError(
            f"The {name} images {what} by their features, too few for {settings.scenes} scenes; give other images or "
            "ask for fewer scenes."
        )
    projection = fit_projection(table, settings.dim)
    coordinates = projection(table)
    clusters = find_clusters(coordinates, settings.scenes, settings.seed)
    return ModalityScenes(name, projection, coordinates, clusters)
