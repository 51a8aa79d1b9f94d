"""`fuselens doctor`: is this installation whole?"""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from fuselens.cli.console import print_json, say
from fuselens.cli.options import AsJson
from fuselens.core.errors import InputError
from fuselens.core.version import __version__

CORE = (
    "torch", "numpy", "pillow", "tifffile", "scikit-image", "scikit-learn", "torchmetrics", "safetensors", "matplotlib"
)  # fmt: skip
EXTRAS = {
    "train": ("lightning", "tensorboard"),
    "medical": ("nibabel", "pydicom"),
    "onnx": ("onnx", "onnxruntime", "onnxscript"),
    "seg": ("transformers",),
    "view": ("starlette", "uvicorn", "websockets"),
}


def doctor(as_json: AsJson = False) -> None:
    """Show versions, devices and extras, and verify every shipped weight by its hash."""
    facts: dict[str, Any] = {
        "fuselens": __version__,
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in CORE},
        "devices": _devices(),
        "extras": {extra: all(_version(name) for name in needs) for extra, needs in EXTRAS.items()},
        "weights": _verified_weights(),
    }
    if as_json:
        print_json(facts)
    else:
        _tell(facts)
    broken = [name for name, whole in facts["weights"].items() if not whole]
    if broken:
        raise InputError(f"These weights differ from their cards: {', '.join(broken)}; reinstall fuselens.")


def _tell(facts: dict[str, Any]) -> None:
    say(f"fuselens {facts['fuselens']}, Python {facts['python']}")
    say("packages: " + ", ".join(f"{name} {number or 'MISSING'}" for name, number in facts["packages"].items()))
    say("devices: " + ", ".join(facts["devices"]))
    for extra, present in facts["extras"].items():
        say(f"extra {extra}: " + ("installed" if present else f'not installed (pip install "fuselens[{extra}]")'))
    whole = sum(facts["weights"].values())
    say(f"weights: {whole} of {len(facts['weights'])} match their hashes")


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _devices() -> list[str]:
    import torch

    found = [f"cpu ({torch.get_num_threads()} threads)"]
    found += [f"cuda:{i} ({torch.cuda.get_device_name(i)})" for i in range(torch.cuda.device_count())]
    return found + (["mps"] if torch.backends.mps.is_available() else [])


def _verified_weights() -> dict[str, bool]:
    from fuselens.core.tensor_files import file_hash
    from fuselens.models.weights import list_weights, weights_folder

    return {
        name: file_hash(weights_folder() / f"{name}.safetensors") == card["sha256"]
        for name, card in list_weights().items()
    }
