"""ONNX files as models: any graph of two images to one, run by onnxruntime on the CPU.

Reference: the ONNX specification (onnx.ai). Needs the extra `onnx`. Files of `export_onnx` say what they are and
how far they look; of others neither is known.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from fuselens.core.errors import InputError, MissingExtraError, ModelError
from fuselens.core.model import FusionModel
from fuselens.core.tensor_files import file_hash
from fuselens.models.wrap import wrap_model

HEADER = "fuselens"
"""The key of a file's metadata under which `export_onnx` writes what the model is, as JSON."""
_DTYPES: dict[str, type[np.floating[Any]]] = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(float16)": np.float16,
}
_PROBE = 64  # pixels a side: a multiple of what networks halve their images by


class OnnxModel(FusionModel):
    """A graph of two inputs `[N, 1, H, W]` and one output of that shape; passes no gradient.

    Args:
        path: of the file.

    Raises:
        InputError: no such file, not ONNX, operations that onnxruntime does not know, or inputs and outputs that are
            not those of a fusion model for images of any size.
        MissingExtraError: onnxruntime is not installed.
    """

    def __init__(self, path: str | Path) -> None:
        """Open the file and fuse a probe with it."""
        super().__init__()
        self.path = Path(path)
        self.name = self.path.name
        self._session = _session(self.path)
        self._inputs, self._dtype, self._one_by_one = _interface(self._session, self.path)
        facts = _header(self._session, self.path)
        self.reach = facts.get("reach")
        self.stride = facts.get("stride", 1)
        self.reach_is_measured = facts.get("reach_is_measured", False)
        known = {key: facts[key] for key in ("model", "weights", "modalities", "data", "settings") if facts.get(key)}
        self.weights_info = {**known, "sha256": file_hash(self.path)}
        self._probe()

    def __reduce__(self) -> tuple[Any, ...]:
        """Copy and pickle by the file: sessions stay where they are."""
        return type(self), (self.path,)

    @property
    def title(self) -> str:
        """Name of the file, which is how `--model` knows it."""
        return self.name

    def forward(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        """Fuse two batches `[N, 1, H, W]` in `[0, 1]`.

        Raises:
            ModelError: the graph fails on images of this size, or returns what is no fused image.
        """
        first, second = (image.detach().cpu().numpy().astype(self._dtype) for image in (a, b))
        parts = len(a) if self._one_by_one else 1
        batches = zip(np.split(first, parts), np.split(second, parts), strict=True)
        return torch.from_numpy(np.concatenate([self._run(*batch) for batch in batches])).to(a)

    def _run(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        try:
            fused = np.asarray(self._session.run(None, dict(zip(self._inputs, (a, b), strict=True)))[0])
        except Exception as error:  # onnxruntime has a family of its own, with no common parent
            raise ModelError(
                f"'{self.name}' cannot fuse images of {a.shape[3]}x{a.shape[2]} pixels ({_first_line(error)}); if it "
                f"needs certain sizes, take fl.load_model('{self.name}', divisor=...)."
            ) from error
        if fused.shape != a.shape:
            raise ModelError(
                f"Expected '{self.name}' to return shape {a.shape} but got {fused.shape}; a fusion model returns one "
                "grey image of the sources' size."
            )
        return fused

    def _probe(self) -> None:
        grey = torch.full((1, 1, _PROBE, _PROBE), 0.5)
        try:
            self(grey, grey)
        except ModelError as error:
            raise InputError(f"The ONNX file '{self.path}' is no fusion model: {error}") from error


def load_onnx(
    path: str | Path,
    *,
    reach: int | Literal["measure"] | None = None,
    divisor: int = 1,
    device: str | torch.device = "cpu",
) -> FusionModel:
    """Load an ONNX file as a model.

    Args:
        path: of the file.
        reach: how far a fused pixel looks where the file does not say; None for global, `"measure"` to measure it.
        divisor: sides that the graph needs to be multiples of; other sizes are reflect-padded and cropped.
        device: the CPU; `"auto"` means it too.

    Raises:
        InputError, MissingExtraError: as `OnnxModel`; or another device.
    """
    if str(device) not in ("auto", "cpu"):
        raise InputError(f"ONNX files run on the CPU here, not on '{device}'; leave the device out.")
    model = OnnxModel(path)
    if reach is None and divisor == 1:
        return model
    wrapped = wrap_model(model, model.reach if reach is None else reach, name=model.name, divisor=divisor)
    wrapped.weights_info = {key: value for key, value in model.weights_info.items() if key != "weights"}
    return wrapped


def _session(path: Path) -> Any:
    try:
        import onnxruntime
    except ImportError as error:
        raise MissingExtraError("Running ONNX files", "onnx") from error
    if not path.is_file():
        raise InputError(f"The ONNX file '{path}' does not exist.")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = 4  # what goes wrong is said by us
    try:
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # as above
        text = _first_line(error)
        if any(words in text for words in ("not a registered function", "No Op registered", "Could not find an impl")):
            raise InputError(
                f"The ONNX file '{path}' uses operations that onnxruntime does not know ({text}); export it with "
                "standard operations only."
            ) from error
        raise InputError(
            f"'{path}' cannot be read as an ONNX file ({text}); it is damaged, or no ONNX file at all."
        ) from error


def _interface(session: Any, path: Path) -> tuple[list[str], type[np.floating[Any]], bool]:
    """Return the names of both inputs, their number type, and whether images go in one by one."""
    inputs, outputs = session.get_inputs(), session.get_outputs()
    if len(inputs) != 2 or len(outputs) != 1:
        raise InputError(
            f"The ONNX file '{path}' has {len(inputs)} inputs and {len(outputs)} outputs; a fusion model has two "
            "images in and one out."
        )
    for each in (*inputs, *outputs):
        if each.type not in _DTYPES or len(each.shape) != 4:
            raise InputError(
                f"'{each.name}' of the ONNX file '{path}' is {each.type} of shape {each.shape}; expected floats of "
                "shape [N, 1, H, W] in [0, 1]."
            )
        count, channels, *sides = each.shape
        if isinstance(channels, int) and channels != 1:
            raise InputError(
                f"'{each.name}' of the ONNX file '{path}' has {channels} channels; FuseLens fuses brightness, so "
                "export a graph of one channel each."
            )
        if any(isinstance(side, int) for side in sides) or (isinstance(count, int) and count != 1):
            raise InputError(
                f"The ONNX file '{path}' takes images of shape {each.shape} only; export it with dynamic height and "
                "width."
            )
    if inputs[0].type != inputs[1].type:
        raise InputError(f"The inputs of the ONNX file '{path}' differ in type; export both in the same one.")
    return [each.name for each in inputs], _DTYPES[inputs[0].type], any(each.shape[0] == 1 for each in inputs)


def _header(session: Any, path: Path) -> dict[str, Any]:
    """Return what `export_onnx` wrote about the model; files of others say nothing."""
    text = session.get_modelmeta().custom_metadata_map.get(HEADER, "{}")
    try:
        facts = dict(json.loads(text))
        whole = facts.get("reach"), facts.get("stride", 1)
        if not (whole[0] is None or (isinstance(whole[0], int) and whole[0] >= 0)) or not whole[1] >= 1:
            raise ValueError("no reach")
    except (ValueError, TypeError) as error:
        raise InputError(f"The metadata of '{path}' were not written by fuselens; export the model anew.") from error
    return facts


def _first_line(error: Exception) -> str:
    """Return what onnxruntime says, without its codes, in a line."""
    text = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return text.split(" : ")[-1].strip().rstrip(".")[:200]
