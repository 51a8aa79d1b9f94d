"""Weights that the authors of a network published: their checkpoints, read without running anything in them.

Reference: DESIGN "Weights". Used by `fuselens import-weights`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from fuselens.core.errors import InputError, UnknownNameError
from fuselens.core.files import atomic_path, write_json
from fuselens.core.model import FusionModel
from fuselens.core.tensor_files import file_hash
from fuselens.core.version import __version__
from fuselens.models import MODELS
from fuselens.models.weights import save_weights

Tensors = dict[str, torch.Tensor]


@dataclass(frozen=True)
class Published:
    """How the checkpoint of one network is to be read.

    Attributes:
        source: who published it, for the card.
        modalities: what it was trained on.
        names: its name of each of our tensors.
        settings: arguments of our constructor that make the network the published one.
    """

    source: str
    modalities: tuple[str, str]
    names: Mapping[str, str]
    settings: Mapping[str, Any] = field(default_factory=dict)


def _lrrnet_names() -> dict[str, str]:
    names: dict[str, str] = {}
    for own, extractor in (("extract_a", "get_ls1"), ("extract_b", "get_ls2")):
        names |= {f"{own}.threshold": f"{extractor}.lamj", f"{own}.momentum": f"{extractor}.lamz"}
        layers = {f"{own}.first": f"{extractor}.conv_W00"}
        for block in range(4):
            layers[f"{own}.rebuild.{block}"] = f"{extractor}.lrrblock{block}.conv_Wdz"
            layers[f"{own}.correct.{block}"] = f"{extractor}.lrrblock{block}.conv_Wdtz"
        names |= _weight_and_bias(layers)
    parts = {"low_a": "ReZx", "sparse_a": "ReUx", "low_b": "ReZy", "sparse_b": "ReUy", "low": "ReL", "sparse": "ReH"}
    return names | _weight_and_bias({f"decode.{own}": f"decoder.conv_{theirs}" for own, theirs in parts.items()})


def _weight_and_bias(layers: Mapping[str, str]) -> dict[str, str]:
    return {f"{own}.{part}": f"{theirs}.conv2d.{part}" for own, theirs in layers.items() for part in ("weight", "bias")}


PUBLISHED = {
    "lrrnet": Published("github.com/hli1221/imagefusion-LRRNet", ("ir", "vi"), _lrrnet_names(), {"output": "minmax"}),
}


def import_weights(name: str, checkpoint: str | Path, out: str | Path) -> Path:
    """Write the published checkpoint of the network `name` as our weights, with a card beside them.

    Args:
        name: a network of `PUBLISHED`.
        checkpoint: a file of `torch.save` that holds a mapping of names to tensors, or one under `state_dict`.
        out: the weights, a `.safetensors` file.

    Returns:
        The path of the weights. `load_model(name, weights=path)` builds the published network.

    Raises:
        UnknownNameError: no checkpoint of that network can be read.
        InputError: a checkpoint that is missing, damaged, holds anything but tensors, or does not fit the network
            tensor by tensor; or `out` cannot be written.
    """
    if name not in PUBLISHED:
        raise UnknownNameError("network with published weights", name, PUBLISHED)
    checkpoint, out = Path(checkpoint), Path(out)
    if out.suffix != ".safetensors":
        raise InputError(f"Weights are written as safetensors: name the result {out.stem}.safetensors, not {out.name}.")
    published = PUBLISHED[name]
    model: FusionModel = MODELS[name](**published.settings)
    model.load_state_dict(_fitting(model, published, read_checkpoint(checkpoint), checkpoint))
    card = out.with_suffix(".json")
    with atomic_path(card) as temporary:
        save_weights(model, out, published.settings)
        facts = {
            "model": name,
            "weights": "published",
            "modalities": list(published.modalities),
            "sha256": file_hash(out),
            "parameters": sum(p.numel() for p in model.parameters()),
            "settings": dict(published.settings),
            "imported": {"file": checkpoint.name, "sha256": file_hash(checkpoint), "source": published.source},
            "versions": {"fuselens": __version__, "torch": torch.__version__},
        }
        write_json(temporary, facts)
    return out


def read_checkpoint(path: Path) -> Tensors:
    """Return the tensors of a checkpoint by name; code in it is refused, not run.

    Raises:
        InputError: no such file, not a checkpoint, damaged, or it holds anything but tensors.
    """
    if not path.is_file():
        raise InputError(f"There is no checkpoint '{path}'; download it from the authors' page first.")
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # whatever a damaged or hostile file makes the unpickler stumble over
        raise InputError(
            f"'{path}' cannot be read as a checkpoint of plain tensors: it is damaged, no checkpoint at all, or holds "
            "objects that would have to be run; download it again."
        ) from error
    if isinstance(found, Mapping) and isinstance(found.get("state_dict"), Mapping):
        found = found["state_dict"]
    if not isinstance(found, Mapping) or not found:
        raise InputError(f"'{path}' holds no mapping of names to tensors; save the network's state_dict().")
    for key, value in found.items():
        if not isinstance(value, torch.Tensor) or not value.is_floating_point():
            raise InputError(f"'{path}' holds more than plain tensors: '{key}' is none; save the state_dict() alone.")
        if not bool(torch.isfinite(value).all()):
            raise InputError(f"The tensor '{key}' in '{path}' holds NaN or infinite values; download it again.")
    return {str(key): value for key, value in found.items()}


def _fitting(model: FusionModel, published: Published, tensors: Tensors, path: Path) -> Tensors:
    """Return the published tensors by our names, in our shapes; every one is used, and every one of ours is there."""
    own = model.state_dict()
    assert own.keys() == published.names.keys()
    theirs = published.names.values()
    missing, extra = sorted(set(theirs) - tensors.keys()), sorted(tensors.keys() - set(theirs))
    # Where we keep a vector or a number, they keep a matrix of one row.
    wrong = [name for key, name in published.names.items() if name in tensors and not _fits(tensors[name], own[key])]
    if missing or extra or wrong:
        raise InputError(
            f"'{path}' is not the published checkpoint of {model.name}: {len(missing)} tensors missing, {len(extra)} "
            f"unknown, {len(wrong)} of another shape (first: {(missing or extra or wrong)[0]})."
        )
    return {key: tensors[name].float().reshape(own[key].shape) for key, name in published.names.items()}


def _fits(theirs: torch.Tensor, own: torch.Tensor) -> bool:
    extra = theirs.ndim - own.ndim
    return extra >= 0 and tuple(theirs.shape) == (1,) * extra + tuple(own.shape)
