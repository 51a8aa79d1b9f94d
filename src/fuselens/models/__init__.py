"""Fusion models: the registry and the one door to it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import torch

from fuselens.core.errors import InputError
from fuselens.core.model import FusionModel, resolve_device
from fuselens.core.registry import Registry

MODELS = Registry(
    "model",
    {
        "average": "fuselens.models.average:Average",
        "baffm": "fuselens.models.baffm:BAFFM",
        "camf": "fuselens.models.camf:CAMF",
        "cmcffuse": "fuselens.models.cmcffuse:CMCFFuse",
        "deepfuse": "fuselens.models.deepfuse:DeepFuse",
        "deeppedestrian": "fuselens.models.deeppedestrian:DeepPedestrian",
        "funfusean": "fuselens.models.funfusean:FunFuseAn",
        "laplacian_pyramid": "fuselens.models.laplacian_pyramid:LaplacianPyramid",
        "lrrnet": "fuselens.models.lrrnet:LRRNet",
        "masknet": "fuselens.models.masknet:MaskNet",
        "maximum": "fuselens.models.maximum:Maximum",
        "swinfuse": "fuselens.models.swinfuse:SwinFuse",
        "uaafusion": "fuselens.models.uaafusion:UAAFusion",
        "weighted_average": "fuselens.models.weighted_average:WeightedAverage",
    },
    "fuselens.models",
)


def list_models() -> list[str]:
    """Return the names of all models, third-party ones included."""
    return list(MODELS)


def load_model(
    name: str | Path,
    weights: str | Path | Literal["auto"] | None = "auto",
    *,
    names: tuple[str, str] = ("infrared", "visible"),
    device: str | torch.device = "cpu",
    **settings: Any,
) -> FusionModel:
    """Build the model `name`, load its weights, and return it in evaluation mode.

    Args:
        name: a registry name, which `list_models()` shows, or an ONNX file.
        weights: a shipped name (`"mri-pet"`), a `.safetensors` file, None for random weights, or `"auto"`: the shipped
            weights for the modalities `names`.
        names: modalities of the pair, read by `"auto"` only.
        device: `"auto"`, `"cpu"`, `"cuda"`, ...
        settings: passed to the model's constructor, such as `rule="ratio"`; they override those in the weights' header.
            An ONNX file takes `reach` and `divisor`, as `wrap_model`.

    Raises:
        UnknownNameError: no such model or weights; near names are suggested.
        InputError: a setting that the model does not have, or weights that do not fit.

    Example:
        >>> load_model("average").reach
        0
    """
    from fuselens.models.weights import load_weights, weights_for

    if Path(name).suffix == ".onnx":
        return _load_onnx(name, weights, device, settings)
    name = str(name)
    kind = MODELS[name]
    wanted = weights_for(name, names) if weights == "auto" else weights
    stored = _stored_settings(name, wanted)
    try:
        model: FusionModel = kind(**stored | settings)
    except TypeError as error:
        raise InputError(f"The model '{name}' cannot be built with {stored | settings}: {error}.") from error
    has_weights = any(True for _ in model.parameters())
    if wanted is not None and not has_weights:
        raise InputError(f"'{name}' is a rule without weights; leave out '{weights}'.")
    if wanted is not None:
        load_weights(model, wanted)
    elif weights == "auto" and has_weights:
        raise InputError(
            f"No weights of '{name}' for {names[0]} + {names[1]} are shipped; pass weights=... or train some."
        )
    return model.to(resolve_device(device)).eval()


def _load_onnx(
    path: str | Path, weights: str | Path | None, device: str | torch.device, settings: dict[str, Any]
) -> FusionModel:
    from fuselens.models.onnx_file import load_onnx

    if weights not in ("auto", None):
        raise InputError(f"The ONNX file '{path}' holds its own weights; leave out '{weights}'.")
    unknown = settings.keys() - {"reach", "divisor"}
    if unknown:
        raise InputError(f"An ONNX file takes the settings reach and divisor, not {', '.join(sorted(unknown))}.")
    return load_onnx(path, device=device, **settings)


def _stored_settings(name: str, weights: str | Path | None) -> dict[str, Any]:
    """Return the settings in the weights' header; none for rules, for which the caller has its own words."""
    from fuselens.core.tensor_files import settings_in
    from fuselens.models.weights import list_weights, weights_file

    if weights is None or not (Path(weights).suffix == ".safetensors" or list_weights(name)):
        return {}
    return settings_in(weights_file(name, weights))
