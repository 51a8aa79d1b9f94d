"""Where the frames of a video are and when each is shown, told from its packets without decoding one.

Through the extra `batch` (PyAV).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from importlib import import_module
from pathlib import Path
from typing import Any

from fuselens.core.errors import InputError, MissingExtraError
from fuselens.data.images import damaged, first_bytes

VIDEO_SUFFIXES = (".mp4", ".avi", ".mkv", ".mov", ".webm", ".mpg", ".mpeg", ".ts", ".m4v")
Mark = tuple[int | None, int | None, int]


@dataclass(frozen=True)
class VideoIndex:
    """Where the frames of a video are. A place counts packets as they are stored, a number frames as they are shown.

    Attributes:
        path: the file.
        shown: place of each frame, by number.
        starts: place of the keyframe from which each frame is decoded, by number.
        times: when each frame is shown, in seconds from the first.
        stamps: time stamps by place, in units of the file.
        keyframes: places of all keyframes.
        marks: place of each packet by what is known of it, to see where a jump landed.
        announced: how many frames the file says it has; more than are there where it breaks off.
    """

    path: Path
    shown: list[int]
    starts: list[int]
    times: list[float]
    stamps: list[int]
    keyframes: list[int]
    marks: dict[Mark, int]
    announced: int


def frame_times(path: str | Path) -> list[float]:
    """Return when each frame is shown, in seconds from the first, without decoding a frame.

    Raises:
        MissingExtraError: the extra `batch` is not installed.
        InputError: no such file, no video, or one that does not say in which order its frames are shown.
    """
    return index_video(Path(path)).times


def index_video(path: Path) -> VideoIndex:
    """Find the frames of a video.

    Raises:
        MissingExtraError, InputError: as `frame_times`.
    """
    with open_video(path) as container:
        stream = video_stream(container, path)
        packets = [
            (mark_of(packet), packet.is_keyframe, packet.is_discard) for packet in packets_of(container, stream, path)
        ]
        unit, announced = Fraction(stream.time_base), stream.frames
        # AVI stores no time stamps, and those that are made up for it ignore how H.264 and HEVC reorder frames.
        made_up = container.format.name == "avi" and stream.codec_context.name in ("h264", "hevc")
        made_up = made_up and stream.codec_context.has_b_frames
    if not packets:
        raise InputError(f"{path} holds no frames; record or export it again.")
    stamps = [stamp for (stamp, _, _), _, _ in packets if stamp is not None]
    if made_up or len(set(stamps)) < len(packets):
        raise InputError(
            f"{path} does not say in which order its frames are shown; convert it, such as with 'ffmpeg -i "
            f"{path.name} -c:v ffv1 {path.stem}.mkv'."
        )
    shown, starts, start = [], [], 0
    for place in sorted(range(len(packets)), key=stamps.__getitem__):
        _, is_keyframe, is_discard = packets[place]
        start = place if is_keyframe else start
        if not is_discard:
            shown.append(place)
            starts.append(start if start <= place else 0)
    return VideoIndex(
        path,
        shown,
        starts,
        times=[float((stamps[place] - stamps[shown[0]]) * unit) for place in shown],
        stamps=stamps,
        keyframes=[place for place, (_, is_keyframe, _) in enumerate(packets) if is_keyframe],
        marks={mark: place for place, (mark, _, _) in enumerate(packets)},
        announced=max(announced - len(packets) + len(shown), len(shown)),
    )


def open_video(path: Path) -> Any:
    """Open a file with PyAV.

    Raises:
        MissingExtraError, InputError: as `frame_times`.
    """
    av = pyav()
    first_bytes(path)
    try:
        # a playlist in the guise of a video must not reach for the network
        return av.open(f"file:{path}", options={"protocol_whitelist": "file"}, metadata_errors="replace")
    except av.FFmpegError as error:
        raise damaged(path, error) from error


def video_stream(container: Any, path: Path) -> Any:
    """Return the stream of pictures.

    Raises:
        InputError: there is none, or none that can be decoded.
    """
    stream = container.streams.best("video")
    if stream is None or stream.codec_context is None:
        raise InputError(f"{path} holds no video that can be decoded; convert it, such as to H.264 in .mp4.")
    return stream


def packets_of(container: Any, stream: Any, path: Path) -> Iterator[Any]:
    """Yield the packets of a stream as they are stored.

    Raises:
        InputError: the file cannot be read on.
    """
    av = pyav()
    try:
        yield from (packet for packet in container.demux(stream) if packet.size)
    except av.FFmpegError as error:
        raise damaged(path, error) from error


def mark_of(packet: Any) -> Mark:
    """Return time stamp, position and size of a packet: together they tell it from all others."""
    return packet.pts, packet.pos, packet.size


def pyav() -> Any:
    """Return PyAV.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        return import_module("av")
    except ImportError as error:
        raise MissingExtraError("Reading videos", "batch") from error
