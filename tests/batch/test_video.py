"""Frames of videos: the same bits in whatever order they are read, and no frame but the one that was asked for."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from fuselens.batch.video import VideoFrames
from fuselens.batch.video_index import frame_times
from fuselens.core.errors import InputError, MissingExtraError
from tests.batch.videos import av, pictures, write_video

FILES = [
    ("b_frames.mp4", "mpeg4", {"bf": "2"}),
    ("b_frames.avi", "mpeg4", {"bf": "2"}),
    ("b_frames.mkv", "libx264", {"bf": "3", "b-pyramid": "normal"}),
    ("open_group.ts", "libx264", {"bf": "2", "x264-params": "open-gop=1:scenecut=0"}),
    ("refreshed.mkv", "libx264", {"intra-refresh": "1"}),
    ("open_group.mkv", "libx265", {"bf": "2", "x265-params": "open-gop=1:log-level=none"}),
    ("b_frames.ts", "mpeg2video", {"bf": "2"}),
    ("hidden.webm", "libvpx", {"auto-alt-ref": "1", "lag-in-frames": "16", "deadline": "realtime"}),
    ("intra.avi", "mjpeg", {}),
]


def decoded_all(path: Path) -> list[np.ndarray]:
    """Every frame as PyAV gives it from beginning to end, in the same conversion to RGB."""
    way = av.video.reformatter.Interpolation
    exact = way.BICUBIC | way.ACCURATE_RND | way.BITEXACT | way.FULL_CHR_H_INT
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24", interpolation=exact) for frame in container.decode(video=0)]


@pytest.mark.parametrize(("name", "codec", "options"), FILES)
def test_any_order_gives_the_bits_of_decoding_everything(tmp_path, name, codec, options):
    path = write_video(
        tmp_path / name,
        pictures(45),
        codec=codec,
        options=options,
        pixels="yuvj420p" if codec == "mjpeg" else "yuv420p",
    )
    frames = decoded_all(path)
    assert len(frames) == len(frame_times(path)) == 45
    random = np.random.default_rng(1)
    for order in (range(45), [44, *range(44, 0, -7), *random.integers(0, 45, 30).tolist(), 20, 21, 22, 22]):
        with VideoFrames(path) as video:
            for number in order:
                np.testing.assert_array_equal(video.read(number), frames[number], err_msg=str(number))


def test_lossless_frames_come_back_as_they_were(tmp_path):
    frames = pictures(25)
    path = write_video(tmp_path / "a.mkv", frames, codec="ffv1", pixels="bgr0")
    with VideoFrames(path) as video:
        for number in (24, 3, 4, 15, 0):
            np.testing.assert_array_equal(video.read(number), frames[number])


@pytest.mark.parametrize(("pixels", "top", "dtype"), [("gray", 255, np.uint8), ("gray16le", 65535, np.uint16)])
def test_grey_keeps_its_values_and_depth(tmp_path, pixels, top, dtype):
    random = np.random.default_rng(2)
    frames = [random.integers(0, top + 1, (48, 64)).astype(dtype) for _ in range(12)]
    path = write_video(tmp_path / "a.mkv", frames, codec="ffv1", pixels=pixels, layout=pixels)
    with VideoFrames(path) as video:
        for number in (11, 2, 3):
            found = video.read(number)
            assert found.dtype == dtype
            np.testing.assert_array_equal(found, frames[number])


def test_ten_bits_fill_the_range_of_sixteen(tmp_path):
    ramp = np.tile(np.linspace(0, 65535, 64).astype(np.uint16), (48, 1))
    frames = [np.stack([ramp] * 3, -1)] * 3
    path = write_video(tmp_path / "a.mkv", frames, codec="ffv1", pixels="gbrp10le", layout="rgb48le")
    with VideoFrames(path) as video:
        found = video.read(1)
    assert found.dtype == np.uint16
    assert np.abs(found.astype(int) - frames[1]).max() <= 65535 / 1023


def test_uneven_times_and_an_odd_start(tmp_path):
    ticks = [7, 8, 9, 12, 13, 20, 21, 22, 40, 41, 42, 43, 50, 51]
    path = write_video(tmp_path / "a.mp4", pictures(14), ticks=ticks, options={"bf": "2"})
    assert frame_times(path) == pytest.approx([(tick - 7) / 25 for tick in ticks], abs=1e-3)
    with VideoFrames(path) as video:
        in_order = [video.read(number) for number in range(14)]
        for number in (13, 5, 11, 2):
            np.testing.assert_array_equal(video.read(number), in_order[number])


def test_a_turned_camera_is_turned_upright(tmp_path):
    frames = pictures(3)
    path = write_video(tmp_path / "a.mp4", frames, turn=90)
    with VideoFrames(path) as video:
        upright = video.read(1)
    assert upright.shape == (64, 48, 3)
    assert (
        np.abs(upright.astype(int) - np.rot90(frames[1])).mean()
        < 30
        < np.abs(upright.astype(int) - upright[::-1]).mean()
    )


def test_damage_costs_its_group_and_nothing_else(tmp_path):
    path = write_video(
        tmp_path / "a.mp4", pictures(40), codec="libx264", options={"bf": "0", "x264-params": "scenecut=0"}
    )
    with VideoFrames(path) as video:
        whole = [video.read(number) for number in range(40)]
    with av.open(str(path)) as container:
        spot = [(packet.pos, packet.size) for packet in container.demux(video=0) if packet.size][13]
    data = bytearray(path.read_bytes())
    data[spot[0] + 8 : spot[0] + spot[1]] = bytes(b ^ 0x5A for b in data[spot[0] + 8 : spot[0] + spot[1]])
    path.write_bytes(data)
    for order in (range(40), reversed(range(40)), [15, 13, 12, 25, 14, 11, 20, 39, 0, 13, 16, 12]):
        with VideoFrames(path) as video:
            for number in order:
                if 13 <= number < 20:
                    with pytest.raises(InputError, match=rf"Frame {number} of .*a\.mp4 cannot be decoded"):
                        video.read(number)
                else:
                    np.testing.assert_array_equal(video.read(number), whole[number])


def test_a_file_that_breaks_off(tmp_path):
    path = write_video(tmp_path / "a.mp4", pictures(40), codec="libx264", movflags="faststart")
    with VideoFrames(path) as video:
        whole = [video.read(number) for number in range(40)]
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 2 // 3])
    with VideoFrames(path) as video:
        there = len(video)
        assert 20 < there < 35
        with pytest.raises(InputError, match=rf"no frame {there}, .* announces 40 and breaks off"):
            video.read(there)
        for number in (there - 5, 0, 7):
            np.testing.assert_array_equal(video.read(number), whole[number])
    path.write_bytes(data[:20])
    with pytest.raises(InputError, match=r"a\.mp4"):
        VideoFrames(path)


def test_what_is_no_video_is_refused(tmp_path):
    (tmp_path / "a.mp4").write_text("no video")
    (tmp_path / "empty.mp4").write_bytes(b"")
    for name in ("a.mp4", "empty.mp4", "missing.mp4"):
        with pytest.raises(InputError, match=name):
            frame_times(tmp_path / name)


def test_a_file_without_order_of_its_frames_is_refused(tmp_path):
    path = write_video(tmp_path / "a.avi", pictures(20), codec="libx264", options={"bf": "2"})
    with pytest.raises(InputError, match="in which order"):
        frame_times(path)


def test_numbers_outside_are_refused(tmp_path):
    with VideoFrames(write_video(tmp_path / "a.mkv", pictures(3))) as video:
        for number in (-1, 3):
            with pytest.raises(InputError, match=f"no frame {number}, only 0 to 2"):
                video.read(number)


def test_without_the_extra_it_is_named(tmp_path, monkeypatch):
    path = write_video(tmp_path / "a.mkv", pictures(3))
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(MissingExtraError, match=r"fuselens\[batch\]"):
        frame_times(path)
