"""The explainers as a page offers them: which settings, of what kind, within what limits.

Defaults come from the functions. Settings that no line of the table names stay at theirs; those that cost or change the
most are in it.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from fuselens.core.errors import InputError, UnknownNameError
from fuselens.explainers import EXPLAINERS
from fuselens.report.results_methods import method_of

Kind = Literal["number", "integer", "choice"]
LEFT_OUT = ("guidance", "intrinsic", "jacobian", "task_share")  # requests of their own, or no map of a target


@dataclass(frozen=True)
class Setting:
    """One setting of a method: a number within limits, or one of some words."""

    name: str
    title: str
    words: str
    type: Kind
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] | None = None
    default: Any = None

    def described(self) -> dict[str, Any]:
        """Return what `hello` says of it."""
        return {**vars(self), "choices": None if self.choices is None else list(self.choices)}

    def read(self, value: Any) -> Any:
        """Return a value that a page sent, or refuse it in a sentence.

        Raises:
            InputError: it is of another kind, or beyond the limits.
        """
        if value is None and self.default is None:
            return None
        if self.type == "choice":
            if not isinstance(value, str) or value not in (self.choices or ()):
                raise InputError(f"Expected {self.title.lower()} to be one of {', '.join(self.choices or ())}.")
            return value
        wanted = int if self.type == "integer" else (int, float)
        assert self.minimum is not None
        assert self.maximum is not None
        if isinstance(value, bool) or not isinstance(value, wanted) or not self.minimum <= value <= self.maximum:
            kind = "a whole number" if self.type == "integer" else "a number"
            raise InputError(f"Expected {self.title.lower()} to be {kind} from {self.minimum:g} to {self.maximum:g}.")
        return value


@dataclass(frozen=True)
class Method:
    """An explainer as a page offers it."""

    name: str
    gives: Literal["set", "map"]
    needs_gradient: bool
    settings: tuple[Setting, ...]

    def described(self) -> dict[str, Any]:
        """Return what `hello` says of it."""
        return {
            "name": self.name,
            "title": method_of(self.name).title,
            "words": _first_line(self.name),
            "gives": self.gives,
            "needs_gradient": self.needs_gradient,
            "settings": [setting.described() for setting in self.settings],
        }

    def read(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the settings that a page sent, all of them, with defaults for those it left out.

        Raises:
            InputError: a value that cannot be.
            UnknownNameError: a setting that the page was not offered.
        """
        known = {setting.name: setting for setting in self.settings}
        unknown = sorted(set(values) - set(known))
        if unknown:
            raise UnknownNameError(f"setting of {self.name}", unknown[0], known)
        return {name: known[name].read(values.get(name, known[name].default)) for name in known}


def _number(name: str, title: str, words: str, minimum: float, maximum: float) -> Setting:
    return Setting(name, title, words, "number", minimum, maximum)


def _integer(name: str, title: str, words: str, minimum: int, maximum: int) -> Setting:
    return Setting(name, title, words, "integer", minimum, maximum)


def _choice(name: str, title: str, words: str, *choices: str, default: Any = None) -> Setting:
    return Setting(name, title, words, "choice", choices=choices, default=default)


_ASKED = (
    "What is explained: likeness to the fused image as it is, its mean brightness, its edges, or likeness to a source."
)
_LOOKS = _choice("target", "Explain", _ASKED, "same", "mean", "edges", "closeness:a", "closeness:b", default="same")
_MEAN = replace(_LOOKS, choices=("mean", "edges", "closeness:a", "closeness:b"), default="mean")
_LEVEL = _number(
    "level", "Level", "Part of the effect that counts as the same; empty: 0.5 of images, 0.9 of regions.", 0.01, 1
)
_UNITS = _choice(
    "units", "Segments", "What is hidden as one: superpixels or squares.",
    "slic:50", "slic:100", "slic:200", "slic:400", "grid:8", "grid:16", "grid:32", "quickshift", default="slic:100",
)  # fmt: skip
_WHICH = _choice("which", "Hide in", "The source whose parts are hidden.", "both", "a", "b", default="both")
_FILL = _choice(
    "fill", "Replace by", "What stands where something is hidden.",
    "blur", "mean", "segment_mean", "black", "noise", "other", default="blur",
)  # fmt: skip
_BUDGET = _integer("max_images", "Budget", "At most so many fused images; empty: no limit.", 10, 100_000)
_SEED = _integer("seed", "Seed", "Of everything random.", 0, 2**31 - 1)
_SAMPLES = _integer("samples", "Samples", "Random mixes of shown and hidden parts that are fused.", 20, 20_000)
_BASELINES = ("average", "blur", "mean", "black", "noise")
_HIDING = (_UNITS, _WHICH, _FILL, _BUDGET)

