"""`import-weights`: a checkpoint that fits is written with its card; any other is refused in one sentence."""

from __future__ import annotations

import hashlib
import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

import fuselens as fl
from fuselens.cli.main import main
from fuselens.models import MODELS
from fuselens.models.published import PUBLISHED

Tensors = dict[str, Any]


def published_tensors() -> Tensors:
    """Random numbers under the published names, in the published shapes."""
    torch.manual_seed(0)
    own = MODELS["lrrnet"]().state_dict()
    tensors = {theirs: own[key].clone() for key, theirs in PUBLISHED["lrrnet"].names.items()}
    for extractor in ("get_ls1", "get_ls2"):
        tensors[f"{extractor}.lamj"] = tensors[f"{extractor}.lamj"].reshape(1, 256)
        tensors[f"{extractor}.lamz"] = tensors[f"{extractor}.lamz"].reshape(1, 1)
    return tensors


def run(tmp_path: Path, *options: str) -> int:
    arguments = [str(tmp_path / "lrrnet.model"), "-o", str(tmp_path / "lrrnet.safetensors"), *options]
    return main(["import-weights", "lrrnet", *arguments])


@pytest.mark.parametrize("wrapped", [False, True])
def test_weights_and_card(tmp_path: Path, capsys: pytest.CaptureFixture[str], wrapped: bool) -> None:
    tensors = published_tensors()
    assert len(tensors) == 52
    checkpoint = tmp_path / "lrrnet.model"
    torch.save({"state_dict": tensors, "epoch": 4} if wrapped else tensors, checkpoint)
    assert run(tmp_path, "--json") == 0
    weights = tmp_path / "lrrnet.safetensors"
    assert json.loads(capsys.readouterr().out) == {
        "model": "lrrnet",
        "weights": str(weights),
        "card": str(tmp_path / "lrrnet.json"),
    }
    card = json.loads((tmp_path / "lrrnet.json").read_text())
    assert card["parameters"] == 49_204
    assert card["imported"]["sha256"] == hashlib.sha256(checkpoint.read_bytes()).hexdigest()
    assert card["sha256"] == hashlib.sha256(weights.read_bytes()).hexdigest()
    model = fl.load_model("lrrnet", weights)
    assert model.title == "lrrnet:published"
    own = model.state_dict()
    for key, theirs in PUBLISHED["lrrnet"].names.items():
        assert torch.equal(own[key].flatten(), tensors[theirs].flatten())


def without_one(tensors: Tensors) -> Any:
    del tensors["decoder.conv_ReL.conv2d.weight"]
    return tensors


def with_one_more(tensors: Tensors) -> Any:
    return tensors | {"decoder.extra.weight": torch.zeros(3)}


def misshapen(tensors: Tensors) -> Any:
    return tensors | {"get_ls1.conv_W00.conv2d.bias": torch.zeros(255)}


def transposed(tensors: Tensors) -> Any:
    """As many numbers, but another layer."""
    name = "get_ls1.lrrblock0.conv_Wdz.conv2d.weight"
    return tensors | {name: tensors[name].reshape(256, 1, 3, 3)}


def with_a_number(tensors: Tensors) -> Any:
    return tensors | {"epoch": 4}


def with_counts(tensors: Tensors) -> Any:
    return tensors | {"get_ls1.lamz": torch.ones(1, 1, dtype=torch.int64)}


def with_nan(tensors: Tensors) -> Any:
    return tensors | {"get_ls1.lamz": torch.full((1, 1), float("nan"))}


def a_list(tensors: Tensors) -> Any:
    return list(tensors.values())


def a_module(tensors: Tensors) -> Any:
    del tensors
    return torch.nn.Linear(2, 2)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (without_one, "1 tensors missing"),
        (with_one_more, "1 unknown"),
        (misshapen, "1 of another shape"),
        (transposed, "1 of another shape"),
        (with_a_number, "more than plain tensors"),
        (with_counts, "more than plain tensors"),
        (with_nan, "NaN"),
        (a_list, "no mapping of names to tensors"),
        (a_module, "plain tensors"),
    ],
)
def test_checkpoints_that_do_not_fit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], change: Callable[[Tensors], Any], words: str
) -> None:
    torch.save(change(published_tensors()), tmp_path / "lrrnet.model")
    refused(tmp_path, capsys, words)


class Bomb:
    """A pickle that would write a file."""

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return open_for_writing, ("exploded",)


def open_for_writing(name: str) -> None:
    Path(name).write_text("run")


def pickle_with_code(path: Path) -> None:
    path.write_bytes(pickle.dumps({"weight": Bomb()}))


def torch_file_with_code(path: Path) -> None:
    torch.save({"weight": Bomb()}, path)


def text(path: Path) -> None:
    path.write_text("404: Not Found")


def nothing(path: Path) -> None:
    path.touch()


def truncated(path: Path) -> None:
    torch.save(published_tensors(), path)
    path.write_bytes(path.read_bytes()[:100_000])


def absent(path: Path) -> None:
    del path


def a_folder(path: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (pickle_with_code, "plain tensors"),
        (torch_file_with_code, "plain tensors"),
        (text, "plain tensors"),
        (nothing, "plain tensors"),
        (truncated, "damaged"),
        (absent, "no checkpoint"),
        (a_folder, "no checkpoint"),
    ],
)
def test_files_that_are_no_checkpoint(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    make: Callable[[Path], None],
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    make(tmp_path / "lrrnet.model")
    refused(tmp_path, capsys, words)
    assert not (tmp_path / "exploded").exists()


def refused(tmp_path: Path, capsys: pytest.CaptureFixture[str], words: str) -> None:
    """Expect exit code 2, one sentence, and no file but the checkpoint."""
    assert run(tmp_path) == 2
    said = capsys.readouterr().err
    assert words in " ".join(said.split())
    assert said.count("fuselens:") == 1
    assert "Traceback" not in said
    assert {path.name for path in tmp_path.iterdir()} <= {"lrrnet.model"}


def test_unknown_networks_and_wrong_suffixes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.save(published_tensors(), tmp_path / "lrrnet.model")
    checkpoint = str(tmp_path / "lrrnet.model")
    assert main(["import-weights", "masknet", checkpoint]) == 2
    assert "known: lrrnet" in capsys.readouterr().err
    assert main(["import-weights", "lrrnet", checkpoint, "-o", str(tmp_path / "lrrnet.pth")]) == 2
    assert "lrrnet.safetensors" in " ".join(capsys.readouterr().err.split())
    assert main(["import-weights", "lrrnet", checkpoint, "-o", str(tmp_path / "none" / "lrrnet.safetensors")]) == 2
    assert "there is no folder" in " ".join(capsys.readouterr().err.split())
