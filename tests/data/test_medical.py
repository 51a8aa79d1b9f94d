"""NIfTI and DICOM files made here and read back: anatomy upright, physical values, ranges."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fuselens.core.errors import InputError, MissingExtraError
from fuselens.data.medical import is_medical, read_medical
from fuselens.data.pairs import read_pair

nibabel: Any = pytest.importorskip("nibabel")
pydicom: Any = pytest.importorskip("pydicom")


def _nifti(path: Path, volume: np.ndarray, affine: np.ndarray | None = None) -> Path:
    nibabel.save(nibabel.Nifti1Image(volume, np.eye(4) if affine is None else affine), path)
    return path


def _dicom(path: Path, pixels: np.ndarray, **tags: Any) -> Path:
    file = pydicom.Dataset()
    file.file_meta = pydicom.dataset.FileMetaDataset()
    file.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    file.file_meta.MediaStorageSOPClassUID = pydicom.uid.SecondaryCaptureImageStorage
    file.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    file.Rows, file.Columns = pixels.shape[-2:] if tags.get("SamplesPerPixel", 1) == 1 else pixels.shape[:2]
    file.SamplesPerPixel, file.PhotometricInterpretation = 1, "MONOCHROME2"
    file.BitsAllocated = file.BitsStored = pixels.dtype.itemsize * 8
    file.HighBit, file.PixelRepresentation = file.BitsStored - 1, int(pixels.dtype.kind == "i")
    for tag, value in tags.items():
        setattr(file, tag, value)
    file.PixelData = pixels.tobytes()
    file.save_as(path, enforce_file_format=True)
    return path


@pytest.fixture
def volume() -> np.ndarray:
    """A volume [right, front, up] = [10, 12, 5] of int16 with a landmark at the patient's front right, lowest slice."""
    values = np.random.default_rng(8).integers(-1000, 1000, (10, 12, 5)).astype(np.int16)
    values[9, 11, 0] = 3000
    return values


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_a_slice_is_upright(tmp_path: Path, volume: np.ndarray, suffix: str) -> None:
    raw = read_medical(_nifti(tmp_path / f"a{suffix}", volume), slice_index=0)
    assert raw.array.shape == (12, 10)
    assert raw.array[0, 0] == 3000
    np.testing.assert_array_equal(raw.array[::-1, ::-1].T, volume[:, :, 0])
    assert (raw.depth, raw.low, raw.high) == ("uint16", volume.min(), 3000)


def test_any_storage_order_shows_the_same_slice(tmp_path: Path, volume: np.ndarray) -> None:
    flipped = np.diag([-1.0, -1.0, 1.0, 1.0])
    turned = np.array([[0, 1, 0, 0], [0, 0, 1, 0], [1, 0, 0, 0], [0, 0, 0, 1.0]])
    expected = read_medical(_nifti(tmp_path / "a.nii", volume)).array
    same = read_medical(_nifti(tmp_path / "b.nii", volume[::-1, ::-1], flipped)).array
    np.testing.assert_array_equal(same, expected)
    moved = np.moveaxis(volume, 2, 0)
    np.testing.assert_array_equal(read_medical(_nifti(tmp_path / "c.nii", moved, turned)).array, expected)


def test_the_middle_slice_windows_and_minmax(tmp_path: Path, volume: np.ndarray) -> None:
    path = _nifti(tmp_path / "a.nii.gz", volume)
    np.testing.assert_array_equal(read_medical(path).array, read_medical(path, slice_index=2).array)
    assert read_medical(path, window=(-160, 240)).low == -160
    assert read_medical(path, normalize="minmax").high == volume[:, :, 2].max()
    percentile = read_medical(path, window="percentile")
    assert percentile.high == pytest.approx(np.percentile(volume, 99.9))


@pytest.mark.parametrize("shape", [(10, 12), (10, 12, 1), (10, 12, 1, 1)])
def test_a_single_slice(tmp_path: Path, volume: np.ndarray, shape: tuple[int, ...]) -> None:
    raw = read_medical(_nifti(tmp_path / "a.nii", volume[:, :, 3].reshape(shape)))
    np.testing.assert_array_equal(raw.array[::-1, ::-1].T, volume[:, :, 3])


def test_scaled_and_float_values(tmp_path: Path, volume: np.ndarray) -> None:
    image = nibabel.Nifti1Image(volume, np.eye(4))
    image.header.set_slope_inter(0.5, 10)
    nibabel.save(image, tmp_path / "a.nii")
    np.testing.assert_allclose(read_medical(tmp_path / "a.nii").high, 3000 * 0.5 + 10)
    assert read_medical(_nifti(tmp_path / "b.nii", volume.astype(np.float32))).depth == "float32"
    assert read_medical(_nifti(tmp_path / "c.nii", np.abs(volume).astype(np.uint8))).depth == "uint8"


