"""Weights of segmenters: safetensors whose header holds the class table; shipped ones lie in `weights/`, with cards."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import nn

from fuselens.core.errors import InputError, UnknownNameError
from fuselens.core.files import atomic_path
from fuselens.core.tensor_files import read_tensors


def segmenter_weights_folder() -> Path:
    """Return the folder of the shipped weights."""
    return Path(str(resources.files("fuselens.segmentation") / "weights"))


def list_segmenter_weights() -> dict[str, dict[str, Any]]:
    """Return the cards of the shipped weights by full name, such as `"deeplab-road"`."""
    cards = sorted(segmenter_weights_folder().glob("*.json"))
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in cards}


def segmenter_weights_file(segmenter: str, weights: str | Path) -> Path:
    """Return the file of shipped weights by name (`"road"`), or `weights` itself where it is a `.safetensors` file.

    Raises:
        UnknownNameError: no shipped weights of that name.
        InputError: missing file.
    """
    path = Path(weights)
    if path.suffix == ".safetensors":
        if not path.is_file():
            raise InputError(f"The weights file '{path}' does not exist.")
        return path
    path = segmenter_weights_folder() / f"{segmenter}-{weights}.safetensors"
    if not path.is_file():
        known = [name.partition("-")[2] for name in list_segmenter_weights() if name.startswith(f"{segmenter}-")]
        raise UnknownNameError(f"weights of {segmenter}", str(weights), known)
    return path


def save_segmenter(network: nn.Module, path: str | Path, *, half: bool = False) -> Path:
    """Write a segmenter's tensors with its name, settings and class table, atomically.

    Args:
        network: with `name`, `settings` and `classes`, as `load_segmenter` returns it.
        path: a `.safetensors` file.
        half: store convolutions in 16 bits, which halves the file; normalisations keep 32.

    Raises:
        InputError: the network was not made by `load_segmenter`.
    """
    settings, classes = getattr(network, "settings", None), getattr(network, "classes", ())
    if not isinstance(settings, dict) or not classes:
        raise InputError("Only networks that load_segmenter made can be saved: others have no settings to build them.")
    tensors = {}
    for name, tensor in network.state_dict().items():
        kept = tensor.half() if half and tensor.ndim > 1 and tensor.is_floating_point() else tensor
        tensors[name] = kept.detach().cpu().contiguous()
    header = {"model": network.name, "settings": {**settings, "classes": list(classes)}}
    with atomic_path(path) as temporary:
        save_file(tensors, temporary, metadata={"fuselens": json.dumps(header, sort_keys=True)})
    return Path(path)


def fill_segmenter(network: nn.Module, path: Path) -> None:
    """Copy the tensors of a file into `network`, all or none; 16 bit ones become 32.

    Raises:
        InputError: not a safetensors file, or tensors that do not fit.
    """
    tensors = {
        name: value.float() if value.dtype == torch.float16 else value for name, value in read_tensors(path).items()
    }
    try:
        network.load_state_dict(tensors)
    except RuntimeError as error:
        raise InputError(
            f"The tensors in '{path.name}' do not fit the segmenter {network.name}; choose the network that they were "
            "made for."
        ) from error


def card_of(path: Path) -> dict[str, Any]:
    """Return the card beside a weights file; without one, the file's name."""
    card = path.with_suffix(".json")
    known: dict[str, Any] = json.loads(card.read_text(encoding="utf-8")) if card.is_file() else {}
    return {"weights": path.stem, **known}
