"""PNG, JPEG, BMP, GIF: orientation, palettes, alpha, 16-bit colour, and damaged files."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fuselens.core.errors import InputError
from fuselens.core.files import deep_png
from fuselens.data.images import read_image
from fuselens.data.raster import upright


def _picture(*shape: int) -> np.ndarray:
    return np.random.default_rng(2).integers(0, 256, shape, dtype=np.uint8)


def _png16(samples: np.ndarray, colour_type: int) -> bytes:
    """Encode `[H, W, C]` uint16 as a PNG of any colour type, unfiltered."""
    height, width = samples.shape[:2]
    rows = samples.astype(">u2").reshape(height, -1).view(np.uint8)
    rows = np.pad(rows, ((0, 0), (1, 0)))
    header = struct.pack(">IIBBBBB", width, height, 16, colour_type, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes())), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif"])
def test_exif_orientation_is_applied(tmp_path: Path, orientation: int, suffix: str) -> None:
    from PIL import ImageOps

    exif = Image.Exif()
    exif[274] = orientation
    image = Image.fromarray(np.kron(_picture(3, 2), np.ones((8, 8), np.uint8)))
    image.save(tmp_path / f"a{suffix}", exif=exif)
    with Image.open(tmp_path / f"a{suffix}") as stored:
        expected = np.asarray(ImageOps.exif_transpose(stored))
    np.testing.assert_array_equal(read_image(tmp_path / f"a{suffix}").array, expected)


def test_an_unknown_orientation_changes_nothing() -> None:
    picture = _picture(4, 5)
    np.testing.assert_array_equal(upright(picture, 0), picture)


def test_a_palette_is_expanded(tmp_path: Path) -> None:
    image = Image.fromarray(_picture(9, 8, 3)).quantize(16)
    for suffix in (".png", ".bmp", ".gif", ".tif"):
        image.save(tmp_path / f"a{suffix}")
        np.testing.assert_array_equal(read_image(tmp_path / f"a{suffix}").array, np.asarray(image.convert("RGB")))


def test_one_bit_becomes_black_and_white(tmp_path: Path) -> None:
    Image.fromarray(_picture(9, 8) > 127).save(tmp_path / "a.png")
    assert set(np.unique(read_image(tmp_path / "a.png").array)) == {0, 255}


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_an_opaque_alpha_channel_is_dropped(tmp_path: Path, suffix: str) -> None:
    picture = _picture(9, 8, 4)
    picture[..., 3] = 255
    Image.fromarray(picture).save(tmp_path / f"a{suffix}")
    np.testing.assert_array_equal(read_image(tmp_path / f"a{suffix}").array, picture[..., :3])


def test_transparent_pixels_are_refused(tmp_path: Path) -> None:
    Image.fromarray(_picture(9, 8, 4)).save(tmp_path / "rgba.png")
    Image.fromarray(_picture(9, 8)).convert("LA").point(lambda value: value // 2).save(tmp_path / "la.png")
    Image.fromarray(_picture(9, 8) // 128).save(tmp_path / "key.png", transparency=0)
    (tmp_path / "deep.png").write_bytes(_png16(_picture(9, 8, 4).astype(np.uint16), 6))
    for path in tmp_path.iterdir():
        with pytest.raises(InputError, match="flatten it onto a background"):
            read_image(path)


@pytest.mark.parametrize(("channels", "colour_type"), [(1, 0), (2, 4), (3, 2), (4, 6)])
def test_every_16_bit_png_keeps_both_bytes(tmp_path: Path, channels: int, colour_type: int) -> None:
    samples = np.random.default_rng(3).integers(0, 65536, (9, 11, channels), dtype=np.uint16)
    if channels in (2, 4):
        samples[..., -1] = 65535
    (tmp_path / "a.png").write_bytes(_png16(samples, colour_type))
    raw = read_image(tmp_path / "a.png")
    assert raw.depth == "uint16"
    np.testing.assert_array_equal(raw.array, samples[..., :3] if channels > 2 else samples[..., 0])


def test_grey_jpeg_stored_as_rgb_has_three_channels(tmp_path: Path) -> None:
    Image.fromarray(_picture(9, 8)).convert("RGB").save(tmp_path / "a.jpg")
    assert read_image(tmp_path / "a.jpg").array.shape == (9, 8, 3)


@pytest.mark.parametrize("suffix", [".gif", ".png"])
def test_animated_files_are_refused(tmp_path: Path, suffix: str) -> None:
    frames = [Image.fromarray(_picture(9, 8)), Image.fromarray(255 - _picture(9, 8))]
    frames[0].save(tmp_path / f"a{suffix}", save_all=True, append_images=frames[1:])
    with pytest.raises(InputError, match="holds 2 pictures"):
        read_image(tmp_path / f"a{suffix}")


def test_the_photo_of_a_photo_with_a_preview_is_read(tmp_path: Path) -> None:
    photo, preview = Image.new("RGB", (16, 8), (9, 9, 9)), Image.new("RGB", (8, 8), (200, 9, 9))
    photo.save(tmp_path / "a.jpg", format="MPO", save_all=True, append_images=[preview])
    assert read_image(tmp_path / "a.jpg").array.shape == (8, 16, 3)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".bmp", ".gif"])
@pytest.mark.parametrize("share", [0.1, 0.6])
def test_a_truncated_file_is_refused(tmp_path: Path, suffix: str, share: float) -> None:
    path = tmp_path / f"a{suffix}"
    Image.fromarray(_picture(64, 64)).save(path)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(InputError, match="damaged"):
        read_image(path)


def test_a_truncated_16_bit_colour_png_is_refused(tmp_path: Path) -> None:
    content = deep_png(np.random.default_rng(4).integers(0, 65536, (64, 64, 3), dtype=np.uint16))
    (tmp_path / "a.png").write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match="damaged"):
        read_image(tmp_path / "a.png")


def test_text_named_png_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_text("not an image")
    with pytest.raises(InputError, match="is no PNG, TIFF, JPEG or BMP"):
        read_image(tmp_path / "a.png")


def test_a_decompression_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    picture = Image.new("L", (8, 8))
    for suffix, offset, order in ((".png", 16, ">II"), (".bmp", 18, "<ii")):
        path = tmp_path / f"a{suffix}"
        picture.save(path)
        content = bytearray(path.read_bytes())
        content[offset : offset + 8] = struct.pack(order, 40_000, 40_000)
        if suffix == ".png":
            content[29:33] = struct.pack(">I", zlib.crc32(bytes(content[12:29])))
        path.write_bytes(bytes(content))
        with pytest.raises(InputError, match="larger than the limit"):
            read_image(path)


def test_other_colour_models_are_refused(tmp_path: Path) -> None:
    Image.new("CMYK", (8, 8)).save(tmp_path / "a.jpg")
    with pytest.raises(InputError, match="colour model CMYK"):
        read_image(tmp_path / "a.jpg")
