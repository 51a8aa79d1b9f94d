"""FuseLens: fuse registered images of two sensors and explain every fused pixel.

The public names are imported on first use, so `import fuselens` stays fast.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from fuselens.core.version import __version__ as __version__

if TYPE_CHECKING:
    from fuselens.batch.run import Batch as Batch
    from fuselens.batch.run import run_batch as run_batch
    from fuselens.core import targets as targets
    from fuselens.core.errors import FuseLensError as FuseLensError
    from fuselens.core.explanation import SetExplanation as SetExplanation
    from fuselens.core.intrinsic import ModelState as ModelState
    from fuselens.core.intrinsic import StateBars as StateBars
    from fuselens.core.intrinsic import StateMaps as StateMaps
    from fuselens.core.model import FusionModel as FusionModel
    from fuselens.core.pair import ImagePair as ImagePair
    from fuselens.core.results import Attribution as Attribution
    from fuselens.core.units import make_units as make_units
    from fuselens.data.examples import example_pair as example_pair
    from fuselens.data.examples import example_sequence as example_sequence
    from fuselens.data.folders import find_pairs as find_pairs
    from fuselens.data.fused import FusedImage as FusedImage
    from fuselens.data.fused import fuse as fuse
    from fuselens.data.pairs import read_pair as read_pair
    from fuselens.explainers import explain as explain
    from fuselens.explainers import list_explainers as list_explainers
    from fuselens.explainers.guidance import Guidance as Guidance
    from fuselens.explainers.guidance import guidance as guidance
    from fuselens.explainers.jacobian import jacobian as jacobian
    from fuselens.explainers.region_report import region_report as region_report
    from fuselens.explainers.task_share import TaskShare as TaskShare
    from fuselens.explainers.task_share import task_share as task_share
    from fuselens.metrics import list_metrics as list_metrics
    from fuselens.metrics.score import score as score
    from fuselens.models import list_models as list_models
    from fuselens.models import load_model as load_model
    from fuselens.models.onnx_export import OnnxExport as OnnxExport
    from fuselens.models.onnx_export import export_onnx as export_onnx
    from fuselens.models.weights import list_weights as list_weights
    from fuselens.models.wrap import wrap_model as wrap_model
    from fuselens.robustness.audit import audit as audit
    from fuselens.robustness.result import Audit as Audit
    from fuselens.viewer.show import View as View
    from fuselens.viewer.show import view as view

_PUBLIC = {
    "Attribution": "core.results",
    "Audit": "robustness.result",
    "Batch": "batch.run",
    "FuseLensError": "core.errors",
    "FusedImage": "data.fused",
    "FusionModel": "core.model",
    "Guidance": "explainers.guidance",
    "ImagePair": "core.pair",
    "ModelState": "core.intrinsic",
    "OnnxExport": "models.onnx_export",
    "SetExplanation": "core.explanation",
    "StateBars": "core.intrinsic",
    "StateMaps": "core.intrinsic",
    "TaskShare": "explainers.task_share",
    "View": "viewer.show",
    "audit": "robustness.audit",
    "example_pair": "data.examples",
    "example_sequence": "data.examples",
    "explain": "explainers",
    "export_onnx": "models.onnx_export",
    "find_pairs": "data.folders",
    "fuse": "data.fused",
    "guidance": "explainers.guidance",
    "jacobian": "explainers.jacobian",
    "list_explainers": "explainers",
    "list_metrics": "metrics",
    "list_models": "models",
    "list_weights": "models.weights",
    "load_model": "models",
    "make_units": "core.units",
    "read_pair": "data.pairs",
    "region_report": "explainers.region_report",
    "run_batch": "batch.run",
    "score": "metrics.score",
    "targets": "core.targets",
    "task_share": "explainers.task_share",
    "view": "viewer.show",
    "wrap_model": "models.wrap",
}
__all__ = ["__version__", *sorted(_PUBLIC)]  # noqa: PLE0604


def __getattr__(name: str) -> object:
    """Import a public name on first use."""
    if name not in _PUBLIC:
        raise AttributeError(f"module 'fuselens' has no attribute '{name}'")
    module = import_module(f"fuselens.{_PUBLIC[name]}")
    found = module if name == "targets" else getattr(module, name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    """Return the public names."""
    return __all__
