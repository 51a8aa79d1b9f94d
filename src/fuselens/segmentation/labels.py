"""Labelled pairs from folders: the layouts of FMB, MSRS and MFNet, and weak labels from boxes; generated ones too.

Every loader looks for all files at once and reads them when they are asked for. Labels are class numbers, grey or
palette PNG; 255 is ignored.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from fuselens.core.errors import InputError
from fuselens.data.folders import PairFiles, images_of, match_folders
from fuselens.data.pairs import read_source
from fuselens.segmentation import classes as tables
from fuselens.segmentation.boxes import merge_boxes, read_boxes, weak_labels
from fuselens.segmentation.generated import generated_scenes
from fuselens.segmentation.labelled import LabelledImages, LabelledPairs, Sample
from fuselens.segmentation.protocol import IGNORED

__all__ = [
    "LabelledImages", "LabelledPairs", "boxed_pairs", "fmb_pairs", "generated_scenes", "labelled_pairs", "mfnet_pairs",
    "msrs_pairs",
]  # fmt: skip

Layout = Literal["fmb", "msrs", "mfnet", "boxes"]
_LUMA = np.array((0.299, 0.587, 0.114), dtype=np.float32)
_ANNOTATIONS = ("boxes_ir", "boxes_vi", "boxes_fused")


def labelled_pairs(folder: str | Path, layout: Layout | Literal["auto"] = "auto", **settings: str) -> LabelledPairs:
    """Return the labelled pairs of a folder.

    Args:
        folder: such as `FMB/train`, `MSRS/test`, the folder of MFNet, or one with boxes.
        layout: how the files lie; `"auto"` tells it by the sub-folders.
        settings: of the layout: MFNet has a `split`.

    Raises:
        InputError: no such folder or layout, or one that lacks what its layout holds.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"{folder} is {'a file' if folder.exists() else 'missing'}; name a folder of labelled pairs.")
    if layout == "auto":
        layout = _layout_of(folder)
    if layout not in get_args(Layout):
        raise InputError(f"Unknown layout '{layout}'; known: {', '.join(get_args(Layout))}.")
    if layout == "mfnet":
        return mfnet_pairs(folder, **settings)
    return {"fmb": fmb_pairs, "msrs": msrs_pairs, "boxes": boxed_pairs}[layout](folder)


def fmb_pairs(folder: str | Path) -> LabelledPairs:
    """Return a split of FMB: the sub-folders `Infrared`, `Visible` and `Label`; 15 classes.

    Raises:
        InputError: a folder or a label is missing.
    """
    return _with_maps(Path(folder), ("Infrared", "Visible"), ("Label",), tables.FMB)


def msrs_pairs(folder: str | Path) -> LabelledPairs:
    """Return a split of MSRS: the sub-folders `ir`, `vi` and `Segmentation_labels` (or `label`); 9 classes.

    Raises:
        InputError: a folder or a label is missing.
    """
    return _with_maps(Path(folder), ("ir", "vi"), ("Segmentation_labels", "label"), tables.MSRS)


def mfnet_pairs(folder: str | Path, split: str = "train") -> LabelledPairs:
    """Return a split of MFNet: `images/NAME.png` of four channels (colour and thermal), `labels/NAME.png`; 9 classes.

    Args:
        folder: holds `images`, `labels` and `SPLIT.txt`, which names one image a line.
        split: such as `train`, `val`, `test`, `test_day`.

    Raises:
        InputError: no such folder or split, an image that is named but missing; on reading, not four channels.
    """
    folder = Path(folder)
    listing = folder / f"{split}.txt"
    try:
        names = [line.strip() for line in listing.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError):
        raise InputError(f"{listing} cannot be read; MFNet lists the images of a split there.") from None
    if not names:
        raise InputError(f"{listing} names no image; choose another split.")
    for name in names:
        for part in ("images", "labels"):
            if not (folder / part / f"{name}.png").is_file():
                raise InputError(f"{listing} names '{name}', but there is no {folder / part / f'{name}.png'}.")

    def read(index: int) -> Sample:
        a, b = _four_channels(folder / "images" / f"{names[index]}.png")
        return a, b, label_map(folder / "labels" / f"{names[index]}.png", tables.MFNET, a)

    return LabelledPairs(names, read, tables.MFNET)


