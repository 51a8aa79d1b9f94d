"""ONNX files as models: fused as the graph says, explained where no gradient is needed, refused in one sentence."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn.functional import conv2d

import fuselens as fl
from fuselens.cli.main import main
from fuselens.core.errors import InputError, ModelError
from fuselens.models.onnx_file import HEADER

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from onnx import TensorProto, helper  # noqa: E402

from tests.models.onnx_graphs import blend, halved, write_graph  # noqa: E402

GRADIENT_FREE = {
    "occlusion": {"window": 6}, "lime": {"units": "grid:6", "samples": 20}, "rise": {"samples": 12},
    "baylime": {"units": "grid:6", "samples": 20}, "ddfimage": {"units": "grid:6"}, "sedc": {"units": "grid:6"},
    "sedc_t": {"units": "grid:6"},
}  # fmt: skip
GRADIENTS = ("guidance", "jacobian", "integrated_gradients", "gradient_input", "gradcam", "hirescam")


@pytest.fixture
def pair() -> fl.ImagePair:
    a, b = torch.rand(2, 17, 14, generator=torch.Generator().manual_seed(2))
    return fl.ImagePair.from_arrays(a, b, names=("ir", "vi"))


def blended(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return 0.7 * a + 0.3 * conv2d(b, torch.full((1, 1, 3, 3), 1 / 9).to(b), padding=1)


@pytest.mark.parametrize("shape", [("n", 1, "h", "w"), (1, 1, "h", "w"), ("n", "c", "h", "w")])
def test_fuses_as_the_graph_says(tmp_path: Path, shape: tuple[str | int, ...]) -> None:
    """Also where a graph takes one image at a time."""
    model = fl.load_model(blend(tmp_path / "blend.onnx", shape=shape))
    a, b = torch.rand(2, 3, 1, 11, 9, dtype=torch.float64)
    fused = model(a, b)
    assert fused.dtype == torch.float64
    torch.testing.assert_close(fused, blended(a, b), rtol=1e-6, atol=1e-6)


def test_graphs_of_double_precision_keep_it(tmp_path: Path) -> None:
    model = fl.load_model(write_graph(tmp_path / "sum.onnx", kind=TensorProto.DOUBLE))
    a, b = torch.rand(2, 2, 1, 8, 9, dtype=torch.float64)
    assert torch.equal(model(a, b), a + b)


@pytest.mark.parametrize("method", GRADIENT_FREE)
def test_methods_without_gradients_say_the_same_as_for_the_function(
    tmp_path: Path, pair: fl.ImagePair, method: str
) -> None:
    target = fl.targets.RegionMean((4, 3, 10, 9))
    settings = GRADIENT_FREE[method] | ({} if method == "ddfimage" or method.startswith("sedc") else {"target": target})
    file = fl.load_model(str(blend(tmp_path / "blend.onnx")), reach=1)
    found, expected = (fl.explain(model, pair, method, **settings) for model in (file, fl.wrap_model(blended, 1)))
    if isinstance(expected, fl.SetExplanation):
        assert found.members == expected.members
        assert found.score_kept == pytest.approx(expected.score_kept, abs=1e-5)
    else:
        torch.testing.assert_close(found.a, expected.a, rtol=1e-3, atol=1e-4)
        torch.testing.assert_close(found.b, expected.b, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("reach", [None, 1])
@pytest.mark.parametrize("method", GRADIENTS)
def test_methods_with_gradients_say_what_to_take_instead(
    tmp_path: Path, pair: fl.ImagePair, method: str, reach: int | None
) -> None:
    model = fl.load_model(blend(tmp_path / "blend.onnx"), reach=reach)
    with pytest.raises((ModelError, InputError), match=r"occlusion, (lime|baylime)") as said:
        fl.explain(model, pair, method)
    assert str(said.value).count(". ") == 0


def test_reach_is_unknown_unless_given_or_measured(tmp_path: Path) -> None:
    path = blend(tmp_path / "blend.onnx")
    assert fl.load_model(path).reach is None
    assert fl.load_model(path, reach=1).reach == 1
    measured = fl.load_model(path, reach="measure")
    assert (measured.reach, measured.reach_is_measured, measured.title) == (1, True, "blend.onnx")


def test_files_say_how_far_they_look(tmp_path: Path) -> None:
    path = blend(tmp_path / "blend.onnx", metadata={HEADER: json.dumps({"reach": 1, "stride": 2, "weights": "mine"})})
    model = fl.load_model(path)
    assert (model.reach, model.stride, model.weights_info["weights"]) == (1, 2, "mine")
    assert model.title == "blend.onnx"
    for text in ("no json", "[1]", '{"reach": "far"}', '{"reach": -1}', '{"stride": 0}'):
        with pytest.raises(InputError, match="not written by fuselens"):
            fl.load_model(blend(tmp_path / "blend.onnx", metadata={HEADER: text}))


def test_sizes_that_a_graph_cannot_take(tmp_path: Path, pair: fl.ImagePair) -> None:
    path = halved(tmp_path / "halved.onnx")
    with pytest.raises(ModelError, match=r"14x17 pixels .*divisor"):
        fl.fuse(fl.load_model(path), pair)
    even = fl.load_model(path, divisor=2)
    assert fl.fuse(even, pair).y.shape == (17, 14)


def test_copies_and_pickles_open_the_file_again(tmp_path: Path) -> None:
    model = fl.load_model(blend(tmp_path / "blend.onnx"))
    a, b = torch.rand(2, 1, 1, 8, 9)
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert torch.equal(other(a, b), model(a, b))


def text(path: Path) -> Path:
    path.write_text("<html>404</html>")
    return path


def cut(path: Path) -> Path:
    path.write_bytes(blend(path).read_bytes()[:-40])
    return path


BAD: dict[str, tuple[Callable[[Path], object], str]] = {
    "absent": (lambda path: None, "does not exist"),
    "text": (text, "no ONNX file"),
    "damaged": (cut, "no ONNX file"),
    "one input": (lambda path: write_graph(path, inputs=("x",)), "1 inputs and 1 outputs"),
    "three inputs": (lambda path: write_graph(path, inputs=("x", "y", "z")), "3 inputs and 1 outputs"),
    "two outputs": (
        lambda path: write_graph(path, [helper.make_node("Add", ["x", "y"], ["out"]),
                                        helper.make_node("Sub", ["x", "y"], ["less"])], outputs=("out", "less")),
        "2 inputs and 2 outputs",
    ),
    "colour": (lambda path: write_graph(path, shape=("n", 3, "h", "w")), "3 channels"),
    "three axes": (lambda path: write_graph(path, shape=("n", "h", "w")), r"\[N, 1, H, W\]"),
    "fixed size": (lambda path: write_graph(path, shape=(1, 1, 64, 64)), "dynamic height"),
    "fixed batch": (lambda path: write_graph(path, shape=(4, 1, "h", "w")), "dynamic height"),
    "whole numbers": (lambda path: write_graph(path, kind=TensorProto.INT64), "expected floats"),
    "own operation": (
        lambda path: write_graph(path, [helper.make_node("Magic", ["x", "y"], ["out"], domain="mine")]),
        "operations that onnxruntime does not know",
    ),
    "smaller": (
        lambda path: write_graph(path, [helper.make_node("Add", ["x", "y"], ["sum"]),
                                        helper.make_node("MaxPool", ["sum"], ["out"], kernel_shape=[2, 2])]),
        "no fusion model: .* return shape",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD)
def test_bad_files_get_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str], what: str) -> None:
    make, words = BAD[what]
    path = tmp_path / "bad.onnx"
    make(path)
    with pytest.raises(InputError, match=words):
        fl.load_model(path)
    assert main(["fuse", *files(tmp_path), "--model", str(path), "-o", str(tmp_path / "out")]) == 2
    assert capsys.readouterr().err.count("fuselens:") == 1
    assert not (tmp_path / "out").exists()


def test_what_an_onnx_file_does_not_take(tmp_path: Path) -> None:
    path = blend(tmp_path / "blend.onnx")
    with pytest.raises(InputError, match="leave out 'mri-pet'"):
        fl.load_model(path, "mri-pet")
    with pytest.raises(InputError, match="not levels"):
        fl.load_model(path, levels=3)
    with pytest.raises(InputError, match="on the CPU"):
        fl.load_model(path, device="cuda")


def files(folder: Path) -> list[str]:
    """Write two small images and return their paths."""
    paths = [folder / "ir.png", folder / "vi.png"]
    for seed, path in enumerate(paths):
        Image.fromarray(np.random.default_rng(seed).integers(0, 256, (24, 30), dtype=np.uint8)).save(path)
    return [str(path) for path in paths]


def test_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = blend(tmp_path / "blend.onnx")
    out = tmp_path / "out"
    told = [*files(tmp_path), "--json", "-o", str(out)]
    assert main(["fuse", "--model", str(path), *told]) == 0
    assert json.loads(capsys.readouterr().out)["model"] == "blend.onnx"
    options = ["--method", "occlusion", "--units", "grid:12", "--model", f"{path}:measure"]
    assert main(["explain", *options, *told]) == 0
    assert json.loads((out / "explanation.json").read_text())["settings"]["reach"] == 1
    assert main(["explain", "--model", str(path), *told]) == 2
    assert "explain it with a method that needs none" in " ".join(capsys.readouterr().err.split())
