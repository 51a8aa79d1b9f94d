"""Read slices of NIfTI volumes and DICOM files, through the extra `medical`.

Reference: NIfTI-1.1 (Cox et al., 2004); DICOM PS3.3, C.7.6.3.1.2 (photometric interpretation), C.11.2.1.2.1 (window).
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fuselens.core.errors import FuseLensError, InputError, MissingExtraError
from fuselens.core.pair import Depth
from fuselens.data.images import FULL_RANGE, Normalize, RawImage, Window, asked_range, damaged, first_bytes

Array = npt.NDArray[Any]
MEDICAL_SUFFIXES = (".nii.gz", ".nii", ".dcm")
_DICOM_PREAMBLE = 128


def is_medical(path: Path) -> bool:
    """Say whether a file is NIfTI or DICOM: by its suffix, or by the DICOM mark in files without one.

    Raises:
        InputError: no such file, or one that cannot be read.
    """
    if path.name.lower().endswith(MEDICAL_SUFFIXES):
        return True
    return first_bytes(path, _DICOM_PREAMBLE + 4)[_DICOM_PREAMBLE:] == b"DICM"


def read_medical(
    path: str | Path, *, window: Window = None, normalize: Normalize = None, slice_index: int | None = None
) -> RawImage:
    """Read one slice in physical values.

    NIfTI is turned to the canonical axes and shown as radiologists do: front up, the patient's right on the left.
    Without a window the extremes of the whole volume become 0 and 1, so that slices compare; DICOM uses its own window
    where it has one.

    Args:
        path: `.nii`, `.nii.gz` or DICOM.
        window: physical values that become 0 and 1 (such as Hounsfield units), or `"percentile"` of the volume.
        normalize: `"minmax"` stretches by the slice's extremes.
        slice_index: which slice (NIfTI: along axis 2, inferior to superior; DICOM: which frame); default the middle.

    Raises:
        MissingExtraError: the extra `medical` is not installed.
        InputError: damaged, not a number a pixel, several volumes, no such slice, or NaN.
    """
    path = Path(path)
    first_bytes(path)
    read = _nifti if path.name.lower().endswith((".nii", ".nii.gz")) else _dicom
    try:
        return read(path, window, normalize, slice_index)
    except FuseLensError:
        raise
    except Exception as error:  # the two libraries raise whatever their parsers stumble over
        raise damaged(path, error) from error


def _nifti(path: Path, window: Window, normalize: Normalize, slice_index: int | None) -> RawImage:
    try:
        nibabel: Any = import_module("nibabel")
    except ImportError as error:
        raise MissingExtraError("Reading NIfTI files", "medical") from error
    image: Any = nibabel.load(path)
    shape = image.shape
    if len(shape) < 2 or any(length != 1 for length in shape[3:]):
        raise InputError(f"{path} holds an array of shape {shape}; save one volume or slice as its own file.")
    if image.get_data_dtype().kind not in "iuf":
        raise InputError(f"{path} does not hold one number a voxel ({image.get_data_dtype()}); convert it to grey.")
    volume = np.asanyarray(image.dataobj).reshape(*shape[:2], shape[2] if len(shape) > 2 else 1)
    _finite(volume, path)
    canonical = nibabel.as_closest_canonical(nibabel.Nifti1Image(volume.astype(np.float32), image.affine))
    volume = np.asarray(canonical.dataobj)
    # Axes run right, front, up; rows of a picture run down, and its left is the patient's right.
    array = volume[::-1, ::-1, _slice_of(path, volume.shape[2], slice_index)].T
    low, high = _range_of(array, volume, window, normalize) or (float(volume.min()), float(volume.max()))
    return RawImage(np.ascontiguousarray(array), _depth_of(image.get_data_dtype()), low, high, path)


def _dicom(path: Path, window: Window, normalize: Normalize, slice_index: int | None) -> RawImage:
    try:
        pydicom: Any = import_module("pydicom")
        pixel_tools: Any = import_module("pydicom.pixels")
    except ImportError as error:
        raise MissingExtraError("Reading DICOM files", "medical") from error
    file = pydicom.dcmread(path)
    kind = str(file.PhotometricInterpretation)
    pixels = file.pixel_array
    if int(file.get("NumberOfFrames", 1) or 1) > 1:
        pixels = pixels[_slice_of(path, len(pixels), slice_index)]
    if pixels.ndim == 3 and pixels.dtype == np.uint8:
        return RawImage(pixels, "uint8", *(asked_range(pixels, None, normalize) or FULL_RANGE["uint8"]), path)
    if kind not in ("MONOCHROME1", "MONOCHROME2") or pixels.ndim != 2:
        raise InputError(f"{path} is stored in the colour model {kind}; convert it to grey or RGB.")
    array = np.asarray(pixel_tools.apply_modality_lut(pixels, file), np.float32)
    _finite(array, path)
    low, high = _range_of(array, array, window, normalize) or _own_window(file, array)
    if kind == "MONOCHROME1":
        low, high = high, low
    return RawImage(array, "uint8" if file.BitsStored <= 8 else "uint16", low, high, path)


def _own_window(file: Any, array: Array) -> tuple[float, float]:
    """Return the first window that a DICOM file brings, as the values of black and white, else its extremes."""
    centre, width = (np.atleast_1d(file.get(tag) or 0)[0] for tag in ("WindowCenter", "WindowWidth"))
    if width <= 1:
        return float(array.min()), float(array.max())
    half = (float(width) - 1) / 2
    return float(centre) - 0.5 - half, float(centre) - 0.5 + half


def _range_of(array: Array, volume: Array, window: Window, normalize: Normalize) -> tuple[float, float] | None:
    """Return the range that was asked for: min-max concerns the slice, a window the whole volume."""
    return asked_range(array if normalize else volume, window, normalize)


def _slice_of(path: Path, count: int, slice_index: int | None) -> int:
    index = count // 2 if slice_index is None else slice_index
    if not 0 <= index < count:
        raise InputError(f"{path} has slices 0..{count - 1}; there is no slice {index}.")
    return index


def _finite(array: Array, path: Path) -> None:
    if not np.isfinite(array).all():
        raise InputError(f"{path} holds NaN or infinite values; replace them before fusing.")


def _depth_of(dtype: np.dtype[Any]) -> Depth:
    if dtype.kind == "f":
        return "float32"
    return "uint8" if dtype.itemsize == 1 else "uint16"
