"""Sets of labelled samples: joined, cut down, held, brought into other tables; and their crops."""

from __future__ import annotations

import pytest
import torch

from fuselens.core.errors import InputError, UnknownNameError
from fuselens.models import load_model
from fuselens.segmentation.classes import BOXES, ROAD
from fuselens.segmentation.crops import LabelledCrops
from fuselens.segmentation.generated import generated_scenes
from fuselens.segmentation.labelled import ELSEWHERE, LabelledImages, LabelledPairs, first, mean, second


def test_subsets_and_sums_keep_order(pairs: LabelledPairs) -> None:
    joined = pairs.subset([3, -4]) + pairs
    assert joined.names == ("pair-3", "pair-0", "pair-0", "pair-1", "pair-2", "pair-3")
    for index, original in enumerate((3, 0, 0, 1, 2, 3)):
        assert all(torch.equal(x, y) for x, y in zip(joined[index], pairs[original], strict=True))
    with pytest.raises(IndexError):
        joined[6]
    with pytest.raises(InputError, match="in_table"):
        joined + pairs.in_table(("nothing", "bright"))


def test_views_make_images(pairs: LabelledPairs) -> None:
    a, b, label = pairs[1]
    for view, expected in ((first, a), (second, b), (mean, (a + b) / 2), (load_model("maximum"), torch.maximum(a, b))):
        image, same = pairs.images(view)[1]
        assert torch.allclose(image, expected)
        assert torch.equal(same, label)


def test_held_samples_are_rounded_to_eight_bits(pairs: LabelledPairs) -> None:
    held = pairs.in_table(BOXES[:1] + pairs.classes).held()
    for kept, read in zip(held, pairs.in_table(held.classes), strict=True):
        assert torch.equal(kept[2], read[2])
        assert float((kept[0] - read[0]).abs().max()) <= 0.5 / 255 + 1e-6


def test_another_table_goes_by_names(pairs: LabelledPairs) -> None:
    label = pairs[0][2]
    same = pairs.in_table(("nothing", "bright", "dark"))
    assert torch.equal(same[0][2], torch.tensor([0, 2, 1])[label])
    assert same.named == ()
    fewer = pairs.in_table(("nothing", "bright"))
    assert torch.equal(fewer[0][2], torch.tensor([0, 0, 1])[label])


def test_where_the_other_table_knows_more_nothing_means_elsewhere(pairs: LabelledPairs) -> None:
    more = pairs.in_table(("nothing", "bright", "grey", "dark"))
    label = pairs[0][2]
    assert torch.equal(more[0][2], torch.tensor([ELSEWHERE, 3, 1])[label])
    assert sorted(more.named) == [1, 3]
    moved = more.in_table(("nothing", "grey", "dark", "bright"))
    assert torch.equal(moved[0][2], torch.tensor([ELSEWHERE, 2, 3])[label])
    assert sorted(moved.named) == [2, 3]
    assert pairs.in_table(("rest", "bright", "dark")).named == ()
    full = LabelledPairs(pairs.names, lambda i: pairs[i], (*more.classes[:1], "x", "y", "z"))
    assert (full + full.in_table(full.classes)).named == ()


def test_generated_scenes_have_classes_that_only_one_sensor_shows() -> None:
    scenes = generated_scenes([4, 7], (96, 128), kinds=("street", "nature"))
    assert scenes.names == ("street-4", "nature-7")
    assert scenes.classes == ROAD
    a, b, label = scenes[0]
    assert a.shape == b.shape == (1, 96, 128)
    found = {ROAD[number] for number in label.unique().tolist()}
    assert {"person", "ground", "building", "sky", "vegetation", "sign"} <= found
    assert "background" not in found
    assert {ROAD[number] for number in scenes[1][2].unique().tolist()} <= {"background", "ground", "sky", "vegetation"}
    assert all(torch.equal(x, y) for x, y in zip(scenes[0], scenes[0], strict=True))


def test_scenes_that_cannot_be_drawn_are_refused() -> None:
    with pytest.raises(UnknownNameError, match="brain"):
        generated_scenes([0], kinds=("brain",))
    with pytest.raises(InputError, match="at least one seed"):
        generated_scenes([])
    with pytest.raises(InputError, match="64 pixels"):
        generated_scenes([0], (32, 32))[0]


