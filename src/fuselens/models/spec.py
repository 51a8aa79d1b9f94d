"""A model from the words of a user: `NAME[:WEIGHTS]`, `path.py:factory` or `FILE.onnx[:measure]`."""

from __future__ import annotations

from fuselens.core.model import FusionModel, resolve_device
from fuselens.models import load_model
from fuselens.models.wrap import load_factory


def load_spec(spec: str, names: tuple[str, str], device: str) -> FusionModel:
    """Return the model that a specification names, on its device.

    Raises:
        UnknownNameError: no such model or weights.
        InputError: the model cannot be loaded.
    """
    if ".py:" in spec:
        return load_factory(spec).to(resolve_device(device))
    name, _, weights = spec.partition(":")
    if name.endswith(".onnx") and weights == "measure":
        return load_model(name, device=device, reach="measure")
    return load_model(name, weights or "auto", names=names, device=device)
