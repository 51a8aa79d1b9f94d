"""Find the pairs in folders: two modality sub-folders of one folder, or two folders matched by file name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fuselens.core.errors import InputError
from fuselens.core.modalities import canonical_modality, is_known_modality
from fuselens.data.images import IMAGE_SUFFIXES
from fuselens.data.medical import MEDICAL_SUFFIXES

_SUFFIXES = (*MEDICAL_SUFFIXES, *IMAGE_SUFFIXES)
_FIRST = ("infrared", "near-infrared", "mri", "under")
_SHOWN = 3


@dataclass(frozen=True)
class PairFiles:
    """The two files of one pair.

    Attributes:
        name: what the two file names share, without suffix.
        a, b: the files.
        names: modality names of a and b.
    """

    name: str
    a: Path
    b: Path
    names: tuple[str, str]


def find_pairs(folder: str | Path, a: str | None = None, b: str | None = None) -> list[PairFiles]:
    """Find the pairs of a folder that holds one sub-folder a modality.

    Args:
        folder: such as `msrs/test`, with `ir/NAME.png` and `vi/NAME.png`.
        a: name of the first sub-folder; without `a` and `b`, the two that hold images are taken, or the two with
            known modality names among more. `label` and `boxes_*` are no modalities. Infrared, near-infrared, MRI and
            under-exposed come first, others in alphabetical order.
        b: name of the second sub-folder.

    Returns:
        The pairs in natural order of their names; `unmatched_files` tells what was left over.

    Raises:
        InputError: no such folder, no two modality folders in it, or no file names in common.
    """
    folder = _existing(folder)
    if (a is None) != (b is None):
        raise InputError(f"One modality folder of {folder} was named; name both or none.")
    first, second = _modality_folders(folder) if a is None or b is None else (folder / a, folder / b)
    return match_folders(first, second)


def match_folders(folder_a: str | Path, folder_b: str | Path, names: tuple[str, str] | None = None) -> list[PairFiles]:
    """Match the images of two folders by file name without suffix.

    Args:
        folder_a: images of one modality; other files are ignored.
        folder_b: images of the other.
        names: modality names; the folders' names by default.

    Returns:
        The pairs in natural order of their names. Files without a partner are left out: see `unmatched_files`.

    Raises:
        InputError: no such folder, no image in it, two images of one name in it, or no name in common.
    """
    files_a, files_b = images_of(folder_a), images_of(folder_b)
    shared = files_a.keys() & files_b.keys()
    if not shared:
        raise InputError(
            f"No file names match between {folder_a} ({some_names(files_a)}) and {folder_b} ({some_names(files_b)}); "
            "give the two files of a pair the same name."
        )
    first, second = names or (Path(folder_a).name, Path(folder_b).name)
    labels = canonical_modality(first), canonical_modality(second)
    return [PairFiles(name, files_a[name], files_b[name], labels) for name in sorted(shared, key=natural_key)]


def unmatched_files(folder_a: str | Path, folder_b: str | Path) -> tuple[list[Path], list[Path]]:
    """Return the images of each folder that have no partner in the other, in natural order.

    Raises:
        InputError: as `match_folders`, except that nothing need match.
    """
    files_a, files_b = images_of(folder_a), images_of(folder_b)
    return (
        [path for name, path in files_a.items() if name not in files_b],
        [path for name, path in files_b.items() if name not in files_a],
    )


def natural_key(name: str) -> tuple[tuple[int, int, str], ...]:
    """Return a key that sorts `img2` before `img10`."""
    parts = re.split(r"(\d+)", name)
    return tuple((0, int(part), part) if part.isdecimal() else (1, 0, part.lower()) for part in parts if part)


def image_stem(path: Path) -> str | None:
    """Return the file's name without its image suffix (`.nii.gz` is one), or None where it is no image."""
    if path.name.startswith("."):
        return None
    suffix = next((s for s in sorted(_SUFFIXES, key=len, reverse=True) if path.name.lower().endswith(s)), None)
    return path.name[: -len(suffix)] if suffix else None


def _existing(folder: str | Path) -> Path:
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"{folder} is {'a file' if folder.exists() else 'missing'}; name a folder of images.")
    return folder


def images_of(folder: str | Path) -> dict[str, Path]:
    """Return the images of a folder by name without suffix, in natural order.

    Raises:
        InputError: no such folder, no image in it, or two images of one name.
    """
    folder = _existing(folder)
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        stem = image_stem(path)
        if stem is None or not path.is_file():
            continue
        if stem in found:
            raise InputError(f"{folder} holds both {found[stem].name} and {path.name}; keep one image of a name.")
        found[stem] = path
    if not found:
        raise InputError(f"{folder} holds no image ({', '.join(_SUFFIXES)}); check the folder.")
    return {stem: found[stem] for stem in sorted(found, key=natural_key)}


def _modality_folders(folder: Path) -> tuple[Path, Path]:
    holding = [path for path in sorted(folder.iterdir()) if path.is_dir() and not _is_annotation(path.name)]
    holding = [path for path in holding if any(image_stem(file) for file in path.iterdir())]
    known = [path for path in holding if is_known_modality(path.name)]
    chosen = holding if len(holding) == 2 else known
    if len(chosen) != 2:
        what = ", ".join(path.name for path in holding) or "none"
        raise InputError(
            f"Expected two modality folders with images in {folder} but found {what}; name the folder that holds "
            "them (such as test), or the two by their names."
        )
    first, second = sorted(chosen, key=_rank)
    return first, second


def _rank(folder: Path) -> tuple[bool, str]:
    return canonical_modality(folder.name) not in _FIRST, folder.name


def _is_annotation(name: str) -> bool:
    return name in ("label", "labels") or name.startswith(("boxes_", "."))


def some_names(files: Sequence[str] | dict[str, Path]) -> str:
    """Return the first few names, for messages."""
    names = list(files)
    return ", ".join(names[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "")
