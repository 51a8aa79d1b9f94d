"""Videos for tests, made by PyAV: pictures whose every frame differs."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

av = pytest.importorskip("av", reason="PyAV is not installed; it comes with the extra 'batch'")


def pictures(count: int, *, seed: int = 0, size: tuple[int, int] = (48, 64)) -> list[np.ndarray]:
    """Frames `[H, W, 3]` uint8: a moving ramp, and noise that keeps encoders from repeating a frame."""
    random = np.random.default_rng(seed)
    ramp = np.arange(size[1]) * 3
    return [
        np.stack(
            [np.tile((ramp + 9 * n) % 256, (size[0], 1)), np.full(size, 5 * n % 256), np.full(size, 90)], -1
        ).astype(np.uint8)
        // 2
        + random.integers(0, 100, (*size, 3), dtype=np.uint8)
        for n in range(count)
    ]


def write_video(
    path: Path,
    frames: Sequence[np.ndarray],
    *,
    codec: str = "mpeg4",
    pixels: str = "yuv420p",
    layout: str = "rgb24",
    rate: int = 25,
    ticks: Sequence[int] | None = None,
    options: dict[str, str] | None = None,
    turn: int = 0,
    **muxer: str,
) -> Path:
    """Encode frames in groups of 10, shown at `ticks` in units of 1 / rate; skip where the encoder is missing."""
    if codec not in av.codecs_available:
        pytest.skip(f"this build of PyAV cannot encode {codec}")
    with av.open(str(path), "w", options=muxer) as container:
        stream = container.add_stream(codec, rate=rate, options=options or {})
        stream.height, stream.width, stream.pix_fmt = *frames[0].shape[:2], pixels
        stream.codec_context.gop_size = 10
        stream.codec_context.thread_count = 1
        if turn:
            stream.set_display_rotation(turn)
        for number, array in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(array), layout)
            frame.pts, frame.time_base = ticks[number] if ticks else number, Fraction(1, rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path
