from __future__ import annotations

import numpy as np
import pytest

from fuselens.data.scenes.brain import CARRIED_BY, CLASSES, TABLE, brain_scene


def mask(pair, name):
    number = {value: key for key, value in pair.truth["classes"].items()}[name]
    return pair.truth["labels"] == number


@pytest.mark.parametrize("seed", range(4))
def test_every_tissue_occurs(seed):
    assert set(brain_scene(seed=seed, size=(65, 97)).truth["classes"]) == set(CLASSES)


@pytest.mark.parametrize("seed", range(3))
def test_core_lies_inside_the_lesion_and_only_pet_tells_them_apart(seed, drawn):
    from scipy.ndimage import binary_dilation

    pair = drawn("brain", seed=seed)
    core, rim = mask(pair, "necrotic core"), mask(pair, "lesion")
    assert not (binary_dilation(core, iterations=2) & ~(core | rim)).any()
    mri, pet = (source.y.numpy() for source in pair)
    assert abs(mri[core].mean() - mri[rim].mean()) < 0.05
    assert np.quantile(pet[core], 0.4) < 0.15
    assert np.quantile(pet[rim], 0.4) > 0.3
    assert mri[core | rim].std() < 0.1


@pytest.mark.parametrize("seed", range(3))
def test_hot_spot_is_the_reddest_place(seed, drawn):
    pair = drawn("brain", seed=seed)
    red = pair.b.chroma[1].numpy()
    assert red[mask(pair, "hot spot")].mean() > red[mask(pair, "grey matter")].mean() + 0.1


def test_fluid_is_brightest_and_bone_darkest_in_t2(drawn):
    pair = drawn("brain", seed=0)
    level = {
        name: pair.a.y.numpy()[mask(pair, name)].mean()
        for name in ("ventricle", "grey matter", "white matter", "skull")
    }
    assert level["ventricle"] > level["grey matter"] > level["white matter"] > level["skull"]


def test_without_lesion_there_is_none():
    names = set(brain_scene(size=(64, 64), lesion=False).truth["classes"].values())
    assert not names & {"lesion", "necrotic core"}


def test_head_is_not_symmetric():
    labels = brain_scene(size=(128, 128), lesion=False).truth["labels"]
    assert 0.02 < np.mean(labels != labels[:, ::-1]) < 0.4


def test_colour_table_rises_without_gaps():
    assert np.all(np.diff(TABLE[:, 0]) > 0)
    assert TABLE[0].tolist() == [0, 0, 0, 0]
    assert TABLE[-1, 0] == 1


def test_background_alone_has_no_carrier():
    assert set(CLASSES.values()) - set(CARRIED_BY) == {"background"}