def test_crops_are_a_function_of_seed_and_number(pairs: LabelledPairs) -> None:
    crops, same, other = (
        LabelledCrops(pairs, 12, seed=seed, scales=(0.5, 2.0), light=0.3) for seed in (1, 1, 2)
    )  # fmt: skip
    later = same[9]
    assert all(torch.equal(x, y) for x, y in zip(crops[9], later, strict=True))
    assert not torch.equal(crops[9][0], other[9][0])
    a, b, label = crops.batch(2, 3)
    assert a.shape == b.shape == (3, 1, 12, 12)
    assert label.shape == (3, 12, 12)
    assert torch.equal(a[1], crops[7][0])


def test_unscaled_crops_are_windows_or_their_mirror_images(pairs: LabelledPairs) -> None:
    crops = LabelledCrops(pairs, 12, seed=0)
    mirrored = set()
    for number in range(12):
        a, _, label = crops[number]
        found = False
        for image, _, whole in pairs:
            for flip in (False, True):
                picture, truth = (image.flip(-1), whole.flip(-1)) if flip else (image, whole)
                windows = picture[0].unfold(0, 12, 1).unfold(1, 12, 1)
                places = (windows == a[0]).all(-1).all(-1).nonzero()
                if len(places):
                    found = True
                    mirrored.add(flip)
                    y, x = places[0].tolist()
                    assert torch.equal(truth[y : y + 12, x : x + 12], label)
        assert found
    assert mirrored == {False, True}


def test_every_sample_once_an_epoch(pairs: LabelledPairs) -> None:
    seen = LabelledImages(
        pairs.names, lambda i: (torch.full((1, 16, 16), i / 10), torch.zeros(16, 16, dtype=torch.int64)), pairs.classes
    )
    crops = LabelledCrops(seen, 8, seed=3)
    for epoch in range(3):
        values = sorted(round(10 * float(crops[4 * epoch + place][0].mean())) for place in range(4))
        assert values == [0, 1, 2, 3]


def test_small_images_are_padded_and_the_padding_ignored(pairs: LabelledPairs) -> None:
    a, _, label = LabelledCrops(pairs, 32, seed=0)[0]
    assert a.shape == (1, 32, 32)
    assert int((label == 255).sum()) == 32 * 32 - 20 * 24
    assert float(a[0][label == 255].abs().max()) == 0


def test_aimed_crops_are_centred_on_an_object(pairs: LabelledPairs) -> None:
    rare = torch.zeros(40, 60, dtype=torch.int64)
    rare[30, 45] = 2
    rare[:, 0] = 255
    image = torch.zeros(1, 40, 60)
    image[0, 30, 45] = 1
    one = LabelledImages(["one"], lambda _: (image, rare), pairs.classes)
    for number in range(6):
        picture, label = LabelledCrops(one, 12, seed=1, aim=1.0)[number]
        assert (label == 2).nonzero().tolist() in ([[6, 6]], [[6, 5]])  # or its mirror image
        assert torch.equal(picture[0], (label == 2).float())
    seen = sum(int((LabelledCrops(one, 12, seed=1, aim=0.5)[number][1] == 2).any()) for number in range(40))
    assert 12 <= seen <= 32
    empty = LabelledImages(["none"], lambda _: (image, torch.zeros_like(rare)), pairs.classes)
    assert LabelledCrops(empty, 12, aim=1.0)[0][1].shape == (12, 12)


def test_scaled_labels_stay_class_numbers(pairs: LabelledPairs) -> None:
    crops = LabelledCrops(pairs, 16, seed=0, scales=(0.4, 3.0))
    assert {int(n) for i in range(8) for n in crops[i][2].unique()} <= {0, 1, 2, 255}


@pytest.mark.parametrize(
    "wrong", [{"side": 4}, {"scales": (0.0, 1.0)}, {"scales": (2.0, 1.0)}, {"light": 1.0}, {"aim": 2.0}]
)
def test_settings_that_give_no_crops(pairs: LabelledPairs, wrong: dict[str, object]) -> None:
    with pytest.raises(InputError, match="Expected crops"):
        LabelledCrops(pairs, **{"side": 16, **wrong})  # type: ignore[arg-type]
    with pytest.raises(InputError, match="no labelled image"):
        LabelledCrops(pairs.subset([]), 16)
