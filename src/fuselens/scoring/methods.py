"""Where fused images come from: a folder of files, one file, or a model that fuses on the fly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from fuselens.core.errors import InputError
from fuselens.core.model import FusionModel
from fuselens.core.pair import ImagePair
from fuselens.data.colour import join_colour
from fuselens.data.folders import PairFiles, images_of, some_names
from fuselens.data.fused import FusedImage, fuse
from fuselens.data.images import Window
from fuselens.data.pairs import read_source


class Method(Protocol):
    """A fusion method to be scored."""

    @property
    def name(self) -> str:
        """What tables call it."""
        ...

    @property
    def identity(self) -> dict[str, Any]:
        """What its results depend on, for the record and for resuming."""
        ...

    def files_of(self, files: PairFiles) -> list[Path]:
        """Return the files that its fused image of this pair depends on, apart from the sources."""
        ...

    def fused_for(self, files: PairFiles, pair: ImagePair) -> FusedImage:
        """Return the fused image of a pair.

        Raises:
            FuseLensError: there is none, or it cannot be read or made.
        """
        ...


@dataclass(frozen=True)
class FusedFiles:
    """Fused images in files, by the names of their pairs.

    Attributes:
        name: of the method.
        files: pair name to fused image.
        origin: the folder or file, for messages.
        window: values that become 0 and 1 in files deeper than 8 bit, as in `read_pair`.
    """

    name: str
    files: dict[str, Path]
    origin: Path
    window: Window = None

    @classmethod
    def in_folder(cls, folder: Path, pairs: Sequence[PairFiles], name: str, window: Window = None) -> FusedFiles:
        """Match the images of a folder with pairs by name.

        Raises:
            InputError: no such folder, no image in it, or no name in common with the pairs.
        """
        files = images_of(folder)
        wanted = [pair.name for pair in pairs]
        if not files.keys() & set(wanted):
            raise InputError(
                f"No file names match between the pairs ({some_names(wanted)}) and the fused images in {folder} "
                f"({some_names(files)}); give a fused image the name of its pair."
            )
        return cls(name, files, folder, window)

    @property
    def identity(self) -> dict[str, Any]:
        """The place and how it is read; the files themselves are looked at one by one."""
        return {"method": self.name, "from": str(self.origin), "window": self.window}

    def files_of(self, files: PairFiles) -> list[Path]:
        """Return the fused image's file."""
        return [self.files[files.name]] if files.name in self.files else []

    def fused_for(self, files: PairFiles, pair: ImagePair) -> FusedImage:
        """Read the fused image; its colours are kept for display.

        Raises:
            InputError: it is missing, no image, or of another size than the pair.
        """
        if files.name not in self.files:
            raise InputError(f"There is no fused image called {files.name} in {self.origin}; fuse this pair too.")
        path = self.files[files.name]
        source = read_source(path, "fused", window=self.window)
        if source.y.shape != pair.a.y.shape:
            (height, width), (pair_height, pair_width) = source.y.shape, pair.a.y.shape
            raise InputError(
                f"{path} is {width}x{height} but its sources are {pair_width}x{pair_height}; "
                "score the fused image in the sources' size, since scores of resized images mean nothing."
            )
        rgb = None if source.chroma is None else join_colour(source.y, source.chroma)
        return FusedImage(source.y, rgb, "as the file holds it", pair.names, self.name, source.depth)


@dataclass(frozen=True)
class FusedByModel:
    """A model that fuses each pair when it is scored.

    Attributes:
        name: of the method.
        model: the operator, on its device.
    """

    name: str
    model: FusionModel

    @property
    def identity(self) -> dict[str, Any]:
        """Name and weights' hash."""
        return {"method": self.name, "model": self.model.title, "sha256": self.model.weights_info.get("sha256")}

    def files_of(self, files: PairFiles) -> list[Path]:
        """Return nothing: the sources are all it depends on."""
        return []

    def fused_for(self, files: PairFiles, pair: ImagePair) -> FusedImage:
        """Fuse the pair.

        Raises:
            ModelError: what the model returned is no fused image.
        """
        return fuse(self.model, pair)
