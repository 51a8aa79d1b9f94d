"""Models to ONNX files: any batch, height and width, proved against PyTorch before the file is left.

Needs the extra `onnx`.
"""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from fuselens.core.errors import InputError, MissingExtraError, ModelError
from fuselens.core.files import atomic_path
from fuselens.core.model import FusionModel, WrappedModel, as_model, device_and_dtype, explaining
from fuselens.core.version import __version__
from fuselens.models.onnx_file import HEADER, OnnxModel

TOLERANCE = 1e-4
SIZES = ((1, 8, 8), (2, 19, 33), (1, 64, 48), (1, 131, 77))
"""Batch, height and width of what is fused by both."""
_TRACED = (2, 61, 75)  # sides that nothing divides, so that no special case is taken for the rule
_AXES = {0: "batch", 2: "height", 3: "width"}


@dataclass(frozen=True)
class OnnxExport:
    """A file that was written, and how well it agrees with the model.

    Attributes:
        path: of the file.
        model: name and weights.
        opset: version of ONNX's operations.
        differences: largest difference of a fused pixel, by batch, height and width.
    """

    path: Path
    model: str
    opset: int
    differences: dict[tuple[int, int, int], float]

    @property
    def worst(self) -> float:
        """The largest difference of all, in units of the range [0, 1]."""
        return max(self.differences.values())


def export_onnx(model: object, path: str | Path, *, seed: int = 0) -> OnnxExport:
    """Write a model as an ONNX file of inputs `a`, `b` and output `fused`, `[N, 1, H, W]` of any N, H and W.

    The file is run by onnxruntime on noise of several sizes and compared with the model; it is left only if no pixel
    differs by more than 1e-4. Its metadata say what the model is, how far it looks, and what its weights were trained
    on; `load_model(path)` reads them.

    Args:
        model: any `(a, b) -> fused` that PyTorch can trace, such as what `load_model` or `wrap_model` returns.
        path: of the file, with the suffix `.onnx`.
        seed: of the noise.

    Raises:
        InputError: another suffix, or the file cannot be written.
        ModelError: the model cannot be expressed in ONNX, or the file does not agree with it; nothing is written.
        MissingExtraError: the extra `onnx` is not installed.
    """
    onnx = _packages()
    path, operator = Path(path), as_model(model)
    if path.suffix != ".onnx":
        raise InputError(f"ONNX files end in .onnx: name it {path.stem}.onnx, not {path.name}.")
    if isinstance(operator, OnnxModel):
        raise InputError(f"'{operator.name}' is an ONNX file already; copy it.")
    with atomic_path(path) as temporary, explaining(operator, "cpu"):
        proto = _traced(operator)
        _describe(onnx, proto, operator)
        onnx.save(proto, temporary)
        written = OnnxModel(temporary)
        differences = {size: _difference(operator, written, size, seed) for size in SIZES}
        result = OnnxExport(path, operator.title, proto.opset_import[0].version, differences)
        if not result.worst <= TOLERANCE:
            raise ModelError(
                f"'{operator.title}' and its ONNX file differ by {result.worst:.2g}, more than {TOLERANCE:g}; no file "
                "was written."
            )
    return result


def _packages() -> Any:
    try:
        import onnx
        import onnxruntime  # noqa: F401 - needed to compare
        import onnxscript  # noqa: F401 - PyTorch's exporter stands on it
    except ImportError as error:
        raise MissingExtraError("Exporting to ONNX", "onnx") from error
    return onnx


def _traced(model: FusionModel) -> Any:
    """Return the model as ONNX's message.

    Raises:
        ModelError: PyTorch cannot trace it.
    """
    from torch.export import Dim

    a, b = _noise(model, _TRACED, 0)
    if _takes_gradients(model, a, b):
        raise ModelError(
            f"'{model.title}' cannot be exported: it takes gradients while it fuses, and ONNX has none; export a model "
            "that does not."
        )
    axes = dict.fromkeys(_AXES, Dim.DYNAMIC)
    try:
        with _quiet(), torch.no_grad():
            program = torch.onnx.export(
                _Bare(model), (a, b), dynamo=True, dynamic_shapes={"a": axes, "b": axes}, input_names=["a", "b"],
                output_names=["fused"], verbose=False,
            )  # fmt: skip
    except Exception as error:  # whatever the tracer stumbles over
        cause = error
        while cause.__cause__ is not None:
            cause = cause.__cause__  # type: ignore[assignment]
        said = str(cause).strip().splitlines() or [type(cause).__name__]
        raise ModelError(
            f"'{model.title}' cannot be exported: PyTorch cannot trace it for images of any size ({said[0]})."
        ) from error
    assert program is not None
    return program.model_proto


class _Bare(nn.Module):
    """The model without checks of its results, which no trace can hold."""

    def __init__(self, model: FusionModel) -> None:
        super().__init__()
        self.function = model.function if isinstance(model, WrappedModel) else model

    def forward(self, a: torch.Tensor, b: torch.Tensor) -> Any:
        return self.function(a, b)


def _takes_gradients(model: FusionModel, a: torch.Tensor, b: torch.Tensor) -> bool:
    """Say whether the model itself records what gradients need, though nobody asked it to."""
    kept = 0

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        nonlocal kept
        kept += 1
        return tensor

    with torch.no_grad(), torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        model(a, b)
    return kept > 0


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the tracer's remarks from the user; its errors are raised."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def _describe(onnx: Any, proto: Any, model: FusionModel) -> None:
    """Write names and metadata into the message."""
    del proto.graph.value_info[:]  # its names of sizes would no longer fit
    for value in (*proto.graph.input, *proto.graph.output):
        for axis, name in _AXES.items():
            value.type.tensor_type.shape.dim[axis].dim_param = name
    info = model.weights_info
    facts = {
        "model": model.name,
        "weights": info.get("weights"),
        "weights_sha256": info.get("sha256"),
        "settings": info.get("settings") or info.get("recipe", {}).get("settings") or {},
        "modalities": info.get("modalities"),
        "data": info.get("data"),
        "licence": "Apache-2.0; the images of 'data' have terms of their own" if info.get("data") else None,
        "reach": model.reach,
        "stride": model.stride,
        "reach_is_measured": model.reach_is_measured,
        "versions": {"fuselens": __version__, "torch": torch.__version__},
    }
    proto.producer_name, proto.producer_version = "fuselens", __version__
    proto.doc_string = f"{model.title}: two registered images a, b in [0, 1] to one fused image."
    onnx.helper.set_model_props(proto, {HEADER: json.dumps(facts, sort_keys=True)})


def _difference(model: FusionModel, written: OnnxModel, size: tuple[int, int, int], seed: int) -> float:
    a, b = _noise(model, size, seed)
    with torch.inference_mode():
        return float((model(a, b) - written(a, b)).abs().max())


def _noise(model: FusionModel, size: tuple[int, int, int], seed: int) -> torch.Tensor:
    """Return two batches of noise, black in a quarter, where rules meet ties and divisions by nothing."""
    count, height, width = size
    generator = torch.Generator().manual_seed(seed)
    images = torch.rand(2, count, 1, height, width, generator=generator).to(device_and_dtype(model)[1])
    images[..., : height // 2, : width // 2] = 0
    return images
