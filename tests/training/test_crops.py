from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from fuselens.core.errors import InputError
from fuselens.data.folders import PairFiles, find_pairs
from fuselens.training.crops import TrainingCrops, ValidationCrops, split_pairs, stack_samples
from fuselens.training.stores import PairStore


@pytest.fixture(scope="module")
def negatives(tmp_path_factory: pytest.TempPathFactory) -> list[PairFiles]:
    """Four pairs whose second image is the negative of the first, which is unlike itself everywhere."""
    folder = tmp_path_factory.mktemp("negatives")
    random = np.random.default_rng(0)
    for modality in ("ir", "vi"):
        (folder / modality).mkdir()
    for number in range(4):
        grey = random.integers(0, 256, (30, 41), dtype=np.uint8)
        Image.fromarray(grey).save(folder / "ir" / f"{number}.png")
        Image.fromarray(255 - grey).save(folder / "vi" / f"{number}.png")
    return find_pairs(folder, "ir", "vi")


def crops(
    files: list[PairFiles], *, seed: int = 3, start: int = 0, length: int = 40, shuffle: bool = True, flips: bool = True
) -> TrainingCrops:
    return TrainingCrops(
        PairStore(files, None), crop=16, seed=seed, start=start, length=length, flips=flips, shuffle=shuffle
    )


@settings(deadline=None, max_examples=25)
@given(index=st.integers(0, 39), start=st.integers(0, 39), seed=st.integers(0, 2**32))
def test_a_sample_depends_on_seed_and_index_alone(
    negatives: list[PairFiles], index: int, start: int, seed: int
) -> None:
    start = min(start, index)
    whole = crops(negatives, seed=seed)[index]
    part = crops(negatives, seed=seed, start=start)[index - start]
    assert all(torch.equal(x, y) for x, y in zip(whole, part, strict=True))


def test_other_seeds_and_indices_give_other_samples(negatives: list[PairFiles]) -> None:
    seen = {crops(negatives, seed=seed)[index][0].numpy().tobytes() for seed in (1, 2) for index in range(20)}
    assert len(seen) == 40


def test_both_sources_are_cut_and_mirrored_alike(negatives: list[PairFiles]) -> None:
    for a, b in (crops(negatives)[index] for index in range(40)):
        assert a.shape == b.shape == (1, 16, 16)
        assert torch.allclose(b, 1 - a, atol=1e-6)


def test_crops_come_from_everywhere_and_in_all_four_mirrorings(negatives: list[PairFiles]) -> None:
    image = PairStore(negatives[:1], None)[0][0]
    places, mirrorings = set(), set()
    for a, _ in (crops(negatives[:1], length=200)[index] for index in range(200)):
        for axes in ((), (1,), (2,), (1, 2)):
            tiles = image[0].unfold(0, 16, 1).unfold(1, 16, 1)
            found = (tiles == a.flip(axes)[0]).all(-1).all(-1).nonzero()
            if len(found):
                places.add(tuple(found[0].tolist()))
                mirrorings.add(axes)
    assert mirrorings == {(), (1,), (2,), (1, 2)}
    assert {top for top, _ in places} == set(range(30 - 16 + 1))
    assert {left for _, left in places} == set(range(41 - 16 + 1))


def test_every_pair_comes_once_an_epoch(negatives: list[PairFiles]) -> None:
    store = PairStore(negatives, None)
    whole = TrainingCrops(store, crop=None, seed=0, start=0, length=24, flips=False, shuffle=True)
    numbers = [next(i for i in range(4) if torch.equal(a, store[i][0])) for a, _ in (whole[k] for k in range(24))]
    epochs = [numbers[start : start + 4] for start in range(0, 24, 4)]
    assert all(sorted(epoch) == [0, 1, 2, 3] for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) > 1


def test_without_shuffling_pairs_come_in_order(negatives: list[PairFiles]) -> None:
    store = PairStore(negatives, None, capacity=1)
    whole = TrainingCrops(store, crop=None, seed=0, start=3, length=3, flips=False, shuffle=False)
    for position, number in enumerate((3, 0, 1)):
        assert torch.equal(whole[position][1], store[number][1])


def test_validation_takes_the_middle(negatives: list[PairFiles]) -> None:
    store = PairStore(negatives, None)
    a, b = ValidationCrops(store, side=11)[2]
    assert torch.equal(a, store[2][0][:, 9:20, 15:26])
    assert torch.equal(b, store[2][1][:, 9:20, 15:26])
    assert ValidationCrops(store)[0][0].shape == (1, 30, 41)


def test_an_image_smaller_than_the_crop_is_named(negatives: list[PairFiles]) -> None:
    large = TrainingCrops(PairStore(negatives, None), crop=32, seed=0, start=0, length=1, flips=True, shuffle=False)
    with pytest.raises(InputError, match=r"0.png' is 41x30, smaller than the crops of 32x32; lower the recipe's crop"):
        large[0]


def test_whole_images_of_different_sizes_cannot_share_a_batch() -> None:
    samples = [(torch.zeros(1, 12, width), torch.ones(1, 12, width)) for width in (20, 21)]
    with pytest.raises(InputError, match=r"different sizes \(20x12, 21x12\) cannot share a batch"):
        stack_samples(samples)
    a, b = stack_samples(samples[:1] * 2)
    assert a.shape == (2, 1, 12, 20)
    assert bool((b == 1).all())


@settings(deadline=None)
@given(number=st.integers(2, 40), share=st.floats(0, 0.5), seed=st.integers(0, 99))
def test_the_split_is_disjoint_and_complete(number: int, share: float, seed: int) -> None:
    files = [PairFiles(str(i), Path(f"a/{i}.png"), Path(f"b/{i}.png"), ("a", "b")) for i in range(number)]
    training, validation = split_pairs(files, share, seed)
    assert sorted([*training, *validation], key=lambda f: int(f.name)) == files
    assert not {f.name for f in training} & {f.name for f in validation}
    assert len(validation) == (max(1, round(share * number)) if share else 0)
    assert split_pairs(files, share, seed) == (training, validation)


def test_a_split_that_leaves_nothing_to_train_on_is_refused(negatives: list[PairFiles]) -> None:
    with pytest.raises(InputError, match="Of 1 pairs, 1 would be held out and none left to train on"):
        split_pairs(negatives[:1], 0.1, 0)
