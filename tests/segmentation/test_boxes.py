"""Weak labels: what a box becomes, on drawn images whose truth is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fuselens.core.errors import InputError
from fuselens.segmentation.boxes import BICYCLE, PERSON, RIM, Box, merge_boxes, read_boxes, weak_labels

CAR = 3
SIZE = (80, 100)


def scene(box: Box, *, warmth: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A bright oval that touches its box's sides, in noise; returns infrared, visible and the oval."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[: SIZE[0], : SIZE[1]] + 0.5
    middle = (box.top + box.bottom) / 2, (box.left + box.right) / 2
    oval = ((y - middle[0]) / (box.bottom - box.top)) ** 2 + ((x - middle[1]) / (box.right - box.left)) ** 2 < 0.25
    infrared = 0.3 + warmth * oval + random.normal(0, 0.01, SIZE)
    visible = 0.5 + random.normal(0, 0.01, SIZE)
    return infrared.astype(np.float32), visible.astype(np.float32), oval


@pytest.mark.parametrize("label", [PERSON, CAR])
def test_a_warm_oval_is_found_inside_its_box(label: int) -> None:
    box = Box(label, 15, 40, 65, 62)
    infrared, visible, oval = scene(box, warmth=0.4)
    labels = weak_labels(infrared, visible, [box])
    found, known = labels == label, labels != 255
    assert (found & oval).sum() / (found | oval)[known].sum() > 0.9
    assert found.sum() > 0.8 * oval.sum()
    assert (labels == 0).sum() > 0.5 * labels.size


def test_one_looks_through_a_bicycle() -> None:
    box = Box(BICYCLE, 20, 20, 60, 80)
    infrared, visible, _ = scene(box, warmth=0.3)
    inside = weak_labels(infrared, visible, [box])[20:60, 20:80]
    assert set(np.unique(inside)) == {BICYCLE, 255}


@settings(max_examples=25, deadline=None)
@given(
    label=st.sampled_from((PERSON, BICYCLE, CAR)),
    top=st.integers(0, 70),
    left=st.integers(0, 90),
    height=st.integers(1, 60),
    width=st.integers(1, 60),
    warmth=st.floats(-0.3, 0.6),
)
def test_only_a_box_and_its_rim_change(label: int, top: int, left: int, height: int, width: int, warmth: float) -> None:
    box = Box(label, top, left, min(SIZE[0], top + height), min(SIZE[1], left + width))
    labels = weak_labels(*scene(box, warmth=warmth)[:2], [box])
    assert set(np.unique(labels)) <= {0, label, 255}
    y, x = np.nonzero(labels)
    assert ((y >= box.top - RIM) & (y < box.bottom + RIM) & (x >= box.left - RIM) & (x < box.right + RIM)).all()
    outside = np.ones(SIZE, dtype=bool)
    outside[box.top : box.bottom, box.left : box.right] = False
    assert not (labels[outside] == label).any()


def test_nothing_is_claimed_of_an_object_that_cannot_be_seen() -> None:
    box = Box(PERSON, 15, 40, 65, 62)
    flat = np.full(SIZE, 0.4, dtype=np.float32)
    labels = weak_labels(flat, flat, [box])
    assert (labels[15:65, 40:62] == 255).all()


def test_without_boxes_all_is_background() -> None:
    flat = np.zeros(SIZE, dtype=np.float32)
    assert not weak_labels(flat, flat, []).any()


def test_a_small_object_lies_before_a_large_one() -> None:
    car, person = Box(CAR, 10, 10, 70, 90), Box(PERSON, 20, 45, 60, 57)
    infrared, visible, _ = scene(person, warmth=0.5)
    together, alone = (weak_labels(infrared, visible, boxes) for boxes in ([person, car], [car]))
    assert (together == PERSON).sum() > 200
    changed = together != alone
    assert not changed[:, :40].any()
    assert not changed[:, 62:].any()


def test_labels_are_the_same_twice() -> None:
    box = Box(PERSON, 15, 40, 65, 62)
    infrared, visible, _ = scene(box, warmth=0.2)
    assert np.array_equal(*(weak_labels(infrared, visible, [box]) for _ in range(2)))


def test_boxes_are_read_as_their_authors_left_them(tmp_path: Path) -> None:
    path = tmp_path / "1.txt"
    path.write_text("0 0.5 0.5  0.2 0.5 \n\n2 0.1 0.1 0.4 0.4")
    assert read_boxes(path, (80, 100)) == [Box(1, 20, 40, 60, 60), Box(3, 0, 0, 24, 30)]
    path.write_text("")
    assert read_boxes(path, (80, 100)) == []


@pytest.mark.parametrize("line", ["3 0.5 0.5 0.1 0.1", "-1 .5 .5 .1 .1", "0 0.5 0.5 0.1", "car 0 0 1 1", "0 nan 0 1 1"])
def test_lines_that_are_no_boxes(tmp_path: Path, line: str) -> None:
    path = tmp_path / "1.txt"
    path.write_text(f"0 0.5 0.5 0.1 0.1\n{line}\n")
    with pytest.raises(InputError, match="Line 2 of"):
        read_boxes(path, (80, 100))


def test_missing_boxes(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_boxes(tmp_path / "none.txt", (8, 8))


def test_objects_of_several_annotations_are_taken_once() -> None:
    one, shifted, other_class, far = (
        Box(PERSON, 10, 10, 50, 30), Box(PERSON, 12, 11, 51, 31), Box(CAR, 10, 10, 50, 30), Box(PERSON, 10, 60, 50, 80),
    )  # fmt: skip
    assert merge_boxes([one], [shifted, other_class], [far]) == [one, other_class, far]
    assert one.overlap(one) == 1
    assert one.overlap(far) == 0
    assert Box(1, 0, 0, 10, 10).overlap(Box(1, 0, 5, 10, 15)) == pytest.approx(1 / 3)
