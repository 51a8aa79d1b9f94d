"""Attribution along a path of images: completeness, Eq. 12 term by term, classes that add up."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch

from fuselens.core.errors import InputError
from fuselens.models.layers.path_attention import PathAttention, scaled
from fuselens.segmentation.path_attribution import (
    score_gradient,
    score_of_masks,
    score_of_regions,
    scores_at,
    step_attribution,
)
from fuselens.segmentation.stations import Rule
from tests.segmentation.attributed import SmallSegmenter, noise, quarters

SIZE = (10, 13)


@pytest.fixture
def segmenter() -> SmallSegmenter:
    return SmallSegmenter().double().eval()


def path() -> list[torch.Tensor]:
    return [noise(2, 1, *SIZE, seed=seed) for seed in range(4)]


def test_the_sum_approaches_what_the_score_gains() -> None:
    segmenter = SmallSegmenter(smooth=True).double().eval()
    score, pictures = score_of_regions(quarters(*SIZE, count=2)), path()
    gained = scores_at(segmenter, pictures[-1], score) - scores_at(segmenter, pictures[0], score)

    def gap(samples: int, rule: Rule) -> float:
        watch = PathAttention(segmenter, score, samples=samples, rule=rule)
        total = [watch.at(picture) for picture in pictures][-1]
        return float((total.sum((1, 2, 3)) - gained).abs().max())

    gaps = [gap(samples, "right") for samples in (1, 4, 16, 64)]
    assert all(later < earlier / 3 for earlier, later in pairwise(gaps))
    # Of a smooth score the middle of each part is as good as its square, and Gauss is exact to rounding soon.
    assert gap(16, "midpoint") < gap(4, "midpoint") / 12
    assert gap(16, "gauss") < 1e-9


def test_one_sample_is_the_gradient_at_the_end_times_the_increment(segmenter: SmallSegmenter) -> None:
    """Eq. 9 and 12 written out with a loop over classes."""
    regions, (before, after, *_) = quarters(*SIZE, count=2), path()
    point = after.clone().requires_grad_(True)
    logits = segmenter(point)
    total = sum(logits[:, number][regions == number].sum() for number in range(4)) / (SIZE[0] * SIZE[1])
    (slope,) = torch.autograd.grad(total, point)
    found = step_attribution(segmenter, before, after, score_of_regions(regions), rule="right")
    torch.testing.assert_close(found, slope * (after - before))


def test_the_parts_of_the_classes_add_up(segmenter: SmallSegmenter) -> None:
    regions, (before, after, *_) = quarters(*SIZE, count=2), path()
    regions[:, 0] = 255
    whole = step_attribution(segmenter, before, after, score_of_regions(regions))
    parts = [step_attribution(segmenter, before, after, score_of_regions(regions, number)) for number in range(4)]
    torch.testing.assert_close(sum(parts), whole)


def test_soft_masks_are_the_published_score(segmenter: SmallSegmenter) -> None:
    masks, image = noise(2, 4, *SIZE), path()[0]
    expected = torch.stack([(segmenter(image)[i] * masks[i]).mean() for i in range(2)])
    torch.testing.assert_close(scores_at(segmenter, image, score_of_masks(masks)), expected.detach())


def test_attention_starts_at_zero_and_the_mean_divides_by_the_steps(segmenter: SmallSegmenter) -> None:
    score, pictures = score_of_regions(quarters(*SIZE, count=2)), path()
    sums, means = (PathAttention(segmenter, score, mean=mean) for mean in (False, True))
    for number, picture in enumerate(pictures):
        total, mean = sums.at(picture), means.at(picture)
        if number == 0:
            assert not total.any()
        torch.testing.assert_close(mean * max(number, 1), total)


def test_gradient_attention_is_the_gradient_of_each_picture(segmenter: SmallSegmenter) -> None:
    score = score_of_regions(quarters(*SIZE, count=2))
    watch = PathAttention(segmenter, score, kind="gradient")
    for picture in path():
        torch.testing.assert_close(watch.at(picture), score_gradient(segmenter, picture, score))


def test_scales_keep_the_sign_and_survive_nothing() -> None:
    attention = 1e-7 * (noise(3, 1, *SIZE) - 0.5)
    attention[1] = 0
    by_spread, by_count = scaled(attention, "std"), scaled(attention, "n")
    assert torch.equal(scaled(attention, "none"), attention)
    torch.testing.assert_close(by_spread[0].std(correction=0), torch.tensor(1.0, dtype=torch.float64))
    torch.testing.assert_close(by_count, attention * SIZE[0] * SIZE[1])
    assert not by_spread[1].any()
    assert torch.equal(by_spread.sign(), attention.sign())
    # As the paper defines it, a sigmoid does not feel the attention; scaled, it does.
    assert float((attention.float().sigmoid() - 0.5).abs().max()) < 1e-6
    assert float((by_spread.sigmoid() - 0.5).abs().max()) > 0.2


def test_bad_input(segmenter: SmallSegmenter) -> None:
    before, after, *_ = path()
    with pytest.raises(InputError, match="at least one sample"):
        step_attribution(segmenter, before, after, score_of_regions(quarters(*SIZE, count=2)), samples=0)
    with pytest.raises(InputError, match="classes 0 to 3"):
        score_gradient(segmenter, before, score_of_regions(2 * quarters(*SIZE, count=2)))
