"""The formulas of LRRNet and BAFFM, literally, in NumPy and SciPy: what the tests compare the networks with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from scipy.ndimage import correlate

Array = npt.NDArray[np.float64]


def arrays_of(module: torch.nn.Module) -> dict[str, Array]:
    return {name: tensor.double().numpy() for name, tensor in module.state_dict().items()}


def convolved(image: Array, weights: Array, bias: Array) -> Array:
    """`[inputs, H, W]` to `[outputs, H, W]`; SciPy's "mirror" repeats the image without its border, as reflection."""
    return np.stack(
        [
            sum((correlate(channel, k, mode="mirror") for channel, k in zip(image, kernels, strict=True)), start=offset)
            for kernels, offset in zip(weights, bias, strict=True)
        ]
    )


def codes_of(source: Array, tensors: Mapping[str, Array]) -> Array:
    """Unfold the shrinkage of one source `[H, W]` to its codes `[256, H, W]`."""

    def layer(name: str, image: Array) -> Array:
        return convolved(image, tensors[f"{name}.weight"], tensors[f"{name}.bias"])

    def shrunk(values: Array) -> Array:
        return np.sign(values) * np.maximum(np.abs(values) - tensors["threshold"][:, None, None], 0)

    codes = shrunk(layer("first", source[None]))
    for step in range(4):
        left = source[None] - layer(f"rebuild.{step}", codes)
        codes = shrunk(tensors["momentum"] * codes + layer(f"correct.{step}", left))
    return codes


def part_of(tensors: Mapping[str, Array], prefix: str) -> dict[str, Any]:
    return {name.removeprefix(f"{prefix}."): array for name, array in tensors.items() if name.startswith(f"{prefix}.")}
