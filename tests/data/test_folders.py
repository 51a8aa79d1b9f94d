"""Folders of pairs: what is found, in which order, and what is said when nothing is."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from fuselens.core.errors import InputError
from fuselens.data.folders import find_pairs, match_folders, natural_key, unmatched_files


def _fill(folder: Path, **files: str) -> Path:
    """Make sub-folders with empty files, named by a string of blank-separated names."""
    for name, content in files.items():
        (folder / name).mkdir(parents=True)
        for file in content.split():
            (folder / name / file).touch()
    return folder


@pytest.mark.parametrize(
    ("path", "names", "train", "test"),
    [
        ("msrs", ("infrared", "visible"), 100, 40),
        ("msrs_person", ("infrared", "visible"), 0, 6),
        ("roadscene", ("infrared", "visible"), 154, 41),
        ("tno", ("infrared", "visible"), 0, 32),
        ("vifb", ("infrared", "visible"), 0, 13),
        ("llvip", ("infrared", "visible"), 0, 14),
        ("medical/mri_ct", ("mri", "ct"), 60, 20),
        ("medical/mri_pet", ("mri", "pet"), 60, 21),
        ("medical/mri_spect", ("mri", "spect"), 60, 20),
        ("nir_country", ("near-infrared", "visible"), 0, 8),
        ("multifocus", ("a", "b"), 0, 20),
        ("multiexposure", ("under", "over"), 0, 14),
    ],
)
def test_the_real_sets(shared: Path, path: str, names: tuple[str, str], train: int, test: int) -> None:
    for split, count in (("train", train), ("test", test)):
        folder = shared / "data" / path / split
        if not count:
            assert not folder.exists()
            continue
        pairs = find_pairs(folder)
        assert len(pairs) == count
        assert {pair.names for pair in pairs} == {names}
        assert all(pair.a.stem == pair.b.stem == pair.name and pair.a != pair.b for pair in pairs)
        assert unmatched_files(pairs[0].a.parent, pairs[0].b.parent) == ([], [])


def test_stems_match_over_suffixes_in_natural_order(tmp_path: Path) -> None:
    _fill(tmp_path, vi="10.jpg 2.jpg 1.JPG notes.txt .2.jpg", ir="1.png 2.tif 10.nii.gz")
    _fill(tmp_path, label="1.png", boxes_ir="1.png")
    pairs = find_pairs(tmp_path)
    assert [pair.name for pair in pairs] == ["1", "2", "10"]
    assert pairs[2].a == tmp_path / "ir" / "10.nii.gz"
    assert pairs[0].b == tmp_path / "vi" / "1.JPG"


def test_known_names_are_chosen_among_more(tmp_path: Path) -> None:
    _fill(tmp_path, visible="1.png", thermal="1.png", fused="1.png", notes="a.txt")
    assert find_pairs(tmp_path)[0].names == ("infrared", "visible")
    assert find_pairs(tmp_path, "fused", "visible")[0].names == ("fused", "visible")


def test_unmatched_files_are_left_out_and_told(tmp_path: Path) -> None:
    _fill(tmp_path, a="1.png 2.png", b="2.png 3.png 30.png")
    assert [pair.name for pair in match_folders(tmp_path / "a", tmp_path / "b", names=("ir", "far"))] == ["2"]
    assert unmatched_files(tmp_path / "a", tmp_path / "b") == (
        [tmp_path / "a/1.png"],
        [tmp_path / "b/3.png", tmp_path / "b/30.png"],
    )


def test_nothing_matches(tmp_path: Path) -> None:
    _fill(tmp_path, ir="x1.png x2.png x3.png x4.png", vi="y.png")
    with pytest.raises(InputError, match=r"No file names match .*\(x1, x2, x3, \.\.\.\).*\(y\)"):
        find_pairs(tmp_path)


def test_two_images_of_one_name(tmp_path: Path) -> None:
    _fill(tmp_path, ir="1.png 1.jpg", vi="1.png")
    with pytest.raises(InputError, match=r"both 1\.jpg and 1\.png"):
        find_pairs(tmp_path)


@pytest.mark.parametrize(
    ("folders", "words"),
    [
        ({}, "found none"),
        ({"ir": "1.png"}, "found ir"),
        ({"x": "1.png", "y": "1.png", "z": "1.png"}, "found x, y, z"),
        ({"ir": "1.png", "vi": "1.txt"}, "found ir"),
    ],
)
def test_no_two_modality_folders(tmp_path: Path, folders: dict[str, str], words: str) -> None:
    with pytest.raises(InputError, match=words):
        find_pairs(_fill(tmp_path, **folders))


def test_bad_folders(tmp_path: Path) -> None:
    _fill(tmp_path, ir="1.png", empty="")
    for path, words in ((tmp_path / "none", "is missing"), (tmp_path / "ir/1.png", "is a file")):
        with pytest.raises(InputError, match=words):
            match_folders(path, tmp_path / "ir")
    with pytest.raises(InputError, match=re.escape("empty holds no image")):
        match_folders(tmp_path / "ir", tmp_path / "empty")
    with pytest.raises(InputError, match="name both or none"):
        find_pairs(tmp_path, a="ir")


def test_natural_order() -> None:
    names = ["a", "a1", "a2", "a10", "B3", "c007", "c8"]
    shuffled = names.copy()
    random.Random(0).shuffle(shuffled)
    assert sorted(shuffled, key=natural_key) == names
