"""Segmentation networks for grey images: the one door to them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import torch
from torch import nn

from fuselens.core.errors import InputError
from fuselens.core.registry import Registry

SEGMENTERS = Registry(
    "segmenter",
    {
        "deeplab": "fuselens.segmentation.deeplab:DeepLab",
        "segformer": "fuselens.segmentation.segformer:SegFormer",
    },
    "fuselens.segmenters",
)
BEST = {"deeplab": "road"}
"""The shipped weights that `"auto"` takes."""


def load_segmenter(
    name: str = "deeplab",
    weights: str | Path | Literal["auto"] | None = "auto",
    *,
    classes: Sequence[str] | None = None,
    device: str | torch.device = "cpu",
    seed: int = 0,
    **settings: Any,
) -> nn.Module:
    """Build a segmentation network, load its weights, and return it in evaluation mode.

    Args:
        name: `"deeplab"` or `"segformer"`.
        weights: a shipped name (`"road"`), a `.safetensors` file, None for random weights, or `"auto"` for the shipped
            ones; for SegFormer also a name of the hub, such as `"nvidia/segformer-b0-finetuned-cityscapes-1024-1024"`.
        classes: the class table of a network without weights, number 0 for unlabelled pixels; by default `ROAD`.
            Weights bring their own.
        device: `"auto"`, `"cpu"`, `"cuda"`, ...
        seed: of random weights.
        settings: of the network, such as `width=0.5`; weights bring their own.

    Returns:
        A module `image [N, 1, H, W] -> logits [N, C, H, W]` with `classes` (names by number) and `weights_info`.

    Raises:
        UnknownNameError: no such network or weights; near names are suggested.
        InputError: a setting that the network does not have, weights that do not fit, or a hub that cannot be reached.
        MissingExtraError: SegFormer without the extra `seg`.

    Example:
        >>> load_segmenter("deeplab", weights=None, classes=("nothing", "person"), width=0.25, channels=16).classes
        ('nothing', 'person')
    """
    from fuselens.core.model import resolve_device
    from fuselens.core.tensor_files import file_hash, settings_in
    from fuselens.segmentation.classes import ROAD
    from fuselens.segmentation.weights import card_of, fill_segmenter, segmenter_weights_file

    kind = SEGMENTERS[name]
    wanted = _wanted(name, weights)
    is_hub = name == "segformer" and isinstance(wanted, str) and "/" in wanted and Path(wanted).suffix != ".safetensors"
    path = None if wanted is None or is_hub else segmenter_weights_file(name, wanted)
    if path is not None:
        if classes is not None or settings:
            raise InputError("Weights bring their own class table and settings; leave these out, or take weights=None.")
        settings = settings_in(path)
        classes = settings.pop("classes", None)
    if is_hub:
        settings = settings | {"hub": wanted}
    elif classes is None:
        classes = ROAD
    try:
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            network: Any = kind(classes, **settings)
    except TypeError as error:
        raise InputError(f"The segmenter '{name}' cannot be built with {settings}: {error}.") from error
    if path is not None:
        fill_segmenter(network, path)
        network.weights_info.update(card_of(path), sha256=file_hash(path))
    loaded: nn.Module = network.to(resolve_device(device)).eval()
    return loaded


def segmenter_of(word: str, device: str | torch.device = "cpu") -> nn.Module:
    """Load what `NAME` or `NAME:WEIGHTS` means, as users write it on a command line.

    Args:
        word: such as `"deeplab"` or `"deeplab:mine.safetensors"`.
        device: as `load_segmenter` takes it.

    Raises:
        UnknownNameError, InputError, MissingExtraError: as `load_segmenter`.

    Example:
        >>> segmenter_of("deeplab:road").classes[:3]
        ('background', 'person', 'bicycle')
    """
    name, _, weights = word.partition(":")
    return load_segmenter(name, weights=weights or "auto", device=device)


def _wanted(name: str, weights: str | Path | None) -> str | Path | None:
    if weights != "auto":
        return weights
    if name not in BEST:
        raise InputError(
            f"No weights of '{name}' are shipped; pass a name of the hub, a .safetensors file, or None for random ones."
        )
    return BEST[name]
