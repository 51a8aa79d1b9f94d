from __future__ import annotations

import csv
import dataclasses
import math
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from fuselens.core.errors import InputError
from fuselens.training import run as run_module
from fuselens.training import trial as trial_module
from fuselens.training import tune as tune_module
from fuselens.training.objectives.similarity import Similarity
from fuselens.training.recipe import Recipe, load_recipe
from fuselens.training.trial import Trial, brightness_shift, imbalance
from fuselens.training.tune import choose, tune

GRID: dict[str, Any] = {"lambdas": (0.5, 0.99), "gammas_ssim": (0.3, 0.7), "gammas_l2": (0.5,)}


def made_up(lambda_: float, ssim: float, l2: float, *, shift: float = 0.0, best: float = 0.5) -> Trial:
    """A trial in a world where the losses are balanced at gamma_ssim = gamma_l2 = best."""
    losses = {"ssim_a": 1 + best - ssim, "ssim_b": 1 - best + ssim, "l2_a": 1 + best - l2, "l2_b": 1 - best + l2}
    return Trial(Similarity(lambda_, ssim, l2), 0, Path("nowhere"), losses, shift, 1.0)


def diverged(lambda_: float, ssim: float, l2: float) -> Trial:
    return Trial(Similarity(lambda_, ssim, l2), 0, Path("nowhere"), {}, math.inf, 1.0, "The loss became nan.")


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The folders in which `train` was called."""
    folders: list[Path] = []
    real = run_module.train

    def counted(recipe: Recipe, data: Sequence[Path], out: Path, **settings: Any) -> Any:
        folders.append(out)
        return real(recipe, data, out, **settings)

    monkeypatch.setattr(trial_module, "train", counted)
    return folders


def test_a_search_goes_on_after_a_stop(recipe: Recipe, pairs: Path, tmp_path: Path, trained: list[Path]) -> None:
    def stop(done: int, total: int) -> None:
        assert total == 4
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tune(recipe, [pairs], tmp_path, **GRID, steps=2, tolerance=1, accelerator="cpu", progress=stop)
    assert len(trained) == 2
    # A trial that was stopped before it was measured.
    (trained[1] / "trial.json").unlink()

    seen: list[tuple[int, int]] = []
    result = tune(
        recipe, [pairs], tmp_path, **GRID, steps=2, tolerance=1, accelerator="cpu", progress=lambda *n: seen.append(n)
    )
    assert trained[2] == trained[1]
    assert len(trained) == 1 + len(result.trials)
    assert len(set(trained)) == len(result.trials)
    assert seen[-1] == (len(result.trials),) * 2

    assert [trial.round for trial in result.trials[:5]] == [0, 0, 0, 0, 1]
    assert result.chosen.imbalance == min(trial.imbalance for trial in result.trials)
    assert {trial.weights.gamma_l2 for trial in result.trials} == {0.5}
    assert {trial.weights.gamma_ssim for trial in result.trials[4:]} <= {0.1, 0.5, 0.9}

    assert result.best == load_recipe(tmp_path / "best.yaml")
    assert result.best.loss == result.chosen.weights
    assert result.best.steps == recipe.steps
    with (tmp_path / "trials.csv").open(encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file))
    assert [float(row["imbalance"]) for row in table] == [trial.imbalance for trial in result.trials]
    assert [row["chosen"] for row in table].count("1") == 1
    assert (tmp_path / "tune.png").read_bytes().startswith(b"\x89PNG")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert result.reason in page
    assert page.count("<tr") == 1 + len(result.trials)
    assert page.count("data:image/png;base64,") == 2
    assert 'src="http' not in page

    before = len(trained)
    again = tune(recipe, [pairs], tmp_path, **GRID, steps=2, tolerance=1, accelerator="cpu")
    assert again == result
    assert len(trained) == before

    with pytest.raises(InputError, match="holds a trial of another recipe; choose another --out"):
        tune(recipe, [pairs], tmp_path, **GRID, steps=3, accelerator="cpu")
    shutil.rmtree(tmp_path / "trials")


def test_trials_that_diverge_are_remembered(recipe: Recipe, pairs: Path, tmp_path: Path, trained: list[Path]) -> None:
    wild = recipe.changed(lr=1e30, gradient_clip=None)
    one: dict[str, Any] = {"lambdas": (0.9,), "gammas_ssim": (0.5,), "gammas_l2": (0.5,)}
    for _ in range(2):
        with pytest.raises(InputError, match=r"All 1 trials diverged \(The loss of deepfuse became nan at step"):
            tune(wild, [pairs], tmp_path, **one, accelerator="cpu")
    assert len(trained) == 1
    assert "became nan" in (tmp_path / "trials.csv").read_text(encoding="utf-8")


@pytest.fixture
def imagined(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], list[Similarity]]:
    """Replaces training by a world that is balanced at a certain gamma; the list fills with the weights tried."""

    def imagine(best: float) -> list[Similarity]:
        tried: list[Similarity] = []

        def instead(recipe: Recipe, folders: Sequence[Path], folder: Path, *, number: int, **_: Any) -> Trial:
            weights = recipe.loss
            tried.append(weights)
            made = made_up(weights.lambda_, weights.gamma_ssim, weights.gamma_l2, best=best)
            return dataclasses.replace(made, round=number)

        for name in ("draw_heat_maps", "write_report"):
            monkeypatch.setattr(tune_module, name, lambda *_, **__: None)
        monkeypatch.setattr(tune_module, "run_trial", instead)
        return tried

    return imagine


@pytest.mark.parametrize(("rounds", "spacing", "trials"), [(0, 0.2, 125), (1, 0.1, 165), (3, 0.025, 245)])
def test_refinements_close_in_on_the_balance(
    recipe: Recipe,
    tmp_path: Path,
    imagined: Callable[[float], list[Similarity]],
    rounds: int,
    spacing: float,
    trials: int,
) -> None:
    tried = imagined(0.47)
    found = tune(recipe, [], tmp_path, rounds=rounds).chosen.weights
    assert abs(found.gamma_ssim - 0.47) <= spacing / 2 + 1e-9
    assert abs(found.gamma_l2 - 0.47) <= spacing / 2 + 1e-9
    assert len(tried) == len(set(tried)) == trials


def test_the_vicinity_of_a_corner_lies_inside_and_single_values_stay(
    recipe: Recipe, tmp_path: Path, imagined: Callable[[float], list[Similarity]]
) -> None:
    tried = imagined(0.0)
    tune(recipe, [], tmp_path, lambdas=(1,), gammas_ssim=(0, 0.1), gammas_l2=(1.0,), rounds=2)
    assert [weights.gamma_ssim for weights in tried] == [0, 0.1, 0.05, 0.025]
    assert {(weights.lambda_, weights.gamma_l2) for weights in tried} == {(1, 1)}


def test_the_best_balanced_of_the_steady_trials_is_chosen() -> None:
    trials = [
        made_up(0.5, 0.5, 0.5, shift=0.05),
        made_up(0.5, 0.3, 0.5, shift=0.01),
        made_up(0.99, 0.4, 0.5, shift=0.02),
        diverged(0.99, 0.5, 0.5),
    ]
    chosen, reason = choose(trials, 0.02, ("mri", "pet"))
    assert chosen is trials[2]
    assert reason.startswith(
        "Chosen: lambda 0.99, gamma_ssim 0.4, gamma_l2 0.5, because it balances the losses best of"
    )
    assert "the 2 of 4 trials that keep the mean brightness within 0.02" in reason
    assert "for mri and" in reason


def test_without_a_steady_trial_the_steadiest_leader_is_chosen() -> None:
    trials = [
        made_up(0.5, 0.5, 0.5, shift=0.4),
        made_up(0.5, 0.1, 0.1, shift=0.1),
        made_up(0.8, 0.4, 0.5, shift=0.3),
        diverged(0.99, 0.5, 0.5),
    ]
    chosen, reason = choose(trials, 0.02, ("ir", "vi"))
    assert chosen is trials[2]
    assert "no trial keeps the mean brightness within 0.02" in reason


def test_imbalance_is_relative() -> None:
    assert imbalance({"ssim_a": 0.2, "ssim_b": 0.2, "l2_a": 0.01, "l2_b": 0.01}) == 0
    assert imbalance({"ssim_a": 0.2, "ssim_b": 0.0, "l2_a": 0.0, "l2_b": 0.01}) == 2
    assert imbalance({"ssim_a": 0.3, "ssim_b": 0.1, "l2_a": 0.0, "l2_b": 0.0}) == pytest.approx(0.5)
    assert diverged(0.5, 0.5, 0.5).imbalance == math.inf


def test_brightness_shift_is_measured_on_the_held_out_pairs(
    recipe: Recipe, pairs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fuselens.models import load_model

    for name, shift in (("average", pytest.approx(0, abs=1e-6)), ("maximum", pytest.approx(0.1, abs=0.09))):
        monkeypatch.setattr(trial_module, "load_model", lambda *_, name=name, **__: load_model(name))
        assert brightness_shift(recipe, Path("unused"), [pairs]) == shift


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"lambdas": ()}, r"values of lambda to lie in \[0, 1\] but got none"),
        ({"gammas_ssim": (0.5, 1.5)}, r"values of gamma_ssim to lie in \[0, 1\] but got 0.5, 1.5"),
        ({"rounds": -1}, "rounds and tolerance of 0 or more"),
        ({"devices": 4}, "Expected one device"),
        ({"steps": 0}, "steps to be at least 1"),
    ],
)
def test_unusable_searches_are_refused(recipe: Recipe, tmp_path: Path, settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        tune(recipe, [], tmp_path / "out", **settings)
    with pytest.raises(InputError, match="set the recipe's validation above 0"):
        tune(recipe.changed(validation=0), [], tmp_path / "out")
    assert not (tmp_path / "out").exists()
