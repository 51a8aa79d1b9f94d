"""What every perturbation promises, and what each of them is in closed form."""

from __future__ import annotations

import pytest
import torch
from scipy.ndimage import gaussian_filter

from fuselens.core.errors import FuseLensError, InputError
from fuselens.robustness.perturbations import PERTURBATIONS
from fuselens.robustness.perturbations.perturbation import Perturbation, Shot
from fuselens.robustness.plan import USUAL, plan_of

# Falls off to the right, so that the further it is shifted, the more it changes.
IMAGE = torch.linspace(0.6, 0, 40, dtype=torch.float64) * torch.linspace(0.5, 1, 31, dtype=torch.float64)[:, None]
BEFORE = IMAGE.flip(1)


@pytest.fixture(params=list(PERTURBATIONS))
def perturbation(request: pytest.FixtureRequest) -> Perturbation:
    found: Perturbation = PERTURBATIONS[request.param]
    return found


def spoiled(name: str, strength: float, image: torch.Tensor = IMAGE, seed: int = 3) -> torch.Tensor:
    made: torch.Tensor = PERTURBATIONS[name](Shot(image, BEFORE, torch.Generator().manual_seed(seed)), strength)
    return made


def test_more_strength_changes_more(perturbation: Perturbation) -> None:
    """And the same seed gives the same bits, in the image's own number type and range; the image is left alone."""
    kept, last = IMAGE.clone(), 0.0
    for strength in perturbation.strengths:
        once, again = (spoiled(perturbation.name, strength) for _ in range(2))
        assert torch.equal(once, again)
        assert (once.shape, once.dtype) == (IMAGE.shape, IMAGE.dtype)
        assert 0 <= float(once.min()) <= float(once.max()) <= 1
        change = float((once - IMAGE).abs().mean())
        assert change > last
        last = change
    assert torch.equal(kept, IMAGE)


def test_is_listed_and_worded(perturbation: Perturbation) -> None:
    assert PERTURBATIONS[perturbation.name] is perturbation
    assert perturbation.name in USUAL
    shown = [perturbation.show(strength) for strength in perturbation.strengths]
    assert len(set(shown)) == len(shown)
    assert list(perturbation.strengths) == sorted(perturbation.strengths)


@pytest.mark.parametrize("strength", [0, -1, float("nan"), float("inf")])
def test_strengths_that_cannot_be(perturbation: Perturbation, strength: float) -> None:
    with pytest.raises(InputError, match=f"strength of '{perturbation.name}'"):
        spoiled(perturbation.name, strength)


def test_noise_has_its_deviation_and_is_the_same_noise_louder() -> None:
    grey = torch.full((200, 200), 0.5, dtype=torch.float64)
    weak, strong = (spoiled("noise", strength, grey) - grey for strength in (0.01, 0.05))
    assert float(weak.std()) == pytest.approx(0.01, rel=0.02)
    torch.testing.assert_close(5 * weak, strong)
    assert not torch.equal(spoiled("noise", 0.01, seed=3), spoiled("noise", 0.01, seed=4))


def test_blur_is_a_gaussian() -> None:
    assert spoiled("blur", 1.5).numpy() == pytest.approx(gaussian_filter(IMAGE.numpy(), 1.5))


@pytest.mark.parametrize(("strength", "count"), [(0.001, 1), (0.05, 2), (0.5, 20), (1, 40)])
def test_dead_columns_are_black_and_the_rest_is_untouched(strength: float, count: int) -> None:
    image = IMAGE + 0.1
    result = spoiled("dead_columns", strength, image)
    dead = (result == 0).all(dim=0)
    assert int(dead.sum()) == count
    assert torch.equal(result[:, ~dead], image[:, ~dead])
    assert bool((spoiled("dead_columns", 1, image) == 0).all())


def test_dead_columns_stay_dead() -> None:
    few, many = (spoiled("dead_columns", strength, IMAGE + 0.1) == 0 for strength in (0.1, 0.3))
    assert bool((few <= many).all())


def test_misregistration_shifts_by_whole_pixels() -> None:
    result = spoiled("misregistration", 3)
    assert torch.equal(result[:, 3:], IMAGE[:, :-3])
    assert torch.equal(result[:, :3], IMAGE[:, :1].expand(-1, 3))
    for strength in (1.5, 40):
        with pytest.raises(InputError, match="whole pixels, fewer than the 40"):
            spoiled("misregistration", strength)


def test_black_saturation_frozen() -> None:
    torch.testing.assert_close(spoiled("black", 0.9), 0.1 * IMAGE)
    assert not spoiled("black", 1).any()
    torch.testing.assert_close(spoiled("saturation", 1), (2 * IMAGE).clamp(max=1))
    assert torch.equal(spoiled("frozen", 1), BEFORE)
    with pytest.raises(InputError, match="recorded before"):
        PERTURBATIONS["frozen"](Shot(IMAGE, None, torch.Generator()), 1)


def test_plans() -> None:
    assert {trial.perturbation.name for trial in plan_of(None)} == set(PERTURBATIONS)
    ((noise, strengths), (black, all_of_it)) = plan_of(["noise:0.3,0.1,0.3", "black"])
    assert (noise.name, strengths, black.name, all_of_it) == ("noise", (0.1, 0.3), "black", (0.5, 0.9, 1))


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (["nois"], "did you mean noise"),
        (["noise:loud"], "strengths such as noise:0.1,0.2"),
        (["black:2"], "at most 1 but got 2"),
        (["noise", "noise:0.1"], "each perturbation once"),
        ([], "each perturbation once"),
    ],
)
def test_plans_that_cannot_be(asked: list[str], words: str) -> None:
    with pytest.raises(FuseLensError, match=words):
        plan_of(asked)
