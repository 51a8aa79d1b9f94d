"""Scene features: what kind of scene an image shows. Backbones by name, or any callable.

Reference: paper 003, the backbone network phi.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from fuselens.core.errors import FuseLensError, InputError
from fuselens.core.model import resolve_device
from fuselens.core.pair import Source
from fuselens.core.registry import Registry
from fuselens.data.folders import PairFiles
from fuselens.data.images import Window
from fuselens.data.pairs import read_source

Features = Callable[[torch.Tensor], torch.Tensor]
Table = npt.NDArray[np.float32]
Progress = Callable[[int, int], None]

BACKBONES = Registry(
    "backbone",
    {
        "gist": "fuselens.confounders.gist:gist_backbone",
        "lrrnet": "fuselens.confounders.lrrnet_statistics:lrrnet_backbone",
        "resnet": "fuselens.confounders.resnet:resnet_backbone",
        "resnet18": "fuselens.confounders.resnet:resnet18_backbone",
        "resnet50": "fuselens.confounders.resnet:resnet50_backbone",
    },
    "fuselens.backbones",
)
"""Functions `(weights, device) -> Backbone`; `weights` is what stands behind the colon of `NAME:WEIGHTS`, or None."""

_MOST_IN_MEMORY = 2**26  # bytes of one table; larger ones lie in a temporary file


@dataclass(frozen=True, eq=False)
class Backbone:
    """The features of both modalities.

    Attributes:
        title: what dictionaries and reports call it.
        of_a, of_b: an image `[1, 1, H, W]` in `[0, 1]` to its features `[F]`; most backbones do the same with both.
        facts: what else decides the features, such as the weights' hash.
    """

    title: str
    of_a: Features
    of_b: Features
    facts: Mapping[str, Any] = field(default_factory=dict)


def chosen_backbone(backbone: str | Features, device: str = "cpu") -> Backbone:
    """Return the backbone of a spec `NAME` or `NAME:WEIGHTS`, or of any callable.

    Raises:
        UnknownNameError: no such backbone.
        InputError: its weights cannot be loaded.
        MissingExtraError: it needs a package that is not installed.
    """
    if isinstance(backbone, str):
        name, _, weights = backbone.partition(":")
        chosen: Backbone = BACKBONES[name](weights or None, resolve_device(device))
        return chosen
    return Backbone(getattr(backbone, "__name__", type(backbone).__name__), backbone, backbone)


def refuse_weights(name: str, weights: str | None) -> None:
    """Refuse weights for a backbone that takes none.

    Raises:
        InputError: some were named.
    """
    if weights is not None:
        raise InputError(f"The backbone '{name}' takes no weights; leave out '{weights}'.")


def read_features(
    files: Sequence[PairFiles],
    backbone: Backbone,
    *,
    window: Window = None,
    device: str = "cpu",
    progress: Progress | None = None,
) -> tuple[Table, Table]:
    """Read every image and keep its features alone, `[n, F]` for each modality; one image is in memory at a time.

    Args:
        files: the pairs; their two images need not be of one size.
        backbone: what is told of each image.
        window: how deep files are read; see `read_pair`.
        device: where the features are computed.
        progress: called with (read, total) images.

    Raises:
        InputError: an image cannot be read, or the backbone returned no features; the message names the pair.
    """
    tables: dict[str, Table] = {}
    chosen_device = resolve_device(device)
    with torch.inference_mode():
        for i, one in enumerate(files):
            for j, (side, extract) in enumerate((("a", backbone.of_a), ("b", backbone.of_b))):
                image = read_image_of(one, side, window).y[None, None].float().to(chosen_device)
                found = _checked(extract(image), backbone, one, tables.get(side))
                if side not in tables:
                    tables[side] = _new_table(len(files), len(found))
                tables[side][i] = found
                if progress is not None:
                    progress(2 * i + j + 1, 2 * len(files))
    return tables["a"], tables["b"]


def read_image_of(files: PairFiles, side: str, window: Window = None) -> Source:
    """Read image `"a"` or `"b"` of a pair.

    Raises:
        InputError: it cannot be read; the message names the pair.
    """
    path: Path = getattr(files, side)
    try:
        return read_source(path, files.names["ab".index(side)], window=window)
    except FuseLensError as error:
        raise InputError(f"{files.name}: {error}") from error


def _checked(found: Any, backbone: Backbone, files: PairFiles, table: Table | None) -> Table:
    if not isinstance(found, torch.Tensor) or found.ndim != 1:
        shape = list(found.shape) if isinstance(found, torch.Tensor) else type(found).__name__
        raise InputError(
            f"Expected the backbone '{backbone.title}' to return one tensor [F] for an image but got {shape}; "
            "average over the pixels or flatten it."
        )
    if table is not None and len(found) != table.shape[1]:
        raise InputError(
            f"The backbone '{backbone.title}' returned {len(found)} features for {files.name} and {table.shape[1]} for "
            "others; it must return as many for an image of any size."
        )
    if not bool(torch.isfinite(found).all()):
        raise InputError(f"The backbone '{backbone.title}' returned NaN or infinite features for {files.name}.")
    values: Table = found.float().cpu().numpy()
    return values


def _new_table(count: int, length: int) -> Table:
    if 4 * count * length <= _MOST_IN_MEMORY:
        return np.empty((count, length), np.float32)
    with TemporaryFile() as file:  # the map keeps it open, and it is gone when the map is
        return np.memmap(file, np.float32, "w+", shape=(count, length))
