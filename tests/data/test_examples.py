from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch

from fuselens.core.errors import InputError, UnknownNameError
from fuselens.data.colour import join_colour, split_colour
from fuselens.data.examples import EXAMPLES, example_pair

SMALL = (80, 104)
names = pytest.mark.parametrize("name", sorted(EXAMPLES))


@names
def test_same_seed_same_bits_and_other_seed_other_scene(name):
    one, two, other = (example_pair(name, seed=seed, size=SMALL) for seed in (3, 3, 4))
    for first, second, third in zip(one, two, other, strict=True):
        assert first.y.equal(second.y)
        assert not first.y.equal(third.y)
    np.testing.assert_array_equal(one.truth["labels"], two.truth["labels"])
    assert (one.truth["labels"] != other.truth["labels"]).any()


@names
def test_noise_and_blur_change_pixels_but_not_labels(name):
    plain = example_pair(name, size=SMALL, noise=0.0)
    noisy = example_pair(name, size=SMALL, noise=0.05)
    soft = example_pair(name, size=SMALL, noise=0.0, blur=2.0)
    for changed in (noisy, soft):
        np.testing.assert_array_equal(plain.truth["labels"], changed.truth["labels"])

    def roughness(source):
        return float(source.y.diff(dim=0).abs().mean() + source.y.diff(dim=1).abs().mean())

    for clean, speckled, smooth in zip(plain, noisy, soft, strict=True):
        assert roughness(smooth) < roughness(clean) < roughness(speckled)


@names
def test_noise_has_the_strength_that_was_asked_for(name):
    clean, noisy = (example_pair(name, size=(128, 128), noise=noise).a.y for noise in (0.0, 0.03))
    middle = (clean > 0.3) & (clean < 0.7)
    assert float((noisy - clean)[middle].std()) == pytest.approx(0.03, rel=0.4)


@names
def test_sources_are_eight_bit_and_survive_a_file(name):
    pair = example_pair(name, size=SMALL)
    assert not pair.a.is_coloured
    assert pair.b.is_coloured
    for source in pair:
        assert (source.depth, source.low, source.high) == ("uint8", 0.0, 255.0)
        assert source.y.dtype == torch.float32
    stored = (pair.a.y * 255).round().to(torch.uint8)
    assert (stored.float() / 255).equal(pair.a.y)
    stored = (join_colour(pair.b.y, pair.b.chroma) * 255).round().to(torch.uint8)
    y, chroma = split_colour(stored.float() / 255)
    assert y.equal(pair.b.y)
    assert chroma.equal(pair.b.chroma)


@names
def test_truth_is_complete(name):
    truth = example_pair(name, size=SMALL).truth
    assert truth["labels"].dtype == np.int64
    assert set(np.unique(truth["labels"])) == set(truth["classes"])
    assert set(truth["carried_by"]) <= set(truth["classes"].values())
    assert set(truth["carried_by"].values()) <= {"a", "b", "both", "neither"}


@names
@pytest.mark.parametrize(
    "settings",
    [{"size": (63, 100)}, {"size": (100, 8)}, {"noise": -1.0}, {"blur": -0.5}, {"noise": np.nan}, {"seed": -1}],
)
def test_impossible_settings_are_refused(name, settings):
    with pytest.raises(InputError):
        example_pair(name, **settings)


def test_unknown_example_lists_the_known_ones():
    with pytest.raises(UnknownNameError, match="street"):
        example_pair("stret")


def test_importing_examples_loads_no_scene():
    code = (
        "import sys, fuselens.data.examples; sys.exit(any('scenes' in m or m.startswith('scipy') for m in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
