"""Scenes of pairs: planted kinds come back, order does not matter, and what cannot be divided is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fuselens.confounders.features import Features
from fuselens.confounders.scenes import SceneSettings, find_scenes
from fuselens.core.errors import InputError
from fuselens.data.folders import PairFiles
from tests.confounders.planted_scenes import cells, draw, same_division, write_pairs

KINDS_A = [0, 1, 2, 3, 0, 1, 2, 0, 1, 0]
KINDS_B = [3, 3, 0, 0, 1, 1, 2, 2, 2, 0]
QUICK = SceneSettings(scenes=4, dim=6, backbone=cells)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[PairFiles]:
    return write_pairs(tmp_path_factory.mktemp("pairs"), KINDS_A, KINDS_B)


@pytest.mark.parametrize("backbone", ["gist", cells])
def test_planted_scenes_are_recovered_in_each_modality(files: list[PairFiles], backbone: str | Features) -> None:
    found = find_scenes(files, replace(QUICK, backbone=backbone))
    assert (found.a.name, found.b.name) == ("infrared", "visible")
    assert same_division(found.a.clusters.labels, KINDS_A)
    assert same_division(found.b.clusters.labels, KINDS_B)
    assert found.a.clusters.sizes.tolist() == [4, 3, 2, 1]
    assert found.b.clusters.sizes.tolist() == [3, 3, 2, 2]


def test_the_order_of_the_pairs_does_not_matter(files: list[PairFiles]) -> None:
    settings = replace(QUICK, scenes=3)  # not the planted number: k-means has to choose
    shuffled = [files[i] for i in np.random.default_rng(0).permutation(len(files))]
    one, other = find_scenes(files, settings), find_scenes(shuffled, settings)
    assert one.files == other.files == files
    np.testing.assert_array_equal(one.a.clusters.centres, other.a.clusters.centres)
    np.testing.assert_array_equal(one.b.clusters.labels, other.b.clusters.labels)
    np.testing.assert_array_equal(one.b.coordinates, other.b.coordinates)
    assert [one.nearest("a", k) for k in range(3)] == [other.nearest("a", k) for k in range(3)]


def test_same_seed_same_bits(files: list[PairFiles]) -> None:
    one, two = (find_scenes(files, replace(QUICK, seed=5)) for _ in range(2))
    np.testing.assert_array_equal(one.a.coordinates, two.a.coordinates)
    np.testing.assert_array_equal(one.a.clusters.labels, two.a.clusters.labels)
    np.testing.assert_array_equal(one.b.clusters.centres, two.b.clusters.centres)


def test_nearest_example_is_the_nearest_of_its_scene(files: list[PairFiles]) -> None:
    found = find_scenes(files, QUICK)
    for scene, centre in enumerate(found.b.clusters.centres):
        inside = [i for i in range(len(files)) if found.b.clusters.labels[i] == scene]
        best = min(inside, key=lambda i: np.linalg.norm(found.b.coordinates[i] - centre))
        assert found.nearest("b", scene) == files[best]


def test_the_map_of_one_dimension_is_flat(files: list[PairFiles]) -> None:
    points = find_scenes(files, replace(QUICK, dim=1)).a.points
    assert points.shape == (10, 2)
    assert not points[:, 1].any()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (replace(QUICK, scenes=11), "10 pairs cannot be divided into 11 scenes"),
        (replace(QUICK, scenes=1), "at least 2 scenes"),
        (replace(QUICK, dim=0), "dim of at least 1"),
        (SceneSettings(), "10 pairs cannot be divided into 25 scenes"),
    ],
)
def test_numbers_that_cannot_be(files: list[PairFiles], settings: SceneSettings, words: str) -> None:
    with pytest.raises(InputError, match=words):
        find_scenes(files, settings)


def test_pairs_that_do_not_belong_together(files: list[PairFiles]) -> None:
    with pytest.raises(InputError, match=r"infrared \+ visible, mri \+ pet"):
        find_scenes([*files, replace(files[0], names=("mri", "pet"))], QUICK)
    with pytest.raises(InputError, match=r"ir/000\.png is given twice"):
        find_scenes([*files, files[0]], QUICK)
    with pytest.raises(InputError, match="0 pairs cannot be divided"):
        find_scenes([], QUICK)


def test_constant_images_are_scenes_by_their_brightness(tmp_path: Path) -> None:
    from PIL import Image

    files = write_pairs(tmp_path, [0] * 6, [0] * 6)
    for number, one in enumerate(files):
        Image.fromarray(np.full((40, 40), 20 + 80 * (number % 3), np.uint8)).save(one.a)
    found = find_scenes(files, SceneSettings(scenes=3, dim=2))
    assert same_division(found.a.clusters.labels, [0, 1, 2, 0, 1, 2])


@pytest.mark.parametrize(("scenes", "words"), [(2, "are all alike"), (2, "other images")])
def test_images_that_are_all_alike(scenes: int, words: str, tmp_path: Path) -> None:
    files = write_pairs(tmp_path, [0, 1, 2], [0, 1, 2])
    for one in files:
        one.b.write_bytes(files[0].b.read_bytes())
    with pytest.raises(InputError, match=f"The visible images .*{words}"):
        find_scenes(files, replace(QUICK, scenes=scenes))


def test_copies_do_not_make_scenes(tmp_path: Path) -> None:
    files = write_pairs(tmp_path, [0, 1, 2, 3], [0, 1, 2, 3])
    files[3].a.write_bytes(files[2].a.read_bytes())
    with pytest.raises(InputError, match="of only 3 different kinds by their features, too few for 4 scenes"):
        find_scenes(files, QUICK)


def test_drawings_of_a_kind_differ() -> None:
    assert (draw(0, seed=1) != draw(0, seed=2)).any()