_SETTINGS: dict[str, tuple[Setting, ...]] = {
    "ddfimage": (
        _LOOKS, _LEVEL,
        _choice("mode", "The set is", "Enough for it, needed by it, or both.", "both", "sufficient", "necessary"),
        _choice("strategy", "Search", "ddmin is exact; the others are quicker or slower.", "ddmin", "probdd", "greedy"),
        *_HIDING,
    ),
    "sedc": (_LOOKS, _LEVEL, *_HIDING),
    "sedc_t": (
        _choice("towards", "Towards", "The source alone that the fused image is to turn into.", "a", "b"),
        _UNITS, _FILL, _BUDGET,
    ),
    "lime": (_LOOKS, _SAMPLES, *_HIDING, _SEED),
    "baylime": (_LOOKS, _SAMPLES, *_HIDING, _SEED),
    "rise": (
        _LOOKS, _SAMPLES, _integer("cells", "Cells", "Cells of a mask along each side.", 2, 64),
        _WHICH, _FILL, _BUDGET, _SEED,
    ),
    "occlusion": (
        _LOOKS, _integer("window", "Window", "Side of the hidden square in pixels.", 2, 256), _WHICH, _FILL, _BUDGET,
    ),
    "integrated_gradients": (
        _LOOKS,
        _choice("path", "Path", "Both sources move, one alone, or both sharpen.", "joint", "a", "b", "blur"),
        _choice("baseline", "Begin at", "What counts as showing nothing.", *_BASELINES),
        _integer("steps", "Steps", "Gradients on the path at first.", 4, 1024),
    ),
    "gradient_input": (_MEAN, _choice("baseline", "Begin at", "What counts as showing nothing.", *_BASELINES[1:])),
    "gradcam": (_MEAN,),
    "hirescam": (_MEAN,),
}  # fmt: skip
_SETS = ("ddfimage", "sedc", "sedc_t")
_GRADIENTS = ("integrated_gradients", "gradient_input", "gradcam", "hirescam")


def methods() -> dict[str, Method]:
    """Return the explainers that a page may choose from, third-party ones with their plain settings."""
    return {name: _method(name) for name in EXPLAINERS if name not in LEFT_OUT}


def described_methods() -> list[dict[str, Any]]:
    """Return what `hello` says of the explainers."""
    return [method.described() for method in methods().values()]


def _method(name: str) -> Method:
    parameters = inspect.signature(EXPLAINERS[name]).parameters
    shown = _SETTINGS.get(name)
    settings = _plain_settings(parameters.values()) if shown is None else shown
    return Method(
        name,
        "set" if name in _SETS else "map",
        name in _GRADIENTS,
        tuple(_with_default(setting, parameters) for setting in settings),
    )


def _with_default(setting: Setting, parameters: Mapping[str, inspect.Parameter]) -> Setting:
    """Take the default from the function where the table gives none."""
    found = parameters.get(setting.name)
    if setting.default is not None or found is None or setting.name == "target":
        return setting
    return replace(setting, default=found.default)


def _plain_settings(parameters: Iterable[inspect.Parameter]) -> tuple[Setting, ...]:
    """Return the settings of an explainer that the table does not know: its named numbers, within wide limits."""
    named = [each for each in parameters if each.kind is each.KEYWORD_ONLY and type(each.default) in (int, float)]
    return tuple(
        Setting(
            each.name,
            each.name.replace("_", " ").capitalize(),
            "",
            "integer" if isinstance(each.default, int) else "number",
            0,
            10**9,
        )
        for each in named
    )


def _first_line(name: str) -> str:
    return (EXPLAINERS[name].__doc__ or "").strip().partition("\n")[0]
