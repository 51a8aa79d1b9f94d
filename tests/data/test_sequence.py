"""The built-in recording: it pans, its noise lives, and its sensor fails where it was told to."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from fuselens.core.errors import InputError, UnknownNameError
from fuselens.data.examples import example_sequence

SMALL = {"size": (64, 96)}


def test_same_seed_same_bits_and_other_seed_other_scene():
    one, two, other = (list(example_sequence(frames=3, seed=seed, **SMALL)) for seed in (1, 1, 2))
    for first, second, third in zip(one, two, other, strict=True):
        assert first.a.y.equal(second.a.y)
        assert first.b.chroma.equal(second.b.chroma)
        assert not first.a.y.equal(third.a.y)
    assert [pair.size for pair in one] == [(64, 96)] * 3
    assert one[0].names == ("infrared", "visible")


def test_frames_do_not_depend_on_how_many_there_are():
    few, many = list(example_sequence(frames=2, **SMALL)), list(example_sequence(frames=5, **SMALL))
    assert many[1].b.y.equal(few[1].b.y)


def test_the_camera_pans_and_comes_back_and_truth_moves_along():
    pairs = list(example_sequence(frames=49, **SMALL))
    labels = [pair.truth["labels"] for pair in pairs]
    lefts = [
        next(left for left in range(25) if np.array_equal(view[:, : 96 - left], labels[0][:, left:])) for view in labels
    ]
    assert lefts[0] == lefts[48] == 0
    assert lefts[24] == max(lefts) == 24
    assert max(abs(later - earlier) for earlier, later in pairwise(lefts)) <= 2
    for pair in pairs[::12]:
        assert set(np.unique(pair.truth["labels"])) == set(pair.truth["classes"])
    moved = pairs[24].a.y[:, :-24] - pairs[0].a.y[:, 24:]
    assert float(moved.abs().mean()) < 0.02 < float((pairs[24].a.y - pairs[0].a.y).abs().mean())


def test_noise_is_fresh_in_every_frame_of_a_camera_at_rest():
    pairs = list(example_sequence(frames=2, **SMALL))
    for first, second in zip(*pairs, strict=True):
        difference = (second.y - first.y)[:, 20:]
        assert 0.003 < float(difference.std()) < 0.05
    still = pairs[1].a.y - pairs[0].a.y
    assert float(still.std()) == pytest.approx(0.01 * np.hypot(0.35, 0.6) * np.sqrt(2), rel=0.35)


def test_values_are_eight_bit():
    pair = next(example_sequence(**SMALL))
    assert (pair.a.y * 255).round().div(255).equal(pair.a.y)
    assert pair.b.is_coloured
    assert not pair.a.is_coloured


@pytest.mark.parametrize("name", ["infrared", "visible", "ir"])
def test_a_sensor_fails_where_it_was_told_to(name):
    good = list(example_sequence(frames=6, **SMALL))
    for how in ("black", "frozen"):
        bad = list(example_sequence(frames=6, fails=name, at=3, how=how, **SMALL))
        failing, other = ("b", "a") if name == "visible" else ("a", "b")
        for number, (was, now) in enumerate(zip(good, bad, strict=True)):
            assert getattr(now, other).y.equal(getattr(was, other).y)
            found = getattr(now, failing)
            if number < 3:
                assert found.y.equal(getattr(was, failing).y)
            elif how == "black":
                assert not found.y.any()
                assert found.chroma is None or not found.chroma.any()
            else:
                last = getattr(good[2], failing)
                assert found.y.equal(last.y)
                assert found.chroma is last.chroma is None or found.chroma.equal(last.chroma)
            np.testing.assert_array_equal(now.truth["labels"], was.truth["labels"])


def test_a_sensor_may_be_black_from_the_first_frame():
    assert not next(example_sequence(fails="visible", at=0, **SMALL)).b.y.any()


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"name": "brain"}, UnknownNameError),
        ({"fails": "radar", "at": 2}, UnknownNameError),
        ({"fails": "visible", "at": 2, "how": "loud"}, UnknownNameError),
        ({"fails": "visible"}, InputError),
        ({"at": 3}, InputError),
        ({"fails": "visible", "at": 48}, InputError),
        ({"fails": "visible", "at": -1}, InputError),
        ({"fails": "visible", "at": 0, "how": "frozen"}, InputError),
        ({"frames": 0}, InputError),
        ({"size": (32, 96)}, InputError),
        ({"seed": -1}, InputError),
    ],
)
def test_impossible_settings_are_refused_at_once(settings, error):
    with pytest.raises(error):
        example_sequence(**{**SMALL, **settings})
