"""What a batch works through: pairs of files or of video frames, each with a name and a place.

Accepted are two folders, a folder of two, two patterns of an image sequence, a list, two videos, and two files.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise, repeat
from pathlib import Path
from statistics import median

from fuselens.batch.lists import LIST_SUFFIXES, read_list
from fuselens.batch.patterns import files_of, is_pattern, shared_name
from fuselens.batch.video_index import VIDEO_SUFFIXES, index_video
from fuselens.core.errors import InputError
from fuselens.core.modalities import canonical_modality
from fuselens.data.folders import (
    PairFiles,
    find_pairs,
    match_folders,
    some_names,
    unmatched_files,
)
from fuselens.data.pairs import guess_names

_FORBIDDEN = re.compile(r"[/\\\0-\x1f]|^\.")
Names = tuple[str, str]


@dataclass(frozen=True)
class Frame:
    """Where one image is: a file, or a frame of a video.

    Attributes:
        path: the file.
        number: which frame of a video, 0 for the first; None for an image file.
    """

    path: Path
    number: int | None = None


@dataclass(frozen=True)
class Item:
    """One pair of a batch.

    Attributes:
        index: its place in the batch: 0, 1, ...
        name: unique in the batch, and fit for the name of a file.
        a, b: where the two images are.
        seconds: when it was taken, for videos and lists that say so.
    """

    index: int
    name: str
    a: Frame
    b: Frame
    seconds: float | None = None


@dataclass(frozen=True)
class Items:
    """The pairs of a batch.

    Attributes:
        items: in order.
        names: modality names of a and b.
        notes: sentences for people: what was left out, and why.
    """

    items: tuple[Item, ...]
    names: Names
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse one name for both sources, which would fail at every pair."""
        if self.names[0] == self.names[1]:
            raise InputError(
                f"Both sources are called '{self.names[0]}'; give two names, such as --names infrared,visible."
            )

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[Item]:
        return iter(self.items)

    def __getitem__(self, index: int) -> Item:
        return self.items[index]


def find_items(first: Path, second: Path | None = None, names: Names | None = None) -> Items:
    """Find the pairs of a batch; no image is read.

    Args:
        first: a folder, a file, a video, a pattern of a sequence (`ir/frame_*.png`, `ir/frame_%05d.png`), or with no
            `second` a folder of two modality folders or a list (`.csv`, `.parquet`).
        second: its partner of the same kind; the same folder again also stands for its two modality folders.
        names: modality names; guessed from the names of folders and files by default.

    Returns:
        The pairs. Videos are paired by frame number, sequences in natural order, folders by file name.

    Raises:
        MissingExtraError: videos or Parquet lists without the extra `batch`.
        InputError: nothing there, or what is there does not pair.
    """
    if second is None:
        return _items_alone(first, names)
    if is_pattern(first) and is_pattern(second):
        return _items_of_sequence(first, second, names)
    if first.is_dir() and second.is_dir():
        same = first.resolve() == second.resolve()
        return _items_of_pairs(find_pairs(first) if same else match_folders(first, second, names), names)
    for path in (first, second):
        if not path.exists():
            raise InputError(f"There is no {path}; check the name.")
    kinds = [_kind_of(path) for path in (first, second)]
    if kinds == ["video", "video"]:
        return _items_of_videos(first, second, names)
    if kinds == ["file", "file"]:
        item = Item(0, shared_name(first, second) or _numbered(0), Frame(first), Frame(second))
        return Items((item,), _chosen(names, first, second))
    raise InputError(f"{first} is a {kinds[0]} and {second} a {kinds[1]}; give two of one kind.")


def _items_alone(path: Path, names: Names | None) -> Items:
    if path.is_dir():
        return _items_of_pairs(find_pairs(path), names)
    if path.suffix.lower() in LIST_SUFFIXES:
        return _items_of_list(path, names)
    raise InputError(
        f"{path} stands alone; give two folders, two sequences such as 'ir/*.png', two videos, or one list "
        f"({', '.join(LIST_SUFFIXES)}) or folder of two modality folders."
    )


