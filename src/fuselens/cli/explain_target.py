"""`fuselens explain` by the methods that hide parts of the sources, follow gradients or ask the model itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from fuselens.core.errors import InputError
from fuselens.core.explanation import STATUS_WORDS, SetExplanation
from fuselens.core.intrinsic import ModelState
from fuselens.core.model import FusionModel
from fuselens.core.pair import ImagePair
from fuselens.core.results import Attribution
from fuselens.core.targets import Target
from fuselens.explainers import explain, settings_of
from fuselens.explainers.intrinsic import intrinsic

Result = SetExplanation | Attribution | ModelState
_OF_PROFILE = ("units", "which", "fill", "max_images")
OPTION_OF = {"max_images": "--budget"}  # where the option is not the setting's own name


def explain_targets(
    method: str,
    model: FusionModel,
    pair: ImagePair,
    targets: Sequence[Target],
    given: dict[str, Any],
    progress: Callable[[int, int], None],
) -> list[Result]:
    """Explain each target, or the whole image where the method takes none; the first result is the main one.

    Args:
        method: a name of `EXPLAINERS`.
        model, pair: what fuses what.
        targets: what is explained; none: the method's own default.
        given: settings that the user gave; None means not given.
        progress: called with (done, total or 0).

    Raises:
        InputError: a setting that the method does not have, or as the method.
    """
    settings = {name: value for name, value in given.items() if value is not None}
    refuse_foreign(method, settings)
    taken = settings_of(method)
    settings |= {name: value for name, value in {"progress": progress}.items() if name in taken}
    if "target" not in taken:
        return [explain(model, pair, method, **settings)]
    wanted: Sequence[Target | None] = targets or [None]
    return [explain(model, pair, method, target=one, **settings) for one in wanted]


def profile_of(
    model: FusionModel, pair: ImagePair, targets: Sequence[Target], given: dict[str, Any]
) -> list[tuple[float, int]]:
    """Return the size of DDFImage's set at several levels, for the first target."""
    from fuselens.explainers.ddfimage import size_profile

    shared = {name: value for name, value in given.items() if name in _OF_PROFILE and value is not None}
    return size_profile(model, pair, *targets[:1], **shared)


def refuse_foreign(method: str, settings: dict[str, Any]) -> None:
    """Refuse a setting that the method does not have, before anything is computed.

    Raises:
        InputError: which one.
    """
    for name in sorted(set(settings) - settings_of(method)):
        option = OPTION_OF.get(name, f"--{name.replace('_', '-')}")
        raise InputError(f"'{method}' does not take {option}; leave it out or take another method.")


def source_letter(word: str | None, pair: ImagePair) -> str | None:
    """Turn `--which visible`, `b` or `both` into the letter that explainers take.

    Raises:
        InputError: no such source.
    """
    letters = {pair.names[0]: "a", pair.names[1]: "b", "a": "a", "b": "b", "both": "both"}
    if word is None or word in letters:
        return letters[word] if word else None
    raise InputError(f"Expected --which {pair.names[0]}, {pair.names[1]} or both but got '{word}'.")


def number_or_source(word: str | None, pair: ImagePair) -> str | float | None:
    """Turn `--towards infrared` or `--towards 0.4` into what `sedc_t` takes.

    Raises:
        InputError: neither.
    """
    letters: dict[str | None, str | None] = {pair.names[0]: "a", pair.names[1]: "b", "a": "a", "b": "b", None: None}
    if word in letters:
        return letters[word]
    try:
        return float(str(word))
    except ValueError:
        raise InputError(f"Expected --towards {pair.names[0]}, {pair.names[1]} or a number but got '{word}'.") from None


def words_for(result: Result) -> str:
    """Return a sentence or a few on a result, for the terminal."""
    if isinstance(result, ModelState):
        return " ".join(result.summary)
    if isinstance(result, Attribution):
        first, second = result.names
        share = result.share()
        return f"{result.target}: {share:.0%} of the influence is of {first}, {1 - share:.0%} of {second}"
    if not result.kept:
        return f"{result.target}: {STATUS_WORDS[result.status]}"
    kept, removed = result.scaled(result.score_kept), result.scaled(result.score_removed)
    return (
        f"{result.target}: {result.size} of {result.units.count} units, {result.area:.1%} of the pixels. With them "
        f"alone the score is {kept:.3f}, without them {removed:.3f}, and {result.level:g} counts as the same. "
        f"{STATUS_WORDS[result.status]} ({result.model_images} model images)"
    )


def facts_of(result: Result) -> dict[str, Any]:
    """Return what programs want to know of a result."""
    if isinstance(result, ModelState):
        return {"summary": list(result.summary), "facts": dict(result.facts)}
    if isinstance(result, SetExplanation):
        return {"target": result.target, **result.certificate}
    return {"target": result.target, "value": result.value, "share_a": result.share(), **result.facts}


def save(results: Sequence[Result], place: Path, *, gamma: float) -> None:
    """Write the first result into the folder, the others into `target-2`, `target-3`, ..."""
    for number, result in enumerate(results, 1):
        folder = place if number == 1 else place / f"target-{number}"
        if isinstance(result, SetExplanation):
            result.save(folder)
        else:
            result.save(folder, gamma=gamma)


def own_account(model: FusionModel, pair: ImagePair) -> ModelState | None:
    """Return what the model says of itself, or None where it has no account to give."""
    try:
        return intrinsic(model, pair)
    except InputError:
        return None


def usual_gamma(method: str) -> float:
    """Return the display exponent where the user gave none: influences are lifted, a model's own numbers are not."""
    return {"jacobian": 0.3, "intrinsic": 1.0, "task_share": 1.0}.get(method, 0.5)
