"""Confounder dictionary: the scenes of a set of training images, one list a modality, in one safetensors file.

Made by `fuselens confounders`, read by the network BAFFM. Reference: paper 003, "confounder dictionary Z".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from fuselens.core.errors import InputError
from fuselens.core.files import atomic_path, plain

PICTURE_SIDE = 64


@dataclass(frozen=True, eq=False)
class Scenes:
    """The scenes of one modality: the clusters of its images' features.

    N scenes of n images, found among features of F numbers that PCA shortened to dim.

    Attributes:
        centres: `[N, dim]` float32, the mean feature of each scene.
        sizes: `[N]` int64, images in each scene; they sum to n.
        pca_mean: `[F]` float32, what is taken off a feature before it is projected.
        pca_axes: `[dim, F]` float32, the directions that it is projected on.
        variance: `[dim]` float32, share of the features' variance that each direction explains.
        pictures: `[N, 64, 64]` or `[N, 64, 64, 3]` uint8, the image nearest to each centre; None where not kept.
        points: `[n, 2]` float32, the images on a two-dimensional map; None where not kept.
        labels: `[n]` int64, the scene of each image; None where not kept.
    """

    centres: torch.Tensor
    sizes: torch.Tensor
    pca_mean: torch.Tensor
    pca_axes: torch.Tensor
    variance: torch.Tensor
    pictures: torch.Tensor | None = None
    points: torch.Tensor | None = None
    labels: torch.Tensor | None = None

    def __post_init__(self) -> None:
        """Refuse tensors that do not belong together.

        Raises:
            InputError: a wrong number type or shape, NaN or infinite values, or sizes that contradict the labels.
        """
        count, dim = self._lengths()
        images = int(self.sizes.sum())
        feature = self.pca_mean.shape[-1] if self.pca_mean.ndim else 0
        picture = (count, PICTURE_SIDE, PICTURE_SIDE)
        self._expect("sizes", torch.int64, (count,))
        self._expect("pca_mean", torch.float32, (feature,))
        self._expect("pca_axes", torch.float32, (dim, feature))
        self._expect("variance", torch.float32, (dim,))
        self._expect("pictures", torch.uint8, picture, (*picture, 3))
        self._expect("points", torch.float32, (images, 2))
        self._expect("labels", torch.int64, (images,))
        if bool((self.sizes < 1).any()):
            raise InputError("A scene of the confounder dictionary has no image; build the dictionary again.")
        if self.labels is not None:
            known = bool(((self.labels >= 0) & (self.labels < count)).all())
            if not known or not torch.equal(torch.bincount(self.labels, minlength=count), self.sizes):
                raise InputError("The labels of the confounder dictionary contradict its sizes; build it again.")

    @property
    def frequencies(self) -> torch.Tensor:
        """Share of the images in each scene, `[N]` float32; they sum to 1."""
        return (self.sizes.double() / self.sizes.sum()).float()

    def _lengths(self) -> tuple[int, int]:
        if self.centres.ndim != 2 or 0 in self.centres.shape:
            raise InputError(
                f"Expected the centres of a confounder dictionary as [scenes, dim] but got {tuple(self.centres.shape)}."
            )
        self._expect("centres", torch.float32, tuple(self.centres.shape))
        return self.centres.shape[0], self.centres.shape[1]

    def _expect(self, name: str, dtype: torch.dtype, *shapes: tuple[int, ...]) -> None:
        tensor = getattr(self, name)
        if tensor is None:
            return
        if tensor.dtype != dtype or tuple(tensor.shape) not in shapes:
            raise InputError(
                f"Expected {name} of the confounder dictionary as {dtype} {list(shapes[0])} but got "
                f"{tensor.dtype} {list(tensor.shape)}; build the dictionary again."
            )
        if not bool(torch.isfinite(tensor).all()):
            raise InputError(f"{name} of the confounder dictionary holds NaN or infinite values; build it again.")


@dataclass(frozen=True, eq=False)
class ConfounderDictionary:
    """The scenes of both modalities.

    In the file, a tensor `centres` of modality a is called `centres_a`, and so on; the facts are JSON metadata.

    Attributes:
        a, b: the scenes of each modality; as many in both, of the same dim.
        facts: where they come from: `names` (of the modalities), `backbone`, `seed`, `images` (how many), `nearest_a`
            and `nearest_b` (names of the files that `pictures` shows).
    """

    a: Scenes
    b: Scenes
    facts: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse modalities that do not belong together.

        Raises:
            InputError: they differ in the number of scenes, in dim, or in the number of images.
        """
        shapes = tuple(self.a.centres.shape), tuple(self.b.centres.shape)
        images = int(self.a.sizes.sum()), int(self.b.sizes.sum())
        if shapes[0] != shapes[1] or images[0] != images[1]:
            raise InputError(
                f"The modalities of a confounder dictionary differ: centres {list(shapes[0])} of {images[0]} images, "
                f"{list(shapes[1])} of {images[1]}; build both from the same pairs."
            )

    @property
    def scenes(self) -> int:
        """Number of scenes of each modality."""
        return int(self.a.centres.shape[0])

    @property
    def dim(self) -> int:
        """Length of a centre."""
        return int(self.a.centres.shape[1])

    def save(self, path: str | Path) -> Path:
        """Write a safetensors file, whole or not at all, and return its path.

        Raises:
            InputError: the file cannot be written.
        """
        tensors = {
            f"{each.name}_{side}": getattr(scenes, each.name).detach().cpu().contiguous()
            for side, scenes in (("a", self.a), ("b", self.b))
            for each in fields(Scenes)
            if getattr(scenes, each.name) is not None
        }
        facts = json.dumps(plain(self.facts), ensure_ascii=False, sort_keys=True)
        with atomic_path(path) as temporary:
            save_file(tensors, temporary, metadata={"facts": facts})
        return Path(path)

    @classmethod
    def load(cls, path: str | Path) -> ConfounderDictionary:
        """Read a file that `save` wrote.

        Raises:
            InputError: no such file, not a safetensors file, not a dictionary, or tensors that do not belong together.
        """
        path = Path(path)
        if not path.is_file():
            raise InputError(f"The confounder dictionary '{path}' does not exist; make one with fuselens confounders.")
        try:
            with safe_open(path, framework="pt") as file:
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
                facts = json.loads((file.metadata() or {}).get("facts", "{}"))
                if not isinstance(facts, dict):
                    raise ValueError("its facts are no mapping")
        except (SafetensorError, OSError, ValueError) as error:
            raise InputError(f"'{path}' is not a confounder dictionary: {error}.") from error
        return cls(_scenes(tensors, "a", path), _scenes(tensors, "b", path), facts)


def _scenes(tensors: Mapping[str, torch.Tensor], side: str, path: Path) -> Scenes:
    known = {each.name: each.default is not None for each in fields(Scenes)}
    found = {name[:-2]: tensor for name, tensor in tensors.items() if name.endswith(f"_{side}")}
    missing = [name for name, needed in known.items() if needed and name not in found]
    unknown = sorted(name for name in tensors if name[:-2] not in known or name[-2:] not in ("_a", "_b"))
    if missing or unknown:
        first = f"{missing[0]}_{side} is missing" if missing else f"{unknown[0]} is unknown"
        raise InputError(f"'{path}' is not a confounder dictionary: {first}; make one with fuselens confounders.")
    return Scenes(**found)
