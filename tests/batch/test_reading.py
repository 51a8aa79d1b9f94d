"""Items become pairs: files as `read_pair` reads them, frames of videos as images of the same pixels."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fuselens.batch.items import find_items
from fuselens.batch.reading import Reader
from fuselens.core.errors import InputError
from fuselens.core.files import write_image
from fuselens.data.colour import join_colour
from fuselens.data.pairs import read_pair


def same(one, other):
    return one.y.equal(other.y) and (
        one.chroma is other.chroma is None or one.chroma.equal(other.chroma)
    )  # Sources compare by identity


@pytest.fixture
def folders(tmp_path):
    random = np.random.default_rng(3)
    for name in "123":
        for folder in ("ir", "vi"):
            (tmp_path / folder).mkdir(exist_ok=True)
        write_image(tmp_path / "ir" / f"{name}.png", random.integers(0, 9000, (16, 20), dtype=np.uint16))
        write_image(tmp_path / "vi" / f"{name}.png", random.integers(0, 256, (16, 20, 3), dtype=np.uint8))
    return tmp_path


@pytest.mark.parametrize("settings", [{}, {"keep_colour": False}, {"normalize": "minmax"}, {"window": (100, 8000)}])
def test_files_are_read_as_pairs_are(folders, settings):
    items = find_items(folders)
    reader = Reader(items.names, **settings)
    for item in items:
        pair, expected = reader.read(item), read_pair(item.a.path, item.b.path, **settings)
        assert pair.names == expected.names == ("infrared", "visible")
        assert all(same(one, other) for one, other in zip(pair, expected, strict=True))


def test_one_bad_file_fails_alone(folders):
    (folders / "vi/2.png").write_bytes(b"\x89PNG and nothing more")
    items = find_items(folders)
    reader = Reader(items.names)
    with pytest.raises(InputError, match=r"2\.png"):
        reader.read(items[1])
    assert reader.read(items[2]).size == (16, 20)


def test_frames_are_images_of_the_same_pixels(tmp_path):
    from tests.batch.videos import pictures, write_video

    random = np.random.default_rng(4)
    grey, colour = [random.integers(0, 65536, (48, 64)).astype(np.uint16) for _ in range(5)], pictures(5)
    write_video(tmp_path / "ir.mkv", grey, codec="ffv1", pixels="gray16le", layout="gray16le")
    write_video(tmp_path / "vi.mkv", colour, codec="ffv1", pixels="bgr0")
    items = find_items(tmp_path / "ir.mkv", tmp_path / "vi.mkv")
    reader = Reader(items.names, window=(1000, 60000))
    for number in (4, 0, 1):
        pair = reader.read(items[number])
        write_image(tmp_path / "a.png", grey[number])
        write_image(tmp_path / "b.png", colour[number])
        expected = read_pair(tmp_path / "a.png", tmp_path / "b.png", window=(1000, 60000))
        assert all(same(one, other) for one, other in zip(pair, expected, strict=True))
        assert (pair.a.depth, pair.a.low, pair.a.high) == ("uint16", 1000, 60000)
        assert pair.b.origin == f"{tmp_path / 'vi.mkv'}, frame {number}"
        rgb = torch.from_numpy(colour[number]).movedim(-1, 0) / 255
        torch.testing.assert_close(join_colour(pair.b.y, pair.b.chroma), rgb, atol=1e-6, rtol=0)
    reader.close()
    assert same(reader.read(items[1]).a, pair.a)
    assert Reader(items.names, keep_colour=False).read(items[1]).b.chroma is None
    reader.close()


def test_a_grey_scene_in_a_colour_format_is_grey(tmp_path):
    from tests.batch.videos import pictures, write_video

    grey = [np.repeat(frame[..., :1], 3, -1) for frame in pictures(4)]
    write_video(tmp_path / "ir.mkv", grey, codec="ffv1", pixels="yuv420p")
    items = find_items(tmp_path / "ir.mkv", tmp_path / "ir.mkv", ("infrared", "visible"))
    pair = Reader(items.names).read(items[3])
    assert not pair.a.is_coloured
    torch.testing.assert_close(pair.a.y, torch.from_numpy(grey[3][..., 0]) / 255, atol=2 / 255, rtol=0)


def test_frames_that_are_not_there_fail_by_name(tmp_path):
    from tests.batch.videos import pictures, write_video

    first = write_video(tmp_path / "ir.mp4", pictures(20), movflags="faststart")
    second = write_video(tmp_path / "vi.mp4", pictures(20))
    first.write_bytes(first.read_bytes()[:-2000])
    items = find_items(first, second)
    reader = Reader(items.names)
    with pytest.raises(InputError, match=r"ir\.mp4 has no frame 19"):
        reader.read(items[19])
    assert reader.read(items[0]).size == (48, 64)
