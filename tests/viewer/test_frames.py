"""Frames: what goes in comes out, where a browser can read it without copying."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from fuselens.viewer.frames import frame, text
from tests.viewer.page_talk import decoded

SHAPES = arrays.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=5)
TYPES = st.sampled_from([np.dtype("<f4"), np.dtype("<i4"), np.dtype("u1")])
ARRAYS = arrays.arrays(TYPES, SHAPES)
HEADS = st.dictionaries(st.sampled_from(["id", "words", "size"]), st.one_of(st.integers(0, 9), st.text(max_size=20)))


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(HEADS, st.dictionaries(st.text("abc_é", min_size=1, max_size=6), ARRAYS, max_size=4))
def test_round_trip(head: dict[str, object], values: dict[str, np.ndarray]) -> None:
    found = decoded(frame(head, values))
    assert found.head == head
    assert found.arrays.keys() == values.keys()
    for name, array in values.items():
        assert found.arrays[name].numpy().tobytes() == array.tobytes()
        assert found.arrays[name].shape == array.shape


def test_number_types_are_those_of_the_protocol() -> None:
    values = {
        "wide": torch.tensor([0.1], dtype=torch.float64), "labels": torch.tensor([-1, 3]), "kept": torch.tensor([True]),
        "cut": torch.arange(12.0).view(3, 4)[:, 1:3],
    }  # fmt: skip
    found = decoded(frame({}, values)).arrays
    assert [str(found[name].dtype) for name in values] == [
        "torch.float32",
        "torch.int32",
        "torch.uint8",
        "torch.float32",
    ]
    assert found["cut"].tolist() == [[1, 2], [5, 6], [9, 10]]


def test_json_has_no_nan() -> None:
    assert text({"share": float("nan")}) == '{"share": null}'
