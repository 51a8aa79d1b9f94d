"""One pair at work: what several kinds of work need is computed once."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from fuselens.core.files import prepare_folder
from fuselens.core.model import FusionModel
from fuselens.core.pair import ImagePair
from fuselens.data.fused import FusedImage
from fuselens.data.fused import fuse as fuse_pair


@dataclass
class Scene:
    """A pair, its name in the batch, the model and the folder of all results."""

    name: str
    pair: ImagePair
    model: FusionModel
    out: Path
    keep_colour: bool = True

    def folder(self, name: str) -> Path:
        """Return a folder in that of all results, made by whoever comes first.

        Raises:
            InputError: it cannot be made or written.
        """
        folder = self.out / name
        return folder if folder.is_dir() else prepare_folder(folder)

    @cached_property
    def fused(self) -> FusedImage:
        """The fused image.

        Raises:
            ModelError: what the model returned is no fused image.
        """
        return fuse_pair(self.model, self.pair, keep_colour=self.keep_colour)


@dataclass(frozen=True)
class Made:
    """What one kind of work made of a pair.

    Attributes:
        row: numbers, and lists of numbers, by column; columns of different work differ.
        files: what was written, whole.
    """

    row: dict[str, Any] = field(default_factory=dict)
    files: tuple[Path, ...] = ()
