"""Read the pairs of a batch, one by one; videos stay open between them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from fuselens.batch.items import Frame, Item
from fuselens.batch.video import VideoFrames
from fuselens.core.pair import Depth, ImagePair, Source
from fuselens.data.images import Normalize, RawImage, Window, value_range
from fuselens.data.pairs import read_source, source_of


class Reader:
    """Reads items.

    Args:
        names: modality names of the two sources.
        keep_colour: carry the chroma of coloured sources; False reads their luma alone.
        normalize: `"minmax"` stretches each image by its own extremes, for numbers of papers that did so.
        window: values that become 0 and 1 in images deeper than 8 bit: `(low, high)` or `"percentile"`.
    """

    def __init__(
        self,
        names: tuple[str, str],
        *,
        keep_colour: bool = True,
        normalize: Normalize = None,
        window: Window = None,
    ) -> None:
        """Open nothing yet."""
        self._names, self._keep_colour = names, keep_colour
        self._normalize, self._window = normalize, window
        self._videos: dict[Path, VideoFrames] = {}

    def read(self, item: Item) -> ImagePair:
        """Return the pair of an item; items of videos are read fastest in their order.

        Raises:
            MissingExtraError: a video without the extra `batch`.
            InputError: an image cannot be read, or the two differ in size. Other items still can be read.
        """
        return ImagePair(self._source(item.a, self._names[0]), self._source(item.b, self._names[1]))

    def close(self) -> None:
        """Close the videos; reading on opens them again."""
        for video in self._videos.values():
            video.close()
        self._videos.clear()

    def _source(self, frame: Frame, name: str) -> Source:
        path, number = frame.path, frame.number
        if number is None:
            return read_source(
                path, name, keep_colour=self._keep_colour, normalize=self._normalize, window=self._window
            )
        if path not in self._videos:
            self._videos[path] = VideoFrames(path)
        array = self._videos[path].read(number)
        depth: Depth = "uint8" if array.dtype.itemsize == 1 else "uint16"
        low, high = value_range(array, depth, path, window=self._window, normalize=self._normalize)
        source = source_of(RawImage(array, depth, low, high, path), name, keep_colour=self._keep_colour)
        return replace(source, origin=f"{path}, frame {number}")
