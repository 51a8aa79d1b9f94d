"""The dictionary: its centres are means, its projection places new images, its file comes back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from fuselens.confounders import SceneSettings, build_dictionary, find_scenes
from fuselens.confounders.thumbnails import thumbnail
from fuselens.data.folders import PairFiles
from fuselens.data.pairs import read_source
from fuselens.models.confounder_dictionary import ConfounderDictionary
from tests.confounders.planted_scenes import cells, write_pairs

KINDS_A, KINDS_B = [0, 1, 2, 3, 0, 1, 2], [2, 2, 2, 1, 0, 0, 3]
SETTINGS = SceneSettings(scenes=4, dim=8, backbone=cells, seed=3)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[PairFiles]:
    return write_pairs(tmp_path_factory.mktemp("pairs"), KINDS_A, KINDS_B)


@pytest.fixture(scope="module")
def built(files: list[PairFiles]) -> ConfounderDictionary:
    return build_dictionary(files, SETTINGS)


def test_file_comes_back(built: ConfounderDictionary, tmp_path: Path) -> None:
    again = ConfounderDictionary.load(built.save(tmp_path / "dict.safetensors"))
    for one, other in ((built.a, again.a), (built.b, again.b)):
        for name, tensor in vars(one).items():
            torch.testing.assert_close(getattr(other, name), tensor, rtol=0, atol=0)
    assert again.facts == built.facts


def test_same_settings_same_file(files: list[PairFiles], built: ConfounderDictionary, tmp_path: Path) -> None:
    paths = [built.save(tmp_path / "a.safetensors"), build_dictionary(files, SETTINGS).save(tmp_path / "b.safetensors")]
    assert paths[0].read_bytes() == paths[1].read_bytes()


@pytest.mark.parametrize("side", ["a", "b"])
def test_centres_are_means(files: list[PairFiles], built: ConfounderDictionary, side: str) -> None:
    """Everything anew from the files: features, projection by the stored axes, means by the stored labels."""
    scenes = getattr(built, side)
    images = [read_source(getattr(one, side), "x").y[None, None] for one in files]
    coordinates = torch.stack([scenes.pca_axes @ (cells(image) - scenes.pca_mean) for image in images])
    torch.testing.assert_close(coordinates[:, :2], scenes.points, atol=1e-5, rtol=1e-4)
    for scene, centre in enumerate(scenes.centres):
        torch.testing.assert_close(coordinates[scenes.labels == scene].mean(dim=0), centre, atol=1e-5, rtol=1e-4)
    assert scenes.centres.shape == (4, 8)
    assert not scenes.centres[:, 6:].any()  # seven images span six dimensions
    assert built.facts["components"] == [6, 6]
    assert float(scenes.variance.sum()) == pytest.approx(1, abs=1e-5)


def test_pictures_are_those_of_the_nearest_images(files: list[PairFiles], built: ConfounderDictionary) -> None:
    assert built.a.pictures is not None
    assert built.b.pictures is not None
    assert built.a.pictures.shape == (4, 64, 64)
    assert built.b.pictures.shape == (4, 64, 64, 3)
    found = find_scenes(files, SETTINGS)
    for scene in range(4):
        nearest = found.nearest("b", scene)
        assert built.facts["nearest_b"][scene] == nearest.b.name
        shown = thumbnail(read_source(nearest.b, "visible"), 64)
        np.testing.assert_array_equal(built.b.pictures[scene].numpy(), shown)


def test_without_pictures_nothing_is_shown(files: list[PairFiles], built: ConfounderDictionary) -> None:
    bare = build_dictionary(files, SETTINGS, pictures=False)
    assert bare.a.pictures is None
    assert bare.b.pictures is None
    torch.testing.assert_close(bare.b.centres, built.b.centres, rtol=0, atol=0)


def test_facts_hold_no_path(built: ConfounderDictionary) -> None:
    assert built.facts["names"] == ["infrared", "visible"]
    assert built.facts["images"] == 7
    assert built.facts["backbone"] == "cells"
    assert built.facts["seed"] == 3
    assert not any("/" in str(value) for value in built.facts.values())


def test_thumbnails_are_the_middle_square(tmp_path: Path) -> None:
    from PIL import Image

    wide = np.zeros((64, 128, 3), np.uint8)
    wide[:, 32:96] = (200, 100, 50)
    Image.fromarray(wide).save(tmp_path / "wide.png")
    shown = thumbnail(read_source(tmp_path / "wide.png", "visible"), 64)
    assert np.abs(shown.astype(int) - (200, 100, 50)).max() <= 1