def boxed_pairs(folder: str | Path) -> LabelledPairs:
    """Return pairs with weak labels made from boxes: `ir`, `vi`, and any of `boxes_ir`, `boxes_vi`, `boxes_fused`.

    The classes are `BOXES`. Objects in several annotations are taken once; see `boxes.py` for what becomes of a box.

    Raises:
        InputError: a folder is missing, or a pair has no file of boxes; on reading, a line that is no box.
    """
    folder = Path(folder)
    pairs = match_folders(folder / "ir", folder / "vi")
    annotations = [folder / name for name in _ANNOTATIONS if (folder / name).is_dir()]
    if not annotations:
        raise InputError(f"{folder} has no boxes: expected one of the folders {', '.join(_ANNOTATIONS)}.")
    for pair in pairs:
        for annotation in annotations:
            if not (annotation / f"{pair.name}.txt").is_file():
                raise InputError(
                    f"'{pair.name}' has no boxes in {annotation}; an image without objects has an empty file."
                )

    def read(index: int) -> Sample:
        a, b = _sources(pairs[index])
        size = int(a.shape[1]), int(a.shape[2])
        boxes = merge_boxes(*(read_boxes(part / f"{pairs[index].name}.txt", size) for part in annotations))
        return a, b, torch.from_numpy(weak_labels(a[0].numpy(), b[0].numpy(), boxes))

    return LabelledPairs([pair.name for pair in pairs], read, tables.BOXES)


def _layout_of(folder: Path) -> Layout:
    inside = {path.name for path in folder.iterdir() if path.is_dir()}
    if {"Infrared", "Visible", "Label"} <= inside:
        return "fmb"
    if {"images", "labels"} <= inside:
        return "mfnet"
    if {"ir", "vi"} <= inside and inside & {"Segmentation_labels", "label"}:
        return "msrs"
    if {"ir", "vi"} <= inside and inside & set(_ANNOTATIONS):
        return "boxes"
    raise InputError(
        f"{folder} has none of the known layouts of labelled pairs ({', '.join(get_args(Layout))}); it holds "
        f"{', '.join(sorted(inside)) or 'no folder'}."
    )


def _with_maps(
    folder: Path, sources: tuple[str, str], places: Sequence[str], classes: tuple[str, ...]
) -> LabelledPairs:
    """Return pairs with label maps of the same names."""
    pairs = match_folders(folder / sources[0], folder / sources[1])
    place = next((folder / name for name in places if (folder / name).is_dir()), None)
    if place is None:
        raise InputError(f"{folder} has no folder of labels: expected {' or '.join(places)}.")
    maps = images_of(place)
    missing = next((pair.name for pair in pairs if pair.name not in maps), None)
    if missing is not None:
        raise InputError(f"'{missing}' has no label in {place}; add it, or take the pair out.")

    def read(index: int) -> Sample:
        a, b = _sources(pairs[index])
        return a, b, label_map(maps[pairs[index].name], classes, a)

    return LabelledPairs([pair.name for pair in pairs], read, classes)


def _sources(pair: PairFiles) -> tuple[torch.Tensor, torch.Tensor]:
    a, b = (read_source(path, name).y[None] for path, name in zip((pair.a, pair.b), pair.names, strict=True))
    if a.shape != b.shape:
        raise InputError(f"The images of '{pair.name}' differ in size: {tuple(a.shape[1:])} and {tuple(b.shape[1:])}.")
    return a, b


def label_map(path: Path, classes: Sequence[str], image: torch.Tensor) -> torch.Tensor:
    """Read class numbers `[H, W]`, int64, and refuse those that the table does not have."""
    labels = _numbers(path)
    if labels.shape != image.shape[1:]:
        raise InputError(f"The label {path} has size {labels.shape} but its images {tuple(image.shape[1:])}.")
    wrong = labels[(labels >= len(classes)) & (labels != IGNORED)]
    if wrong.size:
        raise InputError(
            f"The label {path} holds {int(wrong[0])}, but its table has the classes 0 to {len(classes) - 1} and "
            f"{IGNORED} for ignored; is it another data set's?"
        )
    return torch.from_numpy(labels)


def _numbers(path: Path) -> NDArray[np.int64]:
    """Read a label file as numbers: palettes are not turned into colours."""
    try:
        with Image.open(path) as image:
            values = np.asarray(image)
    except (OSError, SyntaxError, ValueError) as error:
        raise InputError(f"The label {path} cannot be read: {error}.") from error
    if values.ndim == 3 and (values == values[..., :1]).all():
        values = values[..., 0]
    if values.ndim != 2:
        raise InputError(f"The label {path} is coloured; expected class numbers, grey or with a palette.")
    return values.astype(np.int64)


def _four_channels(path: Path) -> tuple[torch.Tensor, torch.Tensor]:
    """Read colour and thermal from one file: the thermal image and the luma, `[1, H, W]` each."""
    try:
        with Image.open(path) as image:
            values = np.asarray(image)
    except (OSError, SyntaxError, ValueError) as error:
        raise InputError(f"{path} cannot be read: {error}.") from error
    if values.ndim != 3 or values.shape[2] != 4 or values.dtype != np.uint8:
        raise InputError(f"{path} has no four channels of 8 bits (red, green, blue, thermal); is it an image of MFNet?")
    unit = values.astype(np.float32) / 255
    return torch.from_numpy(unit[None, ..., 3].copy()), torch.from_numpy(unit[None, ..., :3] @ _LUMA)
