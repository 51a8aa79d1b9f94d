"""The published checkpoint makes the published images, from Python and from the command line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

import fuselens as fl
from fuselens.cli.main import main
from fuselens.models.published import import_weights

NUMBERS = (1, 2, 3)


@pytest.fixture(scope="module")
def oracle(shared: Path) -> Path:
    return shared / "golden" / "lrrnet"


@pytest.fixture(scope="module")
def weights(oracle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return import_weights("lrrnet", oracle / "lrrnet.model", tmp_path_factory.mktemp("weights") / "lrrnet.safetensors")


def grey_levels(path: Path) -> npt.NDArray[np.int64]:
    return np.asarray(Image.open(path)).astype(np.int64)


@pytest.mark.parametrize("number", NUMBERS)
def test_published_images_from_python(oracle: Path, weights: Path, number: int) -> None:
    """The authors cut fractions of a grey level off: cut so, hardly a pixel differs; rounded, none by more than 1."""
    pair = fl.read_pair(oracle / "ir" / f"{number}.png", oracle / "vi" / f"{number}.png", normalize="minmax")
    fused = fl.fuse(fl.load_model("lrrnet", weights), pair)
    published = grey_levels(oracle / "fused" / f"{number}.png")
    assert np.abs(fused.array().astype(int) - published).max() <= 1
    cut = np.abs(np.floor(fused.y.double().numpy() * 255) - published)
    assert cut.max() <= 1
    assert cut.mean() < 1e-3


@pytest.mark.parametrize("number", NUMBERS)
def test_published_images_from_the_command_line(
    oracle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["import-weights", "lrrnet", str(oracle / "lrrnet.model"), "-o", "lrrnet.safetensors"]) == 0
    sources = [str(oracle / kind / f"{number}.png") for kind in ("ir", "vi")]
    assert main(["fuse", *sources, "--model", "lrrnet:lrrnet.safetensors", "--preset", "paper", "-o", "out"]) == 0
    difference = grey_levels(tmp_path / "out" / "fused.png") - grey_levels(oracle / "fused" / f"{number}.png")
    assert np.abs(difference).max() <= 1


def test_raw_output_of_the_same_weights_is_local(oracle: Path, weights: Path) -> None:
    """The settings in the file make the published network; asked for, its unstretched output comes out instead."""
    assert fl.load_model("lrrnet", weights).reach is None
    raw = fl.load_model("lrrnet", weights, output="raw")
    assert raw.reach == 11
    pair = fl.read_pair(oracle / "ir" / "1.png", oracle / "vi" / "1.png", normalize="minmax")
    y = fl.fuse(raw, pair, tile=64).y.double().numpy()
    stretched = (y - y.min()) / (y.max() - y.min() + 1e-5) * 255
    assert np.abs(np.floor(stretched) - grey_levels(oracle / "fused" / "1.png")).max() <= 1