def test_bad_volumes(tmp_path: Path, volume: np.ndarray) -> None:
    path = _nifti(tmp_path / "a.nii.gz", volume)
    with pytest.raises(InputError, match=r"slices 0\.\.4; there is no slice 5"):
        read_medical(path, slice_index=5)
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(InputError, match="damaged"):
        read_medical(path)
    (tmp_path / "text.nii").write_text("text")
    with pytest.raises(InputError, match="damaged"):
        read_medical(tmp_path / "text.nii")
    with pytest.raises(InputError, match="no file"):
        read_medical(tmp_path / "none.nii")
    with pytest.raises(InputError, match=r"\(10, 12, 5, 2\)"):
        read_medical(_nifti(tmp_path / "b.nii", np.stack([volume, volume], -1)))
    with pytest.raises(InputError, match="NaN"):
        read_medical(_nifti(tmp_path / "c.nii", np.where(volume > 2000, np.nan, volume).astype(np.float32)))


def test_dicom_in_hounsfield_units(tmp_path: Path) -> None:
    pixels = np.random.default_rng(9).integers(0, 4096, (9, 10), dtype=np.uint16)
    path = _dicom(tmp_path / "a.dcm", pixels, RescaleSlope=2, RescaleIntercept=-1024, BitsStored=12, HighBit=11)
    raw = read_medical(path)
    np.testing.assert_array_equal(raw.array, pixels * 2.0 - 1024)
    assert (raw.depth, raw.low, raw.high) == ("uint16", raw.array.min(), raw.array.max())
    assert read_medical(path, window=(-160, 240)).high == 240


def test_dicom_window_and_inversion(tmp_path: Path) -> None:
    pixels = np.arange(90, dtype=np.uint8).reshape(9, 10)
    window = {"WindowCenter": [40.5, 10], "WindowWidth": [21, 5]}
    raw = read_medical(_dicom(tmp_path / "a.dcm", pixels, **window))
    assert (raw.depth, raw.low, raw.high) == ("uint8", 30, 50)
    inverted = read_medical(_dicom(tmp_path / "b.dcm", pixels, PhotometricInterpretation="MONOCHROME1", **window))
    np.testing.assert_allclose(inverted.unit(), 1 - raw.unit(), atol=1e-6)


def test_dicom_frames_and_colour(tmp_path: Path) -> None:
    frames = np.random.default_rng(10).integers(0, 256, (3, 9, 10), dtype=np.uint8)
    path = _dicom(tmp_path / "a.dcm", frames, NumberOfFrames=3)
    np.testing.assert_array_equal(read_medical(path).array, frames[1])
    np.testing.assert_array_equal(read_medical(path, slice_index=2).array, frames[2])
    rgb = np.moveaxis(frames, 0, -1).copy()
    tags = {"SamplesPerPixel": 3, "PlanarConfiguration": 0, "PhotometricInterpretation": "RGB"}
    raw = read_medical(_dicom(tmp_path / "b.dcm", rgb, **tags))
    np.testing.assert_array_equal(raw.array, rgb)
    assert raw.high == 255


def test_bad_dicom(tmp_path: Path) -> None:
    (tmp_path / "a.dcm").write_text("text")
    path = _dicom(tmp_path / "b.dcm", np.zeros((9, 10), np.uint8), PhotometricInterpretation="PALETTE COLOR")
    with pytest.raises(InputError, match="damaged"):
        read_medical(tmp_path / "a.dcm")
    with pytest.raises(InputError, match="PALETTE COLOR"):
        read_medical(path)


def test_a_pair_of_dicom_without_suffix_and_nifti(tmp_path: Path, volume: np.ndarray) -> None:
    ct = _dicom(tmp_path / "IM0001", np.random.default_rng(11).integers(0, 4096, (12, 10), dtype=np.uint16))
    mri = _nifti(tmp_path / "case_t1.nii.gz", volume)
    assert is_medical(ct)
    pair = read_pair(mri, ct, names=("mri", "ct"), slice_index=0)
    assert pair.a.y[0, 0] == 1
    assert pair.size == (12, 10)


def test_without_the_extra_the_message_names_it(
    tmp_path: Path, volume: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _nifti(tmp_path / "a.nii", volume)
    monkeypatch.setitem(sys.modules, "nibabel", None)
    monkeypatch.setitem(sys.modules, "pydicom", None)
    (tmp_path / "a.dcm").write_text("text")
    for each in (path, tmp_path / "a.dcm"):
        with pytest.raises(MissingExtraError, match=r"fuselens\[medical\]"):
            read_medical(each)
