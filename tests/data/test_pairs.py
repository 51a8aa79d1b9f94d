"""Two files in, one pair out: luma, chroma, depth, names."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from fuselens.core.errors import InputError
from fuselens.core.files import write_image
from fuselens.data.colour import join_colour
from fuselens.data.pairs import guess_names, read_pair


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """A 16-bit grey infrared PNG and an 8-bit colour visible JPEG-free PNG."""
    random = np.random.default_rng(6)
    (tmp_path / "ir").mkdir()
    (tmp_path / "vi").mkdir()
    write_image(tmp_path / "ir/1.png", random.integers(0, 65536, (9, 10), dtype=np.uint16))
    write_image(tmp_path / "vi/1.png", random.integers(0, 256, (9, 10, 3), dtype=np.uint8))
    return tmp_path / "ir/1.png", tmp_path / "vi/1.png"


def test_a_pair_remembers_what_its_files_were(files: tuple[Path, Path]) -> None:
    pair = read_pair(*files)
    assert pair.names == ("infrared", "visible")
    assert pair.size == (9, 10)
    assert [(s.depth, s.low, s.high, s.is_coloured) for s in pair] == [
        ("uint16", 0, 65535, False),
        ("uint8", 0, 255, True),
    ]
    assert pair.a.origin == str(files[0])
    assert pair.b.chroma is not None
    with Image.open(files[1]) as image:
        rgb = np.asarray(image).transpose(2, 0, 1) / 255
    np.testing.assert_allclose(join_colour(pair.b.y, pair.b.chroma), rgb, atol=1e-6)


def test_colour_can_be_left(files: tuple[Path, Path]) -> None:
    grey = read_pair(*files, keep_colour=False)
    assert grey.b.chroma is None
    torch.testing.assert_close(grey.b.y, read_pair(*files).b.y)


def test_a_window_concerns_the_deep_file_only(files: tuple[Path, Path]) -> None:
    pair = read_pair(*files, names=("thermal", "rgb"), window=(1000, 60000))
    assert (pair.a.low, pair.a.high) == (1000, 60000)
    assert pair.b.high == 255
    assert read_pair(*files, normalize="minmax").a.y.max() == 1


def test_grey_stored_as_rgb_is_grey(tmp_path: Path) -> None:
    grey = Image.fromarray(np.random.default_rng(7).integers(0, 256, (16, 16), dtype=np.uint8))
    grey.convert("RGB").save(tmp_path / "a.jpg")
    grey.save(tmp_path / "b.jpg")
    pair = read_pair(tmp_path / "a.jpg", tmp_path / "b.jpg")
    assert not pair.a.is_coloured
    torch.testing.assert_close(pair.a.y, pair.b.y, atol=1.01 / 255, rtol=0)


def test_different_sizes_and_tiny_images(tmp_path: Path) -> None:
    for name, size in (("a", (9, 8)), ("b", (8, 9)), ("c", (7, 9))):
        write_image(tmp_path / f"{name}.png", np.zeros(size, np.uint8))
    with pytest.raises(InputError, match="differ in size"):
        read_pair(tmp_path / "a.png", tmp_path / "b.png")
    with pytest.raises(InputError, match="smallest"):
        read_pair(tmp_path / "c.png", tmp_path / "c.png")


@pytest.mark.parametrize(
    ("a", "b", "names"),
    [
        ("set/ir/1.png", "set/vi/1.png", ("infrared", "visible")),
        ("x/scene_ir.png", "x/scene_vis.png", ("infrared", "visible")),
        ("x/lwir-3.png", "x/rgb-3.png", ("infrared", "visible")),
        ("x/s_near-infrared.tif", "x/s_visible.tif", ("near-infrared", "visible")),
        ("mri/case.1.png", "MRI/case_pet.png", ("a", "pet")),
        ("ir/a_lwir.png", "ir/a_vi.png", ("infrared", "visible")),
        ("ir/1.png", "ir/2.png", ("a", "b")),
        ("x/1.png", "pet/2.png", ("a", "pet")),
        ("near.png", "far.png", ("a", "b")),
    ],
)
def test_names_are_guessed(a: str, b: str, names: tuple[str, str]) -> None:
    assert guess_names(Path(a), Path(b)) == names


@pytest.mark.parametrize(
    ("folder", "name", "coloured"),
    [
        ("llvip/test/{ir,vi}", "010001.jpg", (False, True)),
        ("medical/mri_pet/test/{mri,pet}", "cdd_11.png", (False, True)),
        ("tno/test/{ir,vi}", "05.png", (False, False)),
    ],
)
def test_real_pairs(shared: Path, folder: str, name: str, coloured: tuple[bool, bool]) -> None:
    base, names = folder[:-1].split("{")
    a, b = (shared / "data" / base / modality / name for modality in names.split(","))
    assert tuple(source.is_coloured for source in read_pair(a, b)) == coloured
