from __future__ import annotations

import numpy as np
import pytest

from fuselens.core.errors import InputError
from fuselens.data.scenes.street import CARRIED_BY, CLASSES, street_scene

SIZES = [(64, 64), (65, 131), (131, 65), (96, 128)]


@pytest.mark.parametrize("size", SIZES)
def test_any_size_holds_the_guaranteed_contents(size):
    pair = street_scene(seed=1, size=size)
    assert pair.size == size
    assert pair.truth["labels"].shape == size
    wanted = {"car", "person in the dark", "person in the glare", "sign", "heat print", "tree", "lit window"}
    assert wanted <= set(pair.truth["classes"].values())


@pytest.mark.parametrize("seed", range(4))
def test_every_class_occurs_at_full_size(seed):
    assert set(street_scene(seed=seed, size=(144, 192)).truth["classes"]) == set(CLASSES)


@pytest.mark.parametrize(("glare", "seen_by"), [(0.0, "both"), (2.0, "a")])
def test_glare_hides_the_car_from_the_visible_camera(glare, seen_by, visibility):
    pair = street_scene(size=(192, 256), glare=glare)
    assert pair.truth["carried_by"]["car"] == seen_by
    in_visible = visibility(pair, "car")[1]
    assert in_visible > 0.06 if seen_by == "both" else in_visible < 0.05


def test_glare_leaves_the_infrared_alone():
    assert street_scene(size=(64, 64), glare=0.0).a.y.equal(street_scene(size=(64, 64), glare=3.0).a.y)


def test_number_of_pedestrians_is_obeyed():
    people = {name for name in CLASSES.values() if name.startswith("person")}
    for count, expected in [(0, 0), (1, 1), (3, 3)]:
        names = set(street_scene(size=(96, 128), pedestrians=count).truth["classes"].values())
        assert len(names & people) == expected
    few, many = (np.sum(street_scene(size=(96, 128), pedestrians=count).truth["labels"] == 6) for count in (4, 8))
    assert many > few


def test_backdrops_alone_have_no_carrier():
    assert set(CLASSES.values()) - set(CARRIED_BY) == {"sky", "building", "ground"}


@pytest.mark.parametrize("settings", [{"pedestrians": -1}, {"pedestrians": 9}, {"glare": -0.1}, {"glare": np.nan}])
def test_settings_out_of_range_are_refused(settings):
    with pytest.raises(InputError, match=next(iter(settings))):
        street_scene(size=(64, 64), **settings)
