"""One file in: its depth and range are kept, and what cannot be read well is refused in one sentence."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from fuselens.core.errors import InputError
from fuselens.core.files import write_image
from fuselens.data.images import RawImage, read_image, to_file_values


@pytest.fixture
def ramp() -> np.ndarray:
    return np.arange(96, dtype=np.uint8).reshape(8, 12)


def _thermal(path: Path) -> Path:
    """Write a 14-bit thermal image in a 16-bit file."""
    values = np.random.default_rng(1).integers(7000, 9000, (32, 32)).astype(np.uint16)
    write_image(path, values)
    return path


def test_8_bit_grey(tmp_path: Path, ramp: np.ndarray) -> None:
    Image.fromarray(ramp).save(tmp_path / "a.png")
    raw = read_image(tmp_path / "a.png")
    assert (raw.depth, raw.low, raw.high) == ("uint8", 0, 255)
    np.testing.assert_allclose(raw.unit(), ramp / 255, atol=1e-7)


def test_full_range_of_16_bit_is_kept_without_a_window(tmp_path: Path) -> None:
    raw = read_image(_thermal(tmp_path / "a.png"))
    assert (raw.low, raw.high) == (0, 65535)
    assert raw.unit().max() < 0.15


@pytest.mark.parametrize("window", [(7000, 9000), "percentile", None])
def test_writing_inverts_the_window(tmp_path: Path, window: tuple[float, float] | str | None) -> None:
    raw = read_image(_thermal(tmp_path / "a.tif"), window=window)
    back = to_file_values(raw.unit(), raw.depth, (raw.low, raw.high))
    inside = (raw.array >= raw.low) & (raw.array <= raw.high)
    assert inside.mean() > 0.99
    np.testing.assert_array_equal(back[inside], raw.array[inside])


def test_percentiles_and_minmax_stretch_to_their_own_values(tmp_path: Path) -> None:
    path = _thermal(tmp_path / "a.png")
    percentile, minmax = read_image(path, window="percentile"), read_image(path, normalize="minmax")
    assert percentile.low == np.percentile(percentile.array, 0.1)
    assert (minmax.low, minmax.high) == (minmax.array.min(), minmax.array.max())
    assert minmax.unit().min() == 0
    assert minmax.unit().max() == 1


def test_an_8_bit_file_has_no_window_but_a_minmax_when_asked(tmp_path: Path, ramp: np.ndarray) -> None:
    Image.fromarray(ramp).save(tmp_path / "a.bmp")
    assert read_image(tmp_path / "a.bmp", window=(7000, 9000)).high == 255
    assert read_image(tmp_path / "a.bmp", normalize="minmax").high == 95


def test_a_constant_image_under_minmax_is_black(tmp_path: Path) -> None:
    Image.new("L", (8, 8), 77).save(tmp_path / "a.png")
    assert read_image(tmp_path / "a.png", normalize="minmax").unit().max() == 0


def test_a_falling_range_inverts() -> None:
    raw = RawImage(np.array([[0, 4095]], np.uint16), "uint16", 4095, 0, Path("a.dcm"))
    assert raw.unit().tolist() == [[1, 0]]
    np.testing.assert_array_equal(to_file_values(raw.unit(), "uint16", (raw.low, raw.high)), raw.array)


@given(st.integers(0, 65535))
def test_every_16_bit_value_survives(value: int) -> None:
    raw = RawImage(np.array([[value]], np.uint16), "uint16", 0, 65535, Path("a.png"))
    assert to_file_values(raw.unit(), "uint16").item() == value


def test_float_outside_0_1_needs_a_window(tmp_path: Path) -> None:
    kelvin = np.linspace(270, 310, 64, dtype=np.float32).reshape(8, 8)
    write_image(tmp_path / "a.tif", kelvin)
    with pytest.raises(InputError, match=r"270\.\.310 .*window=\(270, 310\)"):
        read_image(tmp_path / "a.tif")
    raw = read_image(tmp_path / "a.tif", window=(270, 310))
    assert raw.depth == "float32"
    np.testing.assert_allclose(raw.unit(), (kelvin - 270) / 40, atol=1e-6)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"window": (9, 3)}, "low < high"),
        ({"window": "auto"}, "'percentile' or"),
        ({"normalize": "max"}, "'minmax'"),
        ({"normalize": "minmax", "window": "percentile"}, "choose one"),
    ],
)
def test_unknown_settings(tmp_path: Path, settings: dict[str, object], words: str) -> None:
    with pytest.raises(InputError, match=re.escape(words)):
        read_image(_thermal(tmp_path / "a.png"), **settings)


def test_missing_empty_and_folder(tmp_path: Path) -> None:
    (tmp_path / "empty.png").touch()
    with pytest.raises(InputError, match="0 bytes"):
        read_image(tmp_path / "empty.png")
    with pytest.raises(InputError, match=r"no file .*none\.png"):
        read_image(tmp_path / "none.png")
    with pytest.raises(InputError, match="is a folder"):
        read_image(tmp_path)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_nan_in_a_float_tiff(tmp_path: Path, value: float) -> None:
    array = np.full((8, 8), 0.5, np.float32)
    array[3, 4] = value
    write_image(tmp_path / "a.tif", array)
    with pytest.raises(InputError, match="NaN or infinite"):
        read_image(tmp_path / "a.tif", window=(0, 1))


def test_the_content_decides_not_the_suffix(tmp_path: Path, ramp: np.ndarray) -> None:
    write_image(tmp_path / "a.tif", ramp.astype(np.uint16) * 257)
    raw = read_image((tmp_path / "a.tif").rename(tmp_path / "a.png"))
    assert raw.depth == "uint16"
