"""TIFF at every depth, and its traps: pages, stacks, inverted grey, alpha, compression."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from fuselens.core.errors import InputError
from fuselens.data.images import read_image


def _values(dtype: str, *shape: int) -> np.ndarray:
    random = np.random.default_rng(5)
    if np.dtype(dtype).kind == "f":
        return random.random(shape).astype(dtype)
    return random.integers(0, np.iinfo(dtype).max, shape).astype(dtype)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "float64", "float16"])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"byteorder": ">"},
        {"compression": "zlib"},
        {"bigtiff": True},
        {"planarconfig": "separate"},
        {"tile": (16, 16)},
    ],
)
@pytest.mark.parametrize("colour", [False, True])
def test_round_trip(tmp_path: Path, dtype: str, settings: dict[str, Any], colour: bool) -> None:
    array = _values(dtype, 20, 24, 3) if colour else _values(dtype, 20, 24)
    stored = np.moveaxis(array, -1, 0) if colour and "planarconfig" in settings else array
    if not colour:
        settings = {key: value for key, value in settings.items() if key != "planarconfig"}
    tifffile.imwrite(tmp_path / "a.tif", stored, photometric="rgb" if colour else "minisblack", **settings)
    raw = read_image(tmp_path / "a.tif")
    assert raw.depth == (dtype if dtype in ("uint8", "uint16") else "float32")
    np.testing.assert_array_equal(raw.array, array.astype(raw.depth))


@pytest.mark.parametrize("dtype", ["int16", "int32", "uint32"])
def test_other_integers_are_physical_values(tmp_path: Path, dtype: str) -> None:
    array = np.arange(-40, 40).reshape(8, 10).clip(0 if dtype == "uint32" else -40).astype(dtype)
    tifffile.imwrite(tmp_path / "a.tif", array)
    raw = read_image(tmp_path / "a.tif", window=(-40, 40))
    assert raw.depth == "float32"
    np.testing.assert_array_equal(raw.array, array)


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_inverted_grey_is_turned_round(tmp_path: Path, dtype: str) -> None:
    array = _values(dtype, 9, 8)
    tifffile.imwrite(tmp_path / "a.tif", array, photometric="miniswhite")
    np.testing.assert_array_equal(read_image(tmp_path / "a.tif").array, np.iinfo(dtype).max - array)


def test_inverted_physical_values_are_refused(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", _values("float32", 9, 8), photometric="miniswhite")
    with pytest.raises(InputError, match="colour model MINISWHITE"):
        read_image(tmp_path / "a.tif")


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_adobe_deflate", "packbits"])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_compressed_grey(tmp_path: Path, compression: str, dtype: str) -> None:
    array = _values(dtype, 20, 24)
    Image.fromarray(array).save(tmp_path / "a.tif", compression=compression)
    np.testing.assert_array_equal(read_image(tmp_path / "a.tif").array, array)


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_alpha(tmp_path: Path, dtype: str) -> None:
    array = _values(dtype, 9, 8, 4)
    tifffile.imwrite(tmp_path / "a.tif", array, photometric="rgb", extrasamples=["unassalpha"])
    with pytest.raises(InputError, match="flatten"):
        read_image(tmp_path / "a.tif")
    array[..., 3] = np.iinfo(dtype).max
    tifffile.imwrite(tmp_path / "b.tif", array, photometric="rgb", extrasamples=["unassalpha"])
    np.testing.assert_array_equal(read_image(tmp_path / "b.tif").array, array[..., :3])


def test_more_channels_are_refused(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", _values("uint16", 9, 8, 5), photometric="minisblack", planarconfig="contig")
    with pytest.raises(InputError, match="5 channels"):
        read_image(tmp_path / "a.tif")


@pytest.mark.parametrize("settings", [{"photometric": "minisblack"}, {"imagej": True}])
def test_several_pages_are_refused(tmp_path: Path, settings: dict[str, Any]) -> None:
    tifffile.imwrite(tmp_path / "a.tif", _values("uint16", 5, 20, 24), **settings)
    with pytest.raises(InputError, match="several pages or a stack"):
        read_image(tmp_path / "a.tif")


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float64"])
@pytest.mark.parametrize("share", [0.01, 0.5, 0.9])
def test_a_truncated_file_is_refused(tmp_path: Path, dtype: str, share: float) -> None:
    tifffile.imwrite(tmp_path / "a.tif", _values(dtype, 64, 64))
    content = (tmp_path / "a.tif").read_bytes()
    (tmp_path / "a.tif").write_bytes(content[: int(len(content) * share)])
    with pytest.raises(InputError, match="damaged"):
        read_image(tmp_path / "a.tif")


def test_a_huge_size_is_refused(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((8, 8), np.uint16))
    with tifffile.TiffFile(tmp_path / "a.tif", mode="r+b") as file:
        for tag in ("ImageWidth", "ImageLength"):
            file.pages[0].tags[tag].overwrite(40_000)
    with pytest.raises(InputError, match="larger than the limit"):
        read_image(tmp_path / "a.tif")


def test_orientation_of_deep_colour(tmp_path: Path) -> None:
    array = _values("uint16", 9, 8, 3)
    tifffile.imwrite(tmp_path / "a.tif", array, photometric="rgb", extratags=[(274, "H", 1, 3, True)])
    np.testing.assert_array_equal(read_image(tmp_path / "a.tif").array, array[::-1, ::-1])
