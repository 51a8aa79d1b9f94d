"""Results are written whole or not at all, and every depth survives its format."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from fuselens.core.errors import InputError
from fuselens.core.files import (
    atomic_path,
    prepare_folder,
    writable_depth,
    write_image,
    write_json,
    write_npz,
    write_text,
)
from fuselens.data.images import read_image


def test_the_temporary_path_has_the_suffix_and_folder(tmp_path: Path) -> None:
    with atomic_path(tmp_path / "a.tif") as temporary:
        assert temporary.parent == tmp_path
        assert temporary.suffix == ".tif"
        temporary.write_text("new")
        assert not (tmp_path / "a.tif").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["a.tif"]


def test_a_failure_leaves_the_old_file_and_no_rubbish(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    write_text(target, "old")

    def fail_half_way() -> None:
        with atomic_path(target) as temporary:
            temporary.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_half_way()
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_what_cannot_be_written_is_said_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no folder .*missing"):
        write_text(tmp_path / "missing" / "a.txt", "")
    with pytest.raises(InputError, match="is a folder"):
        write_text(tmp_path, "")
    with pytest.raises(InputError, match="File name too long"):
        write_text(tmp_path / ("x" * 300), "")


def test_prepare_folder_makes_parents_and_refuses_a_file(tmp_path: Path) -> None:
    assert prepare_folder(tmp_path / "one" / "two").is_dir()
    assert list((tmp_path / "one" / "two").iterdir()) == []
    (tmp_path / "file").touch()
    for blocked in ("file", "file/below"):
        with pytest.raises(InputError, match="a file is in the way"):
            prepare_folder(tmp_path / blocked)


def test_json_holds_numpy_values_and_no_nan(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"x": np.float32(0.5), "y": [np.nan, np.int64(3)], "z": np.eye(2), "p": Path("q")})
    assert json.loads((tmp_path / "a.json").read_text()) == {
        "x": 0.5,
        "y": [None, 3],
        "z": [[1.0, 0.0], [0.0, 1.0]],
        "p": "q",
    }
    with pytest.raises(TypeError):
        write_json(tmp_path / "b.json", {"x": object()})
    assert not (tmp_path / "b.json").exists()


def test_npz_round_trip(tmp_path: Path) -> None:
    write_npz(tmp_path / "maps.npz", {"a": np.arange(6.0).reshape(2, 3), "keep": np.array([True, False])})
    with np.load(tmp_path / "maps.npz") as maps:
        assert maps["a"].tolist() == [[0, 1, 2], [3, 4, 5]]
        assert maps["keep"].dtype == bool


@pytest.mark.parametrize("shape", [(9, 11), (9, 11, 3), (8, 1, 3)])
@pytest.mark.parametrize(
    ("suffix", "dtype"),
    [
        (".png", "uint8"),
        (".png", "uint16"),
        (".tif", "uint8"),
        (".TIFF", "uint16"),
        (".tif", "float32"),
        (".bmp", "uint8"),
    ],
)
def test_an_image_is_read_back_exactly(tmp_path: Path, shape: tuple[int, ...], suffix: str, dtype: str) -> None:
    random = np.random.default_rng(0)
    array = random.random(shape, np.float32) if dtype == "float32" else random.integers(0, np.iinfo(dtype).max, shape)
    write_image(tmp_path / f"a{suffix}", array.astype(dtype))
    raw = read_image(tmp_path / f"a{suffix}")
    assert raw.depth == dtype
    assert raw.array.dtype == dtype
    np.testing.assert_array_equal(raw.array, array)


def test_jpeg_keeps_colour_edges(tmp_path: Path) -> None:
    array = np.zeros((16, 16, 3), np.uint8)
    array[:, 5:, 0] = 200
    write_image(tmp_path / "a.jpg", array)
    assert np.abs(read_image(tmp_path / "a.jpg").array.astype(int) - array).max() < 20


@pytest.mark.parametrize(("name", "dtype"), [("a.jpg", "uint16"), ("a.png", "float32"), ("a.tif", "float64")])
def test_a_depth_that_the_format_does_not_hold_is_refused(tmp_path: Path, name: str, dtype: str) -> None:
    with pytest.raises(InputError, match=r"hold uint8.*convert it first"):
        write_image(tmp_path / name, np.zeros((8, 8), dtype))


def test_no_image_and_no_suffix_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"\(8, 8, 4\)"):
        write_image(tmp_path / "a.png", np.zeros((8, 8, 4), np.uint8))
    with pytest.raises(InputError, match=r"suffix must be one of \.png"):
        write_image(tmp_path / "a.gif", np.zeros((8, 8), np.uint8))
    assert list(tmp_path.iterdir()) == []


def test_writable_depth_never_deepens() -> None:
    assert writable_depth("a.tif", "uint8") == "uint8"
    assert writable_depth("a.tif", "float32") == "float32"
    assert writable_depth("a.BMP", "float32") == "uint8"
