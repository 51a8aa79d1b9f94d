"""Read any frame of a video, exactly: the same bits whether it is reached by decoding onwards or by a jump.

A frame is known by the packet that it was decoded from, which decoders hand through. After a jump decoding begins at
the frame's keyframe; an error is then held against the file only if it comes again from a keyframe further back, since
what follows a keyframe may speak of frames before it.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from fuselens.batch.video_index import index_video, mark_of, open_video, packets_of, pyav, video_stream
from fuselens.core.errors import InputError
from fuselens.data.raster import opaque_colour, upright

_STRICT = {"err_detect": "crccheck+explode"}
_EXIF_TURNS = {90: 8, 180: 3, -180: 3, -90: 6}
_JUMPS = 3


class VideoFrames:
    """The frames of one video file, by number; a context that closes the file.

    Decoding is strict and on one thread: a frame that is damaged, or stands on a damaged one, is refused rather than
    patched up from its neighbours.

    Args:
        path: the file.

    Raises:
        MissingExtraError: the extra `batch` is not installed.
        InputError: no such file, no video, or one that does not say in which order its frames are shown.
    """

    def __init__(self, path: str | Path) -> None:
        """Find the frames; decode none yet."""
        self._index = index_video(Path(path))
        self._numbers = {place: number for number, place in enumerate(self._index.shown)}
        self._keyframes = frozenset(self._index.keyframes)
        self._damage: dict[int, str] = {}
        self._held: tuple[int, Any] | None = None
        self._open()
        self._begin(0)

    def __len__(self) -> int:
        """Return how many frames are there."""
        return len(self._index.shown)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._container.close()

    def read(self, number: int) -> npt.NDArray[Any]:
        """Return a frame as `[H, W]` for grey formats, else as RGB `[H, W, 3]`, turned upright.

        8-bit formats give uint8, deeper ones uint16 over its full range (16-bit grey: the file's own values).

        Args:
            number: 0 for the frame that is shown first.

        Raises:
            InputError: no such frame, or it cannot be decoded; others still can.
        """
        path, there, announced = self._index.path, len(self), self._index.announced
        if not 0 <= number < there:
            remedy = f"it announces {announced} and breaks off; copy it again" if announced > there else "ask for one"
            raise InputError(f"{path} has no frame {number}, only 0 to {there - 1}: {remedy}.")
        frame = self._decoded(number)
        if frame is None:
            reason = self._damage_of(number) or "the decoder gives no picture"
            raise InputError(f"Frame {number} of {path} cannot be decoded ({reason}); copy or export the file again.")
        return _array_of(frame, number, path)

    def _decoded(self, number: int) -> Any:
        """Return a frame as decoded, or None: by decoding onwards, from its keyframe, or from the one before that."""
        start = self._index.starts[number]
        if not self._damage_of(number) and self._leads_to(number):
            frame = self._find(number)
            if frame is not None:
                return frame
        for begin in (start, max((key for key in self._index.keyframes if key < start), default=0)):
            if self._damage_of(number):
                return None
            self._begin(begin)
            frame = self._find(number)
            if frame is not None:
                return frame
        return None

    def _leads_to(self, number: int) -> bool:
        """Say whether decoding onwards comes to a frame without passing a keyframe that one could jump to."""
        return self._last < number and (self._last + 1 == number or self._index.starts[number] <= self._sent)

    def _begin(self, place: int) -> None:
        self._last, self._sent, self._held = self._numbers.get(place, 0) - 1, place, None
        self._doubts: dict[int, str] = {}
        self._frames = self._sound_frames(place, self._jump(place))

    def _find(self, number: int) -> Any:
        """Decode onwards to a frame; None where it does not come. The first frame behind it is kept for later."""
        while True:
            found, frame = self._held or next(self._frames, (len(self), None))
            self._held = (found, frame) if found > number else None
            if found > number:
                return None
            self._last = found
            if found == number:
                return frame

    def _damage_of(self, number: int) -> str:
        """Return what spoils a frame for good, or nothing."""
        return self._spoiling(number, self._damage)

    def _spoiling(self, number: int, errors: dict[int, str]) -> str:
        """Return the error between a frame's keyframe and it, if any; errors in what is shown before do no harm."""
        stamps, start, place = self._index.stamps, self._index.starts[number], self._index.shown[number]
        return next((errors[at] for at in errors if start <= at <= place and stamps[at] >= stamps[start]), "")

    def _sound_frames(self, place: int, packets: Iterator[tuple[int, Any]]) -> Iterator[tuple[int, Any]]:
        """Yield number and frame of all sound frames from a keyframe on."""
        for frame in self._all_frames(place, packets):
            number = self._numbers.get(frame.opaque)
            if number is not None and not frame.is_corrupt and not self._spoiling(number, self._damage | self._doubts):
                yield number, frame

    def _all_frames(self, start: int | None, packets: Iterator[tuple[int, Any]]) -> Iterator[Any]:
        """Yield all frames that a decoder makes of packets, and note its errors; after one, go on at a keyframe."""
        av, codec = pyav(), self._stream.codec_context
        for place, packet in packets:
            if start is None and place not in self._keyframes:
                continue
            start = place if start is None else start
            self._sent, packet.opaque = place, place
            try:
                if packet.is_corrupt:
                    raise av.InvalidDataError(0, "the data break off")
                frames = codec.decode(packet)
            except av.FFmpegError as error:
                if place < self._surely_from(start):
                    self._doubts[place] = str(error.strerror)
                    continue
                self._damage[place] = str(error.strerror)
                frames, start = _drained(codec), None
                codec.flush_buffers()
            yield from frames
        yield from _drained(codec)

    def _surely_from(self, start: int) -> int:
        """Return the place from which on an error is the file's fault, where decoding began at `start`."""
        later = (key for key in self._index.keyframes if key > start)
        return 0 if start == 0 else next(later, len(self._index.stamps))

    def _jump(self, place: int) -> Iterator[tuple[int, Any]]:
        """Return packets and their places from `place` on: after a jump, or from the file's beginning."""
        path, index = self._index.path, self._index
        for key in [key for key in index.keyframes if 0 < key <= place][: -_JUMPS - 1 : -1]:
            try:
                self._container.seek(index.stamps[key], stream=self._stream)
            except pyav().FFmpegError:
                break
            packets = packets_of(self._container, self._stream, path)
            for packet in packets:
                landed = index.marks.get(mark_of(packet))
                if landed is not None and landed <= place:
                    return _onwards(landed, place, chain([packet], packets))
                if landed is not None:
                    break
        self._container.close()
        self._open()
        return _onwards(0, place, packets_of(self._container, self._stream, path))

    def _open(self) -> None:
        self._container = open_video(self._index.path)
        self._stream = video_stream(self._container, self._index.path)
        codec = self._stream.codec_context
        codec.thread_count, codec.copy_opaque, codec.options = 1, True, _STRICT


def _onwards(at: int, place: int, packets: Iterator[Any]) -> Iterator[tuple[int, Any]]:
    """Number packets from `at` on, and leave out those before `place`."""
    return ((number, packet) for number, packet in enumerate(packets, at) if number >= place)


def _drained(codec: Any) -> list[Any]:
    """Return the frames that a decoder still holds back."""
    try:
        return list(codec.decode(None))
    except pyav().FFmpegError:
        return []


def _array_of(frame: Any, number: int, path: Path) -> npt.NDArray[Any]:
    """Return the pixels of a frame.

    Raises:
        InputError: pixels that are neither grey nor colour of up to 16 bits, or transparent ones.
    """
    parts = frame.format.components
    bits = max(part.bits for part in parts)
    is_grey = len(parts) == 1 and not frame.format.has_palette
    has_alpha = any(part.is_alpha for part in parts)
    if bits > 16 or frame.format.is_bayer or (has_alpha and len(parts) == 2):
        raise InputError(f"{path} stores pixels as {frame.format.name}; convert it to grey or RGB of 8 or 16 bits.")
    layout = "gray" if is_grey else "rgba" if has_alpha else "rgb24"
    if bits > 8:
        layout = {"gray": "gray16le", "rgba": "rgba64le", "rgb24": "rgb48le"}[layout]
    flags = pyav().video.reformatter.Interpolation
    exact = flags.BICUBIC | flags.ACCURATE_RND | flags.BITEXACT | flags.FULL_CHR_H_INT
    array = frame.to_ndarray(format=layout, interpolation=exact, threads=1)
    array = opaque_colour(array, path) if has_alpha else array
    return upright(np.asarray(array), _EXIF_TURNS.get(frame.rotation, 1))
