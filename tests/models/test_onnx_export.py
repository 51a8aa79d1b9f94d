"""Exported models agree with themselves, say what they are, and are not left behind where they do not."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

import fuselens as fl
from fuselens.cli.main import main
from fuselens.core.errors import InputError, ModelError
from fuselens.models import onnx_export
from fuselens.models.onnx_file import HEADER
from tests.conftest import REQUIRED

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")
pytest.importorskip("onnxscript")

QUICK = ("average", "weighted_average", "maximum", "laplacian_pyramid", "deepfuse:mri-pet", "deeppedestrian:mri-pet")
SLOW = tuple(
    f"{card['model']}:{card['weights']}" for card in fl.list_weights().values()
    if f"{card['model']}:{card['weights']}" not in QUICK
)  # fmt: skip


def loaded(spec: str) -> fl.FusionModel:
    name, _, weights = spec.partition(":")
    return fl.load_model(name, weights or "auto")


@pytest.mark.parametrize("spec", [*QUICK, *SLOW, "lrrnet"])
def test_shipped_models_agree_with_their_files(tmp_path: Path, spec: str) -> None:
    """With onnxruntime alone, on sizes and a batch that the export itself did not try."""
    if spec not in QUICK and "onnx" not in REQUIRED:
        pytest.skip("tracing it takes up to minutes; FUSELENS_REQUIRE=onnx runs it")
    torch.manual_seed(1)
    model = fl.load_model(spec, None) if spec == "lrrnet" else loaded(spec)
    path = tmp_path / "model.onnx"
    assert fl.export_onnx(model, path).worst <= 1e-4
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    for size in ((1, 9, 14), (3, 45, 38), (1, 23, 150)):
        a, b = torch.rand(2, size[0], 1, *size[1:])
        with torch.inference_mode():
            expected = model(a, b).numpy()
        (found,) = session.run(None, {"a": a.numpy(), "b": b.numpy()})
        np.testing.assert_allclose(found, expected, atol=1e-4)


def test_uaafusion_says_why_it_cannot_be_had(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="takes gradients while it fuses"):
        fl.export_onnx(fl.load_model("uaafusion", None), tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())


def test_the_file_says_what_it_is(tmp_path: Path) -> None:
    model = fl.load_model("laplacian_pyramid", levels=1)
    exported = fl.export_onnx(fl.wrap_model(model, 4, name="small", divisor=2), tmp_path / "small.onnx")
    assert exported.path == tmp_path / "small.onnx"
    assert set(exported.differences) == set(onnx_export.SIZES)
    assert exported.worst == max(exported.differences.values())
    proto = onnx.load(exported.path)
    onnx.checker.check_model(proto, full_check=True)
    assert exported.opset == proto.opset_import[0].version
    shapes = [
        [dim.dim_param or dim.dim_value for dim in value.type.tensor_type.shape.dim] for value in proto.graph.input
    ]
    assert shapes == [["batch", 1, "height", "width"]] * 2
    facts = json.loads({entry.key: entry.value for entry in proto.metadata_props}[HEADER])
    assert (facts["model"], facts["reach"], facts["stride"], facts["licence"]) == ("small", 4, 2, None)
    assert facts["versions"]["fuselens"] == fl.__version__
    loaded = fl.load_model(exported.path)
    assert (loaded.reach, loaded.stride) == (4, 2)


def test_weights_keep_their_words(tmp_path: Path) -> None:
    model = fl.load_model("average")
    model.weights_info = {"weights": "mine", "data": "12 pairs, CC0", "settings": {"preset": "paper"}, "sha256": "0f"}
    path = fl.export_onnx(model, tmp_path / "mine.onnx").path
    facts = json.loads(onnx.load(path).metadata_props[0].value)
    assert (facts["weights"], facts["data"], facts["settings"]) == ("mine", "12 pairs, CC0", {"preset": "paper"})
    assert "Apache-2.0" in facts["licence"]
    assert fl.load_model(path).weights_info["data"] == "12 pairs, CC0"


def test_a_file_that_disagrees_is_not_left(tmp_path: Path) -> None:
    """The model answers otherwise while it is traced than when it is run, by little more than is allowed."""

    def two_faced(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        return (a + b) / 2 + (3e-4 if torch.compiler.is_compiling() else 0)

    with pytest.raises(ModelError, match=r"differ by 0\.0003, .*no file"):
        fl.export_onnx(two_faced, tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())


def test_what_cannot_be_traced_is_said(tmp_path: Path) -> None:
    def looks(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        return a if float(a.mean()) > float(b.mean()) else b

    with pytest.raises(ModelError, match="'looks' cannot be exported: PyTorch cannot trace it"):
        fl.export_onnx(looks, tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())


def test_wrong_places(tmp_path: Path) -> None:
    average = fl.load_model("average")
    with pytest.raises(InputError, match=r"name it model\.onnx"):
        fl.export_onnx(average, tmp_path / "model.pt")
    with pytest.raises(InputError, match="no folder"):
        fl.export_onnx(average, tmp_path / "none" / "model.onnx")
    path = fl.export_onnx(average, tmp_path / "model.onnx").path
    with pytest.raises(InputError, match="is an ONNX file already"):
        fl.export_onnx(fl.load_model(path), tmp_path / "copy.onnx")


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["export-onnx", "maximum", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["model"], told["file"], told["worst"]) == ("maximum", "maximum.onnx", 0)
    assert set(told["differences"]) == {"1x8x8", "2x19x33", "1x64x48", "1x131x77"}
    assert fl.load_model("maximum.onnx").reach == 0
    assert main(["export-onnx", "maximum", "-o", "maximum.pth"]) == 2
    assert main(["export-onnx", "nothing"]) == 2
    assert {path.name for path in tmp_path.iterdir()} == {"maximum.onnx"}
