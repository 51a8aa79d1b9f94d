from __future__ import annotations

import math

import pytest
import torch

from fuselens.core.locality import Box
from fuselens.core.results import Attribution
from fuselens.report import words
from fuselens.report.card import card_rows, loss_rows, plain_words, trained_names
from fuselens.report.numbers import camps

NAMES = ("MRI", "PET")


@pytest.mark.parametrize(
    ("part", "text"), [(0, "0%"), (0.001, "<1%"), (0.5, "50%"), (0.994, "99%"), (0.9999, ">99%"), (1, "100%")]
)
def test_percentages_do_not_round_to_nothing_or_all(part: float, text: str) -> None:
    assert words.percent(part) == text


@pytest.mark.parametrize(
    ("r", "part"),
    [(-0.52, "compete: where MRI gains"), (0.52, "act together"), (0.1, "independently"), (math.nan, "cannot be told")],
)
def test_competition(r: float, part: str) -> None:
    assert part in words.competition(r, NAMES)


def test_answer_names_the_leader_first() -> None:
    share = torch.full((9, 9), 0.2)
    said = words.answer(0.2, camps(share, [share] * 3), -0.5, NAMES)
    assert said[0] == "Averaged over the image, PET causes 80% of the fused brightness changes and MRI 20%."
    assert said[1] == "PET dominates 100% of the image; MRI dominates nowhere."
    assert len(said) == 3


def test_answer_where_nobody_leads() -> None:
    share = torch.full((9, 9), 0.5)
    said = words.answer(0.5, camps(share, [share] * 3), math.nan, NAMES)
    assert "MRI and PET cause half" in said[0]
    assert said[1] == "Neither source dominates anywhere."


@pytest.mark.parametrize(
    ("a", "b", "sentence"),
    [
        (1.0, 3.0, "MRI has 25% of the influence on this value, PET 75%; 95% of either influence comes from within 1 "
                   "pixel."),
        (1.0, 0.0, "Only MRI moves this value; 95% of its influence comes from within 1 pixel."),
        (0.0, 1.0, "Only PET moves this value; 95% of its influence comes from within 1 pixel."),
        (0.0, 0.0, "Neither source moves this value."),
    ],
)  # fmt: skip
def test_probe_sentences(a: float, b: float, sentence: str) -> None:
    ones = torch.ones(3, 3)
    probe = Attribution(a * ones, b * ones, NAMES, "pixel:1,1", 0.5, "jacobian", Box(0, 0, 3, 3))
    assert words.probe_sentence(probe, (1, 1), NAMES) == sentence


def test_only_whole_words_are_renamed() -> None:
    assert words.with_shown_names("colour of pet, carpet", ("mri", "pet")) == "colour of PET, carpet"


def test_card_leaves_out_what_it_does_not_know() -> None:
    assert card_rows({}) == []
    assert card_rows({"weights": "x", "steps": 2000, "test": {}, "strange": 1}) == [
        ("Weights", "x"),
        ("Steps", "2,000"),
    ]
    assert loss_rows({"test": {"pairs": 3, "odd": {"ssim_a": 1}}}) == []
    assert trained_names({}, NAMES) == NAMES
    assert plain_words({"a": [1, 2.5], "b": True}) == "a 1 + 2.5, b True"
