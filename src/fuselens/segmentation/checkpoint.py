"""The checkpoint of a segmenter's training: one safetensors file, replaced whole; no pickle."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from fuselens.core.errors import InputError
from fuselens.core.files import atomic_path

_NETWORK, _OPTIMISER = "network/", "optimiser/"


def save_checkpoint(path: Path, network: nn.Module, optimiser: torch.optim.Optimizer, state: dict[str, Any]) -> None:
    """Write the network's tensors, the optimiser's, and `state`, which is plain JSON."""
    tensors = {_NETWORK + name: tensor for name, tensor in network.state_dict().items()}
    for number, values in optimiser.state_dict()["state"].items():
        tensors |= {f"{_OPTIMISER}{number}/{name}": value for name, value in values.items()}
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    with atomic_path(path) as temporary:
        save_file(plain, temporary, metadata={"fuselens": json.dumps(state)})


def read_state(path: Path) -> dict[str, Any]:
    """Return the `state` in a checkpoint.

    Raises:
        InputError: not a checkpoint of a segmenter.
    """
    try:
        with safe_open(path, framework="pt") as file:
            return dict(json.loads(file.metadata()["fuselens"]))
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"'{path}' is no checkpoint of a segmenter; delete it to start anew.") from error


def restore(path: Path, network: nn.Module, optimiser: torch.optim.Optimizer) -> None:
    """Copy the tensors of a checkpoint into a network and its optimiser.

    Raises:
        InputError: the tensors do not fit.
    """
    with safe_open(path, framework="pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  (it is no dictionary)
    stored: dict[int, dict[str, torch.Tensor]] = {}
    for place, tensor in tensors.items():
        if place.startswith(_OPTIMISER):
            number, name = place.removeprefix(_OPTIMISER).split("/")
            stored.setdefault(int(number), {})[name] = tensor
    try:
        network.load_state_dict({n.removeprefix(_NETWORK): t for n, t in tensors.items() if n.startswith(_NETWORK)})
        optimiser.load_state_dict({"state": stored, "param_groups": optimiser.state_dict()["param_groups"]})
    except (RuntimeError, ValueError) as error:
        raise InputError(f"The checkpoint '{path}' is of another network; choose another folder.") from error
