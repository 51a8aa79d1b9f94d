"""Search the loss weights that keep both sources equally well: a grid, then refinements near the best.

Reference: paper 002, section 4.6 (125 trials of FunFuseAn, then more in the vicinity of the best of every lambda).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from fuselens.core.errors import InputError
from fuselens.core.files import prepare_folder, write_text
from fuselens.training.objectives.similarity import Similarity
from fuselens.training.recipe import Recipe
from fuselens.training.trial import Trial, run_trial
from fuselens.training.tune_report import draw_heat_maps, write_report, write_table

LAMBDAS = (0.01, 0.2, 0.5, 0.8, 0.99)
GAMMAS = (0.1, 0.3, 0.5, 0.7, 0.9)
# Five of 255 grey levels: a change of the mean brightness that is hardly seen.
TOLERANCE = 0.02


@dataclass(frozen=True)
class TuningResult:
    """What a search found.

    Attributes:
        best: the recipe with the chosen loss weights and its own number of steps.
        chosen: the trial with these weights.
        reason: the sentence that says what was chosen and why.
        trials: all trials in the order of the search.
    """

    best: Recipe
    chosen: Trial
    reason: str
    trials: tuple[Trial, ...]


def tune(
    recipe: Recipe,
    folders: Sequence[Path],
    out: Path,
    *,
    lambdas: Sequence[float] = LAMBDAS,
    gammas_ssim: Sequence[float] = GAMMAS,
    gammas_l2: Sequence[float] = GAMMAS,
    rounds: int = 1,
    steps: int | None = None,
    tolerance: float = TOLERANCE,
    accelerator: str = "auto",
    devices: int | str = "auto",
    progress: Callable[[int, int], None] | None = None,
) -> TuningResult:
    """Train `recipe` with every combination of loss weights, then with the neighbours of each lambda's best one.

    Each refinement halves the spacing of the gammas; a gamma with one value is left alone. The best balanced trial
    (least `Trial.imbalance`) whose brightness shift is within `tolerance` is chosen. A search found in `out` goes on:
    finished trials are read back, an interrupted one continues.

    Args:
        recipe: what to train; its own loss weights play no part.
        folders: training data, as for `train`.
        out: receives `trials/`, `trials.csv`, `tune.png`, `best.yaml` and `report.html`.
        lambdas, gammas_ssim, gammas_l2: the grid, each value in [0, 1].
        rounds: refinements after the grid.
        steps: of each trial; the recipe's by default.
        tolerance: largest acceptable change of the mean brightness, in units of the grey range.
        accelerator, devices: Lightning's words; trials run one after another on one device.
        progress: called with (trials done, trials planned so far).

    Raises:
        InputError: an unusable grid, no validation pairs, every trial diverged, `out` holds a search with another
            recipe, or as `train`.
    """
    if not isinstance(recipe.loss, Similarity):
        raise InputError(f"Tuning balances the weights of the objective 'similarity', not of '{recipe.objective}'.")
    if recipe.validation == 0:
        raise InputError("Tuning balances the losses of validation pairs; set the recipe's validation above 0.")
    if devices not in ("auto", 1, "1"):
        raise InputError(f"Expected one device, on which the trials run one by one, but got {devices}; use devices 1.")
    if rounds < 0 or not tolerance >= 0:
        raise InputError(f"Expected rounds and tolerance of 0 or more but got {rounds} and {tolerance}.")
    grid = [_axis("lambda", lambdas), _axis("gamma_ssim", gammas_ssim), _axis("gamma_l2", gammas_l2)]
    short = recipe if steps is None else recipe.changed(steps=steps)
    out = prepare_folder(out)
    planned = [Similarity(*values) for values in itertools.product(*grid)]
    trials: list[Trial] = []
    for number in range(rounds + 1):
        if number:
            planned = _vicinity(trials, _spacing(grid[1]) / 2**number, _spacing(grid[2]) / 2**number)
        total = len(trials) + len(planned)
        for weights in planned:
            _tell(progress, len(trials), total)
            trials.append(
                run_trial(
                    _with_loss(short, weights),
                    folders,
                    out / "trials" / _key(weights),
                    number=number,
                    accelerator=accelerator,
                    devices=1,
                )
            )
            write_table(out / "trials.csv", trials)
        _tell(progress, len(trials), total)
    chosen, reason = choose(trials, tolerance, recipe.modalities)
    best = _with_loss(recipe, chosen.weights)
    write_text(out / "best.yaml", f"# {reason}\n" + yaml.safe_dump(best.as_dict(), sort_keys=False, allow_unicode=True))
    write_table(out / "trials.csv", trials, chosen)
    draw_heat_maps(out / "tune.png", trials, chosen, tolerance)
    write_report(out, recipe, trials, chosen, tolerance=tolerance, reason=reason)
    return TuningResult(best, chosen, reason, tuple(trials))


def choose(trials: Sequence[Trial], tolerance: float, names: tuple[str, str]) -> tuple[Trial, str]:
    """Return the best trial and the sentence that says why.

    Where no trial keeps the brightness, the steadiest among the best balanced of each lambda is taken.

    Raises:
        InputError: every trial diverged.
    """
    sound = [trial for trial in trials if not trial.failure]
    if not sound:
        raise InputError(f"All {len(trials)} trials diverged ({trials[0].failure.rstrip('.')}); lower the recipe's lr.")
    steady = [trial for trial in sound if trial.shift <= tolerance]
    if steady:
        chosen = min(steady, key=lambda trial: trial.imbalance)
        why = f"it balances the losses best of the {len(steady)} of {len(trials)} trials that keep the mean brightness"
        why += f" within {tolerance:g}"
    else:
        chosen = min(_leaders(sound), key=lambda trial: trial.shift)
        why = f"no trial keeps the mean brightness within {tolerance:g}, and of the best balanced trials of each lambda"
        why += " it shifts the brightness least"
    loss, weights = chosen.losses, chosen.weights
    return chosen, (
        f"Chosen: lambda {weights.lambda_:.9g}, gamma_ssim {weights.gamma_ssim:.9g}, gamma_l2 {weights.gamma_l2:.9g}, "
        f"because {why} (imbalance {chosen.imbalance:.3f}, brightness shift {chosen.shift:.3f}; 1 - SSIM "
        f"{loss['ssim_a']:.4f} for {names[0]} and {loss['ssim_b']:.4f} for {names[1]}, squared error "
        f"{loss['l2_a']:.4f} and {loss['l2_b']:.4f})."
    )


def _leaders(trials: Sequence[Trial]) -> list[Trial]:
    """Return the best balanced trial of each lambda."""
    best: dict[float, Trial] = {}
    for trial in trials:
        held = best.setdefault(trial.weights.lambda_, trial)
        if trial.imbalance < held.imbalance:
            best[trial.weights.lambda_] = trial
    return list(best.values())


def _vicinity(trials: Sequence[Trial], ssim_step: float, l2_step: float) -> list[Similarity]:
    """Return the untried neighbours of each lambda's best trial."""
    known = {trial.weights for trial in trials}
    found = []
    for leader in _leaders([trial for trial in trials if not trial.failure]):
        at = leader.weights
        for i, j in itertools.product((-1, 0, 1), repeat=2):
            ssim, l2 = round(at.gamma_ssim + i * ssim_step, 9), round(at.gamma_l2 + j * l2_step, 9)
            if 0 <= ssim <= 1 and 0 <= l2 <= 1:
                found.append(Similarity(at.lambda_, ssim, l2))
    return [weights for weights in dict.fromkeys(found) if weights not in known]


def _axis(name: str, values: Sequence[float]) -> list[float]:
    """Return the values of one axis of the grid, sorted, each once."""
    axis = sorted({round(float(value), 9) for value in values})
    if not axis or not all(0 <= value <= 1 for value in axis):
        raise InputError(
            f"Expected the values of {name} to lie in [0, 1] but got {', '.join(map(str, values)) or 'none'}."
        )
    return axis


def _spacing(axis: list[float]) -> float:
    return min((high - low for low, high in itertools.pairwise(axis)), default=0.0)


def _with_loss(recipe: Recipe, weights: Similarity) -> Recipe:
    return recipe.changed(
        **{"loss.lambda": weights.lambda_, "loss.gamma_ssim": weights.gamma_ssim, "loss.gamma_l2": weights.gamma_l2}
    )


def _key(weights: Similarity) -> str:
    return f"lambda-{weights.lambda_:.9g}_ssim-{weights.gamma_ssim:.9g}_l2-{weights.gamma_l2:.9g}"


def _tell(progress: Callable[[int, int], None] | None, done: int, total: int) -> None:
    if progress is not None:
        progress(done, total)
