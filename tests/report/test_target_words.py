from __future__ import annotations

import pytest

from fuselens.core.targets import Closeness, GradientEnergy, Pixel, RegionMean, Similarity, Target
from fuselens.report.target_words import ReadTarget
from tests.report.results import NAMES

BOX = (1, 2, 5, 6)
PLACE = " in rows 1 to 4, columns 2 to 5"


@pytest.mark.parametrize(
    ("target", "subject", "score"),
    [
        (Pixel(3, 4), "the brightness of the fused pixel in row 3, column 4", "the pixel's brightness"),
        (RegionMean(BOX), f"the brightness of the fused image{PLACE}", "the mean brightness there"),
        (RegionMean(), "the brightness of the fused image", "the mean brightness over the whole image"),
        (GradientEnergy(BOX), f"the strength of edges in the fused image{PLACE}", "the mean strength of edges there"),
        (Similarity(BOX), f"the fused image{PLACE}", "how like the original a fused image is there: similarity (SSIM)"),
        (Similarity(), "the fused image", "how like the original a fused image is over the whole image"),
        (Similarity(BOX, "mae"), f"the fused image{PLACE}", "there: 1 minus the mean absolute error"),
        (Closeness("b", BOX), f"the likeness of the fused image to visible{PLACE}", "how like visible the fused image"),
        (Closeness("a"), "the likeness of the fused image to infrared", "how like infrared the fused image is over"),
    ],
)
def test_targets_in_words(target: Target, subject: str, score: str) -> None:
    read = ReadTarget.of(str(target), (8, 8))
    assert read.subject(NAMES) == subject
    assert read.score(NAMES).startswith("The score is ")
    assert score in read.score(NAMES)
    assert "{" not in read.score(NAMES)


def test_a_counterfactual_names_the_source_it_turns_to() -> None:
    read = ReadTarget.of("towards:a:1,2,5,6", (8, 8))
    assert read.subject(NAMES) == f"the fused image{PLACE}"
    assert "the one that infrared alone gives, 0" in read.score(NAMES)


def test_a_mask_is_named_by_what_it_lies_within() -> None:
    read = ReadTarget.of("region:1,2,5,6 (mask)", (8, 8))
    assert (
        read.subject(NAMES)
        == "the brightness of the fused image in the marked region within rows 1 to 4, columns 2 to 5"
    )


def test_single_rows_and_columns() -> None:
    assert ReadTarget.of("region:1,2,2,3", (8, 8)).place() == " in row 1, column 2"


@pytest.mark.parametrize(
    "name", ["downstream:people", "something", "region:1", "region", "same", "pixel:9,9", "mean (odd)"]
)
def test_other_names_are_quoted(name: str) -> None:
    read = ReadTarget.of(name, (8, 8))
    assert read.box is None
    assert read.subject(NAMES) == f"the number '{name.removeprefix('downstream:')}'"
    assert read.score(NAMES) == "The score is what the function returns for a fused image"


def test_names_with_braces_stay_as_they_are() -> None:
    assert (
        ReadTarget.of("closeness:a", (8, 8)).subject(("{there}", "b")) == "the likeness of the fused image to {there}"
    )
    assert "how like {there} the fused image is over the whole image" in ReadTarget.of("closeness:a", (8, 8)).score(
        ("{there}", "b")
    )