def _items_of_pairs(pairs: Sequence[PairFiles], names: Names | None) -> Items:
    folders = pairs[0].a.parent, pairs[0].b.parent
    notes = [
        f"{len(alone)} in {folder} without a partner left out: {some_names([path.name for path in alone])}."
        for folder, alone in zip(folders, unmatched_files(*folders), strict=True)
        if alone
    ]
    items = (Item(index, pair.name, Frame(pair.a), Frame(pair.b)) for index, pair in enumerate(pairs))
    return Items(tuple(items), _canonical(names or pairs[0].names), tuple(notes))


def _items_of_sequence(first: Path, second: Path, names: Names | None) -> Items:
    files = files_of(first), files_of(second)
    if len(files[0]) != len(files[1]):
        raise InputError(
            f"{first} stands for {len(files[0])} images and {second} for {len(files[1])}; give as many of each, or a "
            "list of pairs (.csv with columns a and b)."
        )
    shared = [shared_name(a, b) or "" for a, b in zip(*files, strict=True)]
    if "" in shared or len(set(shared)) < len(shared):
        shared = [_numbered(index) for index in range(len(shared))]
    pairs = enumerate(zip(shared, *files, strict=True))
    items = tuple(Item(index, name, Frame(a), Frame(b)) for index, (name, a, b) in pairs)
    return Items(items, _chosen(names, files[0][0], files[1][0]))


def _items_of_list(path: Path, names: Names | None) -> Items:
    rows = read_list(path)
    items: dict[str, Item] = {}
    for index, row in enumerate(rows):
        name = row.name or shared_name(row.a, row.b) or _numbered(index)
        if _FORBIDDEN.search(name):
            raise InputError(
                f"Row {index + 1} of {path} is called '{name}'; a name becomes a file's, so leave out slashes and a "
                "leading dot."
            )
        if name in items:
            raise InputError(
                f"Rows {items[name].index + 1} and {index + 1} of {path} are both called '{name}'; give each its own "
                "name in a column 'name'."
            )
        items[name] = Item(index, name, Frame(row.a), Frame(row.b), row.seconds)
    return Items(tuple(items.values()), _chosen(names, rows[0].a, rows[0].b))


def _items_of_videos(first: Path, second: Path, names: Names | None) -> Items:
    videos = index_video(first), index_video(second)
    counts = [video.announced for video in videos]
    pairs = list(zip(*(video.times for video in videos), strict=False))
    allowed = _half_step(videos[0].times)
    apart = next((number for number, (a, b) in enumerate(pairs) if abs(a - b) > allowed), None)
    if apart is not None:
        raise InputError(
            f"{first} and {second} are not of one frame rate: frame {apart} is shown after {pairs[apart][0]:.3f} s and "
            f"{pairs[apart][1]:.3f} s; convert both to one rate, such as with 'ffmpeg -i VIDEO -r 25 OUT.mkv'."
        )
    notes = [
        f"{video.path} breaks off: it announces {video.announced} frames and holds {len(video.times)}."
        for video in videos
        if video.announced > len(video.times)
    ]
    if counts[0] != counts[1]:
        longer, left = videos[counts[1] > counts[0]].path, abs(counts[0] - counts[1])
        notes.append(f"{longer} is longer; its last {left} frames (from number {min(counts)}) are left out.")
    items = tuple(
        Item(number, _numbered(number), Frame(first, number), Frame(second, number), seconds)
        for number, seconds in zip(range(min(counts)), chain(videos[0].times, repeat(None)), strict=False)
    )
    return Items(items, _chosen(names, first, second), tuple(notes))


def _half_step(times: Sequence[float]) -> float:
    """Return half the usual time between frames; without a limit for a single one."""
    steps = [later - earlier for earlier, later in pairwise(times)]
    return median(steps) / 2 if steps else float("inf")


def _numbered(index: int) -> str:
    return f"{index:06d}"


def _kind_of(path: Path) -> str:
    if path.is_dir():
        return "folder"
    suffix = path.suffix.lower()
    return "video" if suffix in VIDEO_SUFFIXES else "list" if suffix in LIST_SUFFIXES else "file"


def _chosen(names: Names | None, a: Path, b: Path) -> Names:
    return _canonical(names or guess_names(a, b))


def _canonical(names: Names) -> Names:
    return canonical_modality(names[0]), canonical_modality(names[1])
