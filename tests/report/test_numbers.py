from __future__ import annotations

import pytest
import torch

from fuselens.core.locality import Box
from fuselens.core.results import Attribution
from fuselens.report.numbers import box_of, camps, influence_radius, outside_part, place_of, view_of


def probe(a: torch.Tensor, b: torch.Tensor, target: str = "pixel:10,12") -> Attribution:
    return Attribution(a, b, ("infrared", "visible"), target, 0.5, "jacobian", Box(0, 0, *a.shape))


def test_camps_share_out_all_pixels() -> None:
    share = torch.tensor([[1.0, 0.9, 0.5, 0.4], [0.1, 0.0, float("nan"), 2 / 3]])
    image = torch.arange(8.0).view(2, 4) / 8
    share, image = share.repeat(4, 3), image.repeat(4, 3)
    found = camps(share, (image, 1 - image, image))
    assert [camp.part for camp in (found.a, found.b, found.shared, found.neither)] == [3 / 8, 2 / 8, 2 / 8, 1 / 8]
    assert found.neither.means == pytest.approx((6 / 8, 2 / 8, 6 / 8))


def test_a_camp_without_pixels_has_no_means() -> None:
    found = camps(torch.full((9, 9), 0.5), [torch.zeros(9, 9)] * 3)
    assert found.a.means is None
    assert found.a.part == 0


def test_places_are_named_only_where_pixels_gather() -> None:
    mask = torch.zeros(8, 11, dtype=torch.bool)
    mask[5:, :3] = True
    assert place_of(mask) == "in the lower left"
    mask[:, :5] = True
    assert place_of(mask) == "in the left third"
    assert place_of(mask.T) == "in the upper third"
    assert place_of(torch.ones(8, 8, dtype=torch.bool)) == ""


@pytest.mark.parametrize(
    ("target", "box"),
    [
        ("pixel:3,4", Box(3, 4, 4, 5)),
        ("region:0,1,2,3", Box(0, 1, 2, 3)),
        ("region:0,1,2,3 (mask)", Box(0, 1, 2, 3)),
        ("same:0,1,2,3 (gradient_ssim)", Box(0, 1, 2, 3)),
        ("edges:0,1,2,3", Box(0, 1, 2, 3)),
        ("closeness:a:0,1,2,3 (mask) (mae)", Box(0, 1, 2, 3)),
        ("towards:b:0,1,2,3", Box(0, 1, 2, 3)),
    ],
)
def test_boxes_are_read_from_targets(target: str, box: Box) -> None:
    assert box_of(target, (8, 8)) == box


@pytest.mark.parametrize(
    "target",
    ["image", "mean", "edges", "closeness:b", "closeness to a", "pixel:30,0", "region:1", "downstream:pixel:1,1"],
)
def test_targets_without_a_place_have_no_box(target: str) -> None:
    assert box_of(target, (8, 8)) is None


def test_radius_of_a_square_of_equal_influence() -> None:
    values = torch.zeros(31, 31)
    values[11:20, 11:20] = -1
    middle = Box(15, 15, 16, 16)
    # 7x7 of 9x9 hold 60 %, so 95 % need the whole square.
    assert influence_radius(values, middle) == 4
    assert influence_radius(values, middle, 0.6) == 3
    assert influence_radius(values, Box(11, 11, 20, 20)) == 0
    assert influence_radius(torch.zeros(5, 5), Box(2, 2, 3, 3)) == 0


def test_outside_part() -> None:
    values = torch.tensor([[1.0, -3.0], [0.0, 0.0]])
    assert outside_part(values, Box(0, 0, 1, 1)) == 0.75
    assert outside_part(torch.zeros(2, 2), Box(0, 0, 1, 1)) == 0
    assert values[0, 0] == 1


def test_the_view_holds_the_influence_and_stays_in_the_image() -> None:
    a, b = torch.zeros(2, 40, 50)
    b[4:17, 6:19] = 1
    view = view_of(probe(a, b), Box(10, 12, 11, 13))
    assert (view.top, view.left) <= (4, 6)
    assert (view.bottom, view.right) >= (17, 19)
    assert view == view.checked((40, 50))
    assert view_of(probe(a, b, "elsewhere"), None) == Box(0, 0, 40, 50)
