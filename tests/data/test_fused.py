"""The fused image keeps size, luma, colour and depth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from fuselens.core.errors import InputError
from fuselens.core.model import FusionModel
from fuselens.core.pair import Depth, ImagePair, Source
from fuselens.data.colour import split_colour
from fuselens.data.fused import FusedImage, fuse
from fuselens.data.images import read_image


def _mean(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return (a + b) / 2


def _pair(depths: tuple[Depth, Depth] = ("uint8", "uint8"), *, coloured: bool = False) -> ImagePair:
    values = torch.from_numpy(np.random.default_rng(12).random((5, 9, 11), np.float32))
    chroma = (values[2:4] - 0.5) / 4 if coloured else None
    return ImagePair(
        Source(values[0], "infrared", depth=depths[0]), Source(values[1], "visible", depth=depths[1], chroma=chroma)
    )


def test_grey_in_grey_out() -> None:
    pair = _pair()
    fused = fuse(_mean, pair)
    torch.testing.assert_close(fused.y, (pair.a.y + pair.b.y) / 2)
    assert fused.rgb is None
    assert fused.colour_note.startswith("grey")
    assert fused.names == ("infrared", "visible")
    assert fused.model == "_mean"
    assert (fused.array().dtype, fused.array().shape) == (np.uint8, (9, 11))


def test_colour_is_carried_and_luma_is_the_models() -> None:
    pair = _pair(coloured=True)
    fused = fuse(_mean, pair)
    assert fused.rgb is not None
    torch.testing.assert_close(split_colour(fused.rgb)[0], fused.y, atol=1e-6, rtol=0)
    assert fused.colour_note == "colour of visible"
    assert fused.array().shape == (9, 11, 3)
    assert fuse(_mean, pair, keep_colour=False).rgb is None


def test_overshoot_is_clipped() -> None:
    fused = fuse(lambda a, b: 3 * (a + b) - 2, _pair(coloured=True))
    assert fused.y.min() == 0
    assert fused.y.max() == 1


@pytest.mark.parametrize(
    ("depths", "finer"),
    [
        (("uint8", "uint8"), "uint8"),
        (("uint16", "uint8"), "uint16"),
        (("uint8", "float32"), "float32"),
        (("float32", "uint16"), "float32"),
    ],
)
def test_the_finer_depth_is_kept(depths: tuple[Depth, Depth], finer: str) -> None:
    array = fuse(_mean, _pair(depths)).array()
    assert array.dtype == finer
    assert array.max() <= {"uint8": 255, "uint16": 65535, "float32": 1}[finer]
    assert array.max() > 0.5 * {"uint8": 255, "uint16": 65535, "float32": 1}[finer]


@pytest.mark.parametrize("coloured", [False, True])
@pytest.mark.parametrize(
    ("depth", "name", "stored"),
    [
        ("uint8", "a.png", "uint8"),
        ("uint16", "a.png", "uint16"),
        ("uint16", "a.bmp", "uint8"),
        ("float32", "a.png", "uint16"),
        ("float32", "a.tif", "float32"),
    ],
)
def test_saved_and_read_back(tmp_path: Path, depth: Depth, name: str, stored: str, coloured: bool) -> None:
    fused = fuse(_mean, _pair((depth, depth), coloured=coloured))
    path = fused.save(tmp_path / name)
    raw = read_image(path)
    assert raw.depth == stored
    unit = fused.y if fused.rgb is None else fused.rgb.movedim(0, -1)
    half = {"uint8": 0.5 / 255, "uint16": 0.5 / 65535, "float32": 0}[stored]
    np.testing.assert_allclose(raw.unit(), unit, atol=half + 1e-7)


def test_jpeg_is_8_bit(tmp_path: Path) -> None:
    with Image.open(fuse(_mean, _pair(("float32", "uint16"))).save(tmp_path / "a.jpg")) as image:
        assert image.mode == "L"


def test_an_unknown_suffix_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="suffix must be one of"):
        fuse(_mean, _pair()).save(tmp_path / "fused")


def test_several_pairs_and_a_named_model() -> None:
    class Twice(FusionModel):
        name = "twice"
        reach = 0

        def forward(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
            return (a + b).clamp(max=1)

    model = Twice()
    model.weights_info["weights"] = "test"
    fused = fuse(model, [_pair(), _pair(coloured=True)], tile=8)
    assert [type(each) for each in fused] == [FusedImage, FusedImage]
    assert fused[0].model == "twice:test"
    torch.testing.assert_close(fused[0].y, fused[1].y)
