"""Labelled pairs from folders of each layout, made small; and what is wrong with a folder, in one sentence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from fuselens.core.errors import InputError
from fuselens.segmentation import classes as tables
from fuselens.segmentation.labels import LabelledPairs, boxed_pairs, fmb_pairs, labelled_pairs, mfnet_pairs, msrs_pairs

RANDOM = np.random.default_rng(3)
COLOUR = RANDOM.integers(0, 256, (12, 16, 3), dtype=np.uint8)
GREY = RANDOM.integers(0, 256, (12, 16), dtype=np.uint8)
LABEL = RANDOM.integers(0, 9, (12, 16), dtype=np.uint8)
LABEL[0, :4] = 255


def save(array: np.ndarray, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path)


def layout(folder: Path, first: str, second: str, label: str) -> Path:
    for name in ("10", "9"):
        save(GREY, folder / first / f"{name}.png")
        save(COLOUR, folder / second / f"{name}.png")
        save(LABEL, folder / label / f"{name}.png")
    return folder


def four_channels(folder: Path) -> Path:
    save(np.dstack((COLOUR, GREY)), folder / "images" / "00001D.png")
    save(LABEL, folder / "labels" / "00001D.png")
    (folder / "train.txt").write_text("00001D\n\n")
    return folder


def check(pairs: LabelledPairs, classes: tuple[str, ...]) -> None:
    a, b, label = pairs[0]
    assert pairs.classes == classes
    assert torch.equal(a, torch.from_numpy(GREY)[None] / 255)
    luma = COLOUR.astype(np.float64) @ (0.299, 0.587, 0.114) / 255
    np.testing.assert_allclose(b[0].numpy(), luma, atol=1e-6)
    assert label.dtype == torch.int64
    assert torch.equal(label, torch.from_numpy(LABEL).long())


def test_fmb(tmp_path: Path) -> None:
    folder = layout(tmp_path, "Infrared", "Visible", "Label")
    for pairs in (fmb_pairs(folder), labelled_pairs(folder), labelled_pairs(folder, "fmb")):
        check(pairs, tables.FMB)
    assert pairs.names == ("9", "10")
    assert len(pairs) == len([*pairs]) == 2
    assert len(tables.FMB) == 15


@pytest.mark.parametrize("label", ["Segmentation_labels", "label"])
def test_msrs(tmp_path: Path, label: str) -> None:
    folder = layout(tmp_path, "ir", "vi", label)
    for pairs in (msrs_pairs(folder), labelled_pairs(folder)):
        check(pairs, tables.MSRS)


def test_mfnet(tmp_path: Path) -> None:
    folder = four_channels(tmp_path)
    for pairs in (mfnet_pairs(folder), labelled_pairs(folder), labelled_pairs(folder, split="train")):
        check(pairs, tables.MFNET)


def test_palettes_are_numbers_and_equal_channels_are_one(tmp_path: Path) -> None:
    folder = layout(tmp_path, "ir", "vi", "label")
    painted = Image.fromarray(LABEL).convert("P")
    painted.putdata(LABEL.ravel().tolist())
    painted.putpalette(RANDOM.integers(0, 256, 768, dtype=np.uint8).tolist())
    painted.save(folder / "label" / "9.png")
    save(np.repeat(LABEL[..., None], 3, axis=2), folder / "label" / "10.png")
    for _, _, label in msrs_pairs(folder):
        assert torch.equal(label, torch.from_numpy(LABEL).long())


def test_boxes_of_several_annotations(tmp_path: Path) -> None:
    warm = np.full((40, 60), 20, np.uint8)
    warm[10:30, 15:45] = 90
    save(warm, tmp_path / "ir" / "1.png")
    save(np.repeat(warm[..., None], 3, axis=2), tmp_path / "vi" / "1.png")
    for place, text in (("boxes_ir", "2 0.5  0.5 0.5 0.5 \n"), ("boxes_fused", "")):
        (tmp_path / place).mkdir()
        (tmp_path / place / "1.txt").write_text(text)
    for pairs in (boxed_pairs(tmp_path), labelled_pairs(tmp_path)):
        _, _, label = pairs[0]
        assert pairs.classes == ("background", "person", "bicycle", "car")
        assert int(label[20, 30]) == 3
        assert int(label[2, 2]) == 0


def test_missing_folders_and_files(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="missing; name a folder"):
        labelled_pairs(tmp_path / "none")
    with pytest.raises(InputError, match="none of the known layouts"):
        labelled_pairs(tmp_path)
    with pytest.raises(InputError, match=r"Unknown layout 'coco'; known: fmb, msrs, mfnet, boxes"):
        labelled_pairs(tmp_path, "coco")  # type: ignore[arg-type]
    folder = layout(tmp_path / "set", "ir", "vi", "elsewhere")
    with pytest.raises(InputError, match="no folder of labels: expected Segmentation_labels or label"):
        msrs_pairs(folder)
    with pytest.raises(InputError, match="no boxes: expected"):
        boxed_pairs(folder)
    (folder / "elsewhere").rename(folder / "label")
    (folder / "label" / "9.png").unlink()
    with pytest.raises(InputError, match="'9' has no label"):
        msrs_pairs(folder)
    (folder / "boxes_ir").mkdir()
    with pytest.raises(InputError, match="'9' has no boxes in"):
        boxed_pairs(folder)


def test_labels_that_do_not_fit(tmp_path: Path) -> None:
    folder = layout(tmp_path, "ir", "vi", "label")
    place = folder / "label" / "9.png"
    for array, message in (
        (LABEL[:-1], "has size"),
        (COLOUR, "is coloured"),
        (np.where(LABEL == 3, 77, LABEL).astype(np.uint8), "holds 77, but its table has the classes 0 to 8"),
    ):
        save(array, place)
        with pytest.raises(InputError, match=message):
            msrs_pairs(folder)[0]
    place.write_bytes(b"no image")
    with pytest.raises(InputError, match="cannot be read"):
        msrs_pairs(folder)[0]
    save(LABEL, place)
    save(GREY[1:], folder / "ir" / "9.png")
    with pytest.raises(InputError, match="'9' differ in size"):
        msrs_pairs(folder)[0]


def test_mfnet_that_is_incomplete(tmp_path: Path) -> None:
    folder = four_channels(tmp_path)
    with pytest.raises(InputError, match=r"test\.txt cannot be read"):
        mfnet_pairs(folder, "test")
    save(COLOUR, folder / "images" / "00001D.png")
    with pytest.raises(InputError, match="no four channels"):
        mfnet_pairs(folder)[0]
    (folder / "train.txt").write_text("00001D\n00002D\n")
    with pytest.raises(InputError, match="names '00002D', but there is no"):
        mfnet_pairs(folder)
    (folder / "train.txt").write_text("\n")
    with pytest.raises(InputError, match="names no image"):
        mfnet_pairs(folder)


def test_the_real_boxes_of_msrs(shared: Path) -> None:
    pairs = labelled_pairs(shared / "data" / "msrs" / "test").subset(range(0, 40, 8))
    for a, b, label in pairs:
        assert a.shape == b.shape == (1, *label.shape)
        assert set(label.unique().tolist()) <= {0, 1, 2, 3, 255}
        assert 0 < float((label == 0).float().mean()) <= 1
