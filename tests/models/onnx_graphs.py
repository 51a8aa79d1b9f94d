"""Small ONNX files, good and bad, made by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper, save

ANY = ("batch", 1, "height", "width")


def write_graph(
    path: Path,
    nodes: list[Any] | None = None,
    *,
    inputs: tuple[str, ...] = ("x", "y"),
    shape: tuple[str | int, ...] = ANY,
    outputs: tuple[str, ...] = ("out",),
    kind: int = TensorProto.FLOAT,
    constants: dict[str, np.ndarray] | None = None,
    metadata: dict[str, str] | None = None,
) -> Path:
    """Write a graph; without nodes it is the sum of its first and last input."""
    nodes = nodes or [helper.make_node("Add", [inputs[0], inputs[-1]], [outputs[0]])]
    made = [helper.make_tensor_value_info(name, kind, shape) for name in inputs]
    given = [helper.make_tensor_value_info(name, kind, shape) for name in outputs]
    held = [numpy_helper.from_array(value, name) for name, value in (constants or {}).items()]
    graph = helper.make_graph(nodes, "graph", made, given, held)
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("mine", 1)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    helper.set_model_props(model, metadata or {})
    save(model, path)
    return path


def blend(path: Path, weight: float = 0.7, **settings: Any) -> Path:
    """Write `weight x + (1 - weight) mean of the 3 x 3 pixels of y`: a model of reach 1."""
    nodes = [
        helper.make_node("Mul", ["x", "first"], ["of_x"]),
        helper.make_node("Conv", ["y", "kernel"], ["blurred"], pads=[1, 1, 1, 1]),
        helper.make_node("Mul", ["blurred", "second"], ["of_y"]),
        helper.make_node("Add", ["of_x", "of_y"], ["out"]),
    ]
    constants = {
        "first": np.array(weight, np.float32),
        "second": np.array(1 - weight, np.float32),
        "kernel": np.full((1, 1, 3, 3), 1 / 9, np.float32),
    }
    return write_graph(path, nodes, constants=constants, **settings)


def halved(path: Path) -> Path:
    """Write a graph that needs even sides: its sum at half the size, doubled, added to x."""
    nodes = [
        helper.make_node("AveragePool", ["y"], ["half"], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Resize", ["half", "", "scales"], ["whole"], mode="nearest"),
        helper.make_node("Add", ["x", "whole"], ["sum"]),
        helper.make_node("Mul", ["sum", "half_of_it"], ["out"]),
    ]
    constants = {"scales": np.array([1, 1, 2, 2], np.float32), "half_of_it": np.array(0.5, np.float32)}
    return write_graph(path, nodes, constants=constants)
