"""Build a confounder dictionary, the file that the network BAFFM reads."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from fuselens.confounders.features import Progress, read_image_of
from fuselens.confounders.scenes import FoundScenes, ModalityScenes, SceneSettings, find_scenes
from fuselens.confounders.thumbnails import thumbnail
from fuselens.core.version import __version__
from fuselens.data.folders import PairFiles
from fuselens.models.confounder_dictionary import PICTURE_SIDE, ConfounderDictionary, Scenes


def build_dictionary(
    files: Sequence[PairFiles],
    settings: SceneSettings | None = None,
    *,
    pictures: bool = True,
    progress: Progress | None = None,
) -> ConfounderDictionary:
    """Find the scenes of a set of pairs and return them as a dictionary.

    Args:
        files: the pairs, all of the same two modalities.
        settings: how; the defaults find 25 scenes by GIST, in 128 dimensions.
        pictures: keep a small picture of the image nearest to each scene's centre; without it the dictionary shows
            nothing of the images.
        progress: called with (read, total) images.

    Returns:
        The dictionary; its labels and points are in the order of the files' paths.

    Raises:
        InputError, UnknownNameError, MissingExtraError: as `find_scenes`.
    """
    return to_dictionary(find_scenes(files, settings, progress=progress), pictures=pictures)


def to_dictionary(found: FoundScenes, *, pictures: bool = True) -> ConfounderDictionary:
    """Return scenes as a dictionary; the images nearest to the centres are read once more for their pictures.

    Raises:
        InputError: one of these has gone or changed since.
    """
    facts = {
        "names": list(found.files[0].names),
        "images": len(found.files),
        "seed": found.settings.seed,
        "window": found.settings.window,
        "components": [found.a.projection.components, found.b.projection.components],
        "fuselens": __version__,
        **found.facts,
    }
    for side in "ab":
        facts[f"nearest_{side}"] = [getattr(one, side).name for one in _examples(found, side)]
    scenes_a = _tensors(found.a, _pictures(found, "a") if pictures else None)
    scenes_b = _tensors(found.b, _pictures(found, "b") if pictures else None)
    return ConfounderDictionary(scenes_a, scenes_b, facts)


def _examples(found: FoundScenes, side: str) -> list[PairFiles]:
    return [found.nearest(side, scene) for scene in range(found.settings.scenes)]


def _pictures(found: FoundScenes, side: str) -> torch.Tensor:
    """Return `[N, 64, 64, 3]`, or `[N, 64, 64]` where all are grey."""
    sources = [read_image_of(one, side, found.settings.window) for one in _examples(found, side)]
    shown = torch.from_numpy(np.stack([thumbnail(source, PICTURE_SIDE) for source in sources]))
    return shown if any(source.is_coloured for source in sources) else shown[..., 0].contiguous()


def _tensors(scenes: ModalityScenes, pictures: torch.Tensor | None) -> Scenes:
    clusters, projection = scenes.clusters, scenes.projection
    centres, mean, axes, shares, points = (
        torch.from_numpy(np.ascontiguousarray(values)).float()
        for values in (clusters.centres, projection.mean, projection.axes, projection.shares, scenes.points)
    )
    return Scenes(
        centres=centres,
        sizes=torch.from_numpy(clusters.sizes),
        pca_mean=mean,
        pca_axes=axes,
        variance=shares,
        pictures=pictures,
        points=points,
        labels=torch.from_numpy(clusters.labels),
    )
