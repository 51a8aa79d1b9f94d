"""Safetensors files: their tensors, the header in which fuselens says what network they are of, and their hash."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file

from fuselens.core.errors import InputError


def read_tensors(path: Path) -> dict[str, torch.Tensor]:
    """Return the tensors of a safetensors file.

    Raises:
        InputError: missing file, or not a safetensors file.
    """
    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise InputError(f"'{path}' is not a safetensors file: {error}.") from error


def model_in(path: Path) -> str:
    """Return the name of the network in the header of its weights; empty where the header names none.

    Raises:
        InputError: not a safetensors file.
    """
    return str(_header(path)["model"])


def settings_in(path: Path) -> dict[str, Any]:
    """Return the arguments of the network's constructor that its weights were made with, as the file's header says.

    Raises:
        InputError: not a safetensors file, or a header that is not ours.
    """
    return dict(_header(path)["settings"])


def _header(path: Path) -> dict[str, Any]:
    """Return what was written about the network; files of others name none, and no settings."""
    try:
        with safe_open(path, framework="pt") as file:
            words = file.metadata() or {}
    except (SafetensorError, OSError) as error:
        raise InputError(f"'{path}' is not a safetensors file: {error}.") from error
    try:
        return {"model": words.get("model", ""), "settings": {}, **json.loads(words.get("fuselens", "{}"))}
    except (ValueError, TypeError) as error:
        raise InputError(
            f"The header of '{path}' was not written by fuselens; train or import the weights anew."
        ) from error


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
