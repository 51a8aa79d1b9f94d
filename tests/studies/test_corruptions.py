"""What spoils a pair does what it says."""

from __future__ import annotations

import pytest
import torch
from scipy.ndimage import gaussian_filter

from fuselens.studies.corruptions import CORRUPTIONS, WORDS, corrupted
from tests.core.small import small_pair

PAIR = small_pair(64, 60, torch.float64)


@pytest.mark.parametrize("how", CORRUPTIONS)
def test_strength_and_seed(how: str) -> None:
    assert how in WORDS
    same = corrupted(PAIR, how, 0.0, 1)
    assert torch.equal(same.a.y, PAIR.a.y)
    last = 0.0
    for strength in CORRUPTIONS[how][1]:
        once, again = (corrupted(PAIR, how, strength, 1) for _ in range(2))
        assert torch.equal(once.b.y, again.b.y)
        change = float((once.b.y - PAIR.b.y).abs().mean())
        assert change > last, "more strength, more change"
        last = change
    assert once.a.y.dtype == torch.float64
    assert float(once.a.y.min()) >= 0
    assert float(once.a.y.max()) <= 1


@pytest.mark.parametrize("how", ["noise", "texture"])
def test_noise_has_its_deviation_and_each_source_its_own(how: str) -> None:
    spoiled = corrupted(PAIR, how, 0.02, 3)
    changes = [(one.y - other.y) for one, other in zip(spoiled, PAIR, strict=True)]
    assert float(changes[0].std()) == pytest.approx(0.02, rel=0.1)
    assert abs(float(torch.corrcoef(torch.stack([c.flatten() for c in changes]))[0, 1])) < 0.1
    assert not torch.equal(spoiled.a.y, corrupted(PAIR, how, 0.02, 4).a.y)


def test_blur_and_contrast_in_closed_form() -> None:
    blurred = corrupted(PAIR, "blur", 2.0, 0).a.y.numpy()
    assert blurred == pytest.approx(gaussian_filter(PAIR.a.y.numpy(), 2.0))
    faded = corrupted(PAIR, "contrast", 0.75, 0).a.y
    assert float(faded.std()) == pytest.approx(0.25 * float(PAIR.a.y.std()))
    assert float(faded.mean()) == pytest.approx(float(PAIR.a.y.mean()))
