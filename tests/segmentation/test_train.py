"""Training: it learns, it resumes bit for bit, and it refuses what cannot be trained."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
import torch
from torch import nn

from fuselens.core.errors import InputError
from fuselens.segmentation import load_segmenter
from fuselens.segmentation.checkpoint import read_state
from fuselens.segmentation.labelled import LabelledImages
from fuselens.segmentation.measure import measure_segmenter
from fuselens.segmentation.train import CHECKPOINT, SegmenterRecipe, train_segmenter

QUICK = SegmenterRecipe(steps=5, batch_size=2, crop=32, epoch_steps=2, warmup=1)


def network(seed: int = 0) -> nn.Module:
    return load_segmenter("deeplab", None, classes=("nothing", "dark", "bright"), seed=seed, width=0.25, channels=8)


def test_a_few_steps_teach_it_dark_from_bright(halves: LabelledImages) -> None:
    recipe = SegmenterRecipe(steps=60, batch_size=4, crop=32, lr=5e-3, warmup=5, epoch_steps=60, light=0.0)
    run = train_segmenter(network(), halves, recipe)
    assert not run.network.training
    assert measure_segmenter(run.network, halves).accuracy[1:].min() > 0.9


def test_a_resumed_run_is_an_uninterrupted_one(halves: LabelledImages, tmp_path: Path) -> None:
    def interrupt(step: int, steps: int, row: dict[str, float]) -> None:
        if step == 4:
            raise KeyboardInterrupt

    whole = train_segmenter(network(), halves, QUICK, tmp_path / "whole", validation=halves.subset([0]))
    with pytest.raises(KeyboardInterrupt):
        train_segmenter(network(), halves, QUICK, tmp_path / "cut", validation=halves.subset([0]), progress=interrupt)
    assert read_state(tmp_path / "cut" / CHECKPOINT)["step"] == 4
    torch.rand(7)  # what others draw must not matter
    resumed = train_segmenter(network(9), halves, QUICK, tmp_path / "cut", validation=halves.subset([0]))
    for (name, one), other in zip(
        whole.network.state_dict().items(), resumed.network.state_dict().values(), strict=True
    ):
        assert torch.equal(one, other), name
    assert [row["step"] for row in resumed.rows] == [2, 4, 5]
    for key in ("loss", "mean_iou"):
        assert [row[key] for row in resumed.rows] == [row[key] for row in whole.rows]
    table = (tmp_path / "cut" / "losses.csv").read_text().splitlines()
    assert table[0].split(",")[:2] == ["step", "loss"]
    assert len(table) == 4


def test_a_finished_run_is_not_trained_again(halves: LabelledImages, tmp_path: Path) -> None:
    first = train_segmenter(network(), halves, QUICK, tmp_path)
    calls: list[int] = []
    again = train_segmenter(network(3), halves, QUICK, tmp_path, progress=lambda *_: calls.append(1))
    assert not calls
    image = halves[0][0][None]
    assert torch.equal(first.network(image), again.network(image))


def test_the_callers_generator_is_left_alone_and_seeds_matter(halves: LabelledImages) -> None:
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    one = train_segmenter(network(), halves, QUICK).rows[-1]["loss"]
    assert torch.equal(torch.rand(1), expected)
    assert train_segmenter(network(), halves, QUICK).rows[-1]["loss"] == one
    other = SegmenterRecipe(steps=5, batch_size=2, crop=32, epoch_steps=2, warmup=1, seed=1)
    assert train_segmenter(network(), halves, other).rows[-1]["loss"] != one


def test_a_folder_belongs_to_one_run(halves: LabelledImages, tmp_path: Path) -> None:
    train_segmenter(network(), halves, QUICK, tmp_path)
    with pytest.raises(InputError, match="another recipe"):
        train_segmenter(network(), halves, SegmenterRecipe(steps=6, batch_size=2, crop=32, epoch_steps=2), tmp_path)
    with pytest.raises(InputError, match="another recipe"):
        train_segmenter(network(), halves.subset([0]), QUICK, tmp_path)
    wider = load_segmenter("deeplab", None, classes=halves.classes, width=0.25, channels=16)
    with pytest.raises(InputError, match="another network"):
        train_segmenter(wider, halves, QUICK, tmp_path)
    (tmp_path / CHECKPOINT).write_bytes(b"nonsense")
    with pytest.raises(InputError, match="no checkpoint of a segmenter"):
        train_segmenter(network(), halves, QUICK, tmp_path)


def test_a_network_of_another_table_is_refused(halves: LabelledImages, tmp_path: Path) -> None:
    two = load_segmenter("deeplab", None, classes=("a", "b"), width=0.25, channels=8)
    with pytest.raises(InputError, match="3 classes"):
        train_segmenter(two, halves, QUICK, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_loss_that_is_no_number_stops_the_run(halves: LabelledImages) -> None:
    class Stumbling(nn.Conv2d):
        def forward(self, image: torch.Tensor) -> torch.Tensor:
            return super().forward(image) * (torch.nan if self.training else 1)

    with pytest.raises(InputError, match=r"no number any more at step 0; lower lr"):
        train_segmenter(Stumbling(1, 3, 1), halves, QUICK)


@pytest.mark.parametrize(
    "wrong",
    [{"steps": 0}, {"lr": 0.0}, {"schedule": "linear"}, {"balance": 2.0}, {"warmup": -1}, {"gradient_clip": 0.0}],
)
def test_settings_that_train_nothing(wrong: dict[str, object]) -> None:
    with pytest.raises(InputError, match="Expected"):
        SegmenterRecipe(**wrong)  # type: ignore[arg-type]


def test_schedules() -> None:
    recipes = {name: SegmenterRecipe(steps=110, warmup=10, schedule=name) for name in ("poly", "cosine", "constant")}  # type: ignore[arg-type]
    for name, middle in (("poly", 0.5**0.9), ("cosine", 0.5), ("constant", 1.0)):
        rates = [recipes[name].rate(step) for step in range(110)]
        assert rates[:10] == pytest.approx([(step + 1) / 10 for step in range(10)])
        assert rates[10] == pytest.approx(1)
        assert rates[60] == pytest.approx(middle)
        assert all(after <= before for before, after in pairwise(rates[10:]))
