from __future__ import annotations

import numpy as np
import pytest

from fuselens.data.scenes.nature import CARRIED_BY, CLASSES, nature_scene


@pytest.mark.parametrize("size", [(64, 64), (65, 131), (131, 65)])
def test_any_size_holds_the_guaranteed_contents(size):
    pair = nature_scene(seed=1, size=size)
    assert pair.size == size
    assert pair.truth["labels"].shape == size
    assert {"deer", "sheep", "pond", "flowers", "pine"} <= set(pair.truth["classes"].values())


@pytest.mark.parametrize("seed", range(4))
def test_every_class_occurs(seed):
    assert set(nature_scene(seed=seed, size=(96, 128)).truth["classes"]) == set(CLASSES)


def test_backdrops_alone_have_no_carrier():
    assert set(CLASSES.values()) - set(CARRIED_BY) == {"sky", "hill", "meadow"}


def test_deer_are_the_warmest_and_sheep_and_flowers_as_cold_as_the_meadow(drawn):
    pair = drawn("nature", seed=0)
    means = {
        name: float(pair.a.y.numpy()[pair.truth["labels"] == number].mean())
        for number, name in pair.truth["classes"].items()
    }
    assert max(means, key=means.get) == "deer"
    assert max(means["sky"], means["pond"]) < means["meadow"] - 0.1
    for name in ("sheep", "flowers"):
        assert means[name] == pytest.approx(means["meadow"], abs=0.03)


def test_deer_differ_from_the_meadow_in_hue_alone(drawn):
    pair = drawn("nature", seed=0)
    deer, meadow = (pair.truth["labels"] == number for number in (5, 2))
    assert abs(pair.b.y.numpy()[deer].mean() - np.median(pair.b.y.numpy()[meadow])) < 0.06
    red = pair.b.chroma[1].numpy()
    assert red[deer].mean() > red[meadow].mean() + 0.03
