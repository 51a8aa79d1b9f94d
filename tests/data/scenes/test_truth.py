"""What `carried_by` says must be true in the pixels."""

from __future__ import annotations

import pytest

from fuselens.data.examples import EXAMPLES

SEEN, UNSEEN = 0.055, 0.048
# a disc in folded cortex: its outline cuts sulci everywhere, so only the mean step over the outline can be small
IN_TEXTURE = {"hot spot"}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_carriers_show_the_object_and_the_others_do_not(name, seed, drawn, visibility):
    pair = drawn(name, seed=seed)
    for label, carrier in pair.truth["carried_by"].items():
        contrasts = visibility(pair, label)
        for sensor, contrast, mean_step in zip("ab", contrasts, visibility(pair, label, signed=True), strict=True):
            if carrier in (sensor, "both"):
                assert contrast > SEEN, f"{label} in {sensor}: {contrast:.3f}"
            else:
                measured = mean_step if label in IN_TEXTURE else contrast
                assert measured < UNSEEN, f"{label} in {sensor}: {measured:.3f}"


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_an_object_of_one_sensor_is_clearer_there(name, drawn, visibility):
    pair = drawn(name, seed=2)
    for label, carrier in pair.truth["carried_by"].items():
        if carrier in "ab":
            a, b = visibility(pair, label, signed=label in IN_TEXTURE)
            clear, faint = (a, b) if carrier == "a" else (b, a)
            assert clear > 2 * faint, label
