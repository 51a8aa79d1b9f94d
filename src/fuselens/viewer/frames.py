"""Binary frames: a message and its arrays, laid out so that a browser can use them without copying.

Layout: PROTOCOL.md, "Frames".
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from fuselens.core.files import plain

Arrays = Mapping[str, torch.Tensor | npt.NDArray[Any]]
ALIGNMENT = 8
_TYPES: dict[str, npt.DTypeLike] = {
    "f": np.dtype("<f4"),
    "i": np.dtype("<i4"),
    "u": np.dtype("u1"),
    "b": np.dtype("u1"),
}


def frame(head: Mapping[str, Any], arrays: Arrays) -> bytes:
    """Return a message with arrays: floats as float32, signed integers as int32, bytes and truth values as uint8."""
    values = {name: _settled(array) for name, array in arrays.items()}
    places: dict[str, dict[str, Any]] = {
        name: {"dtype": array.dtype.name, "shape": array.shape} for name, array in values.items()
    }
    # The offsets stand in the head whose length they depend on: leave room for their digits, and fill it with spaces.
    room = len(_json(head, places)) + len(values) * len(', "offset": 1000000000000')
    start = _aligned(4 + room)
    offset = start
    for name, array in values.items():
        places[name]["offset"] = offset
        offset = _aligned(offset + array.nbytes)
    made = bytearray(offset)
    text = _json(head, places).ljust(start - 4)
    made[:start] = struct.pack("<I", len(text)) + text
    for name, array in values.items():
        begin = places[name]["offset"]
        made[begin : begin + array.nbytes] = array.tobytes()
    return bytes(made)


def text(head: Mapping[str, Any]) -> str:
    """Return a message without arrays."""
    return json.dumps(plain(head), ensure_ascii=False, allow_nan=False)


def _json(head: Mapping[str, Any], places: Mapping[str, Any]) -> bytes:
    return text({**head, "arrays": places}).encode()


def _settled(array: torch.Tensor | npt.NDArray[Any]) -> npt.NDArray[Any]:
    values: npt.NDArray[Any] = array.detach().cpu().numpy() if isinstance(array, torch.Tensor) else array
    return np.ascontiguousarray(values.astype(_TYPES[values.dtype.kind], copy=False))


def _aligned(position: int) -> int:
    return -(-position // ALIGNMENT) * ALIGNMENT
