"""What a model that is interpretable by design says about itself: the numbers and images it decided with.

`FusionModel.explain_state(pair)` returns a `ModelState`; the explainer `intrinsic` shows it for any such model.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt
import torch

from fuselens.core.display import Display, Rgb, common_scale, displayed
from fuselens.core.errors import ModelError
from fuselens.core.files import prepare_folder, write_image, write_json, write_npz
from fuselens.core.results import record, to_numpy
from fuselens.core.rich import ShownInNotebooks

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LONGEST_KEY = 60
LIFTED = 0.4
"""A gamma for attributions and other maps with few strong pixels."""


@dataclass(frozen=True, eq=False)
class StateMaps:
    """Images that the model made on the way, side by side on one scale.

    Attributes:
        title: a few words, such as `"Class activation maps"`.
        words: one or two sentences that say how to read them.
        maps: `[H, W]` by caption; sizes may differ from the pair's, but not between the maps of one part. They come to
            the CPU, without their gradients.
        display: `"grey"` for images in `[0, 1]`, `"unsigned"` for 0 and up, `"signed"` for a scale symmetric round 0.
        gamma: display exponent of these maps, by which any other is multiplied; below 1 lifts small numbers, for maps
            of which a few pixels are much stronger than the rest.
    """

    title: str
    words: str
    maps: Mapping[str, torch.Tensor]
    display: Display = "unsigned"
    gamma: float = 1.0

    def __post_init__(self) -> None:
        """Refuse what cannot be shown side by side on one scale."""
        if self.gamma <= 0:
            raise ModelError(f"Expected a gamma above 0 for '{self.title}' but got {self.gamma}.")
        maps = {caption: _settled(values, f"{self.title}: {caption}") for caption, values in self.maps.items()}
        shapes = {tuple(values.shape) for values in maps.values()}
        if len(shapes) != 1 or not all(len(shape) == 2 and all(shape) for shape in shapes):
            found = ", ".join(map(str, sorted(shapes))) or "none"
            raise ModelError(
                f"Expected the maps of '{self.title}' to be images [H, W] of one size but got {found}; give those of "
                "another size a part of their own."
            )
        lowest = min(float(values.min()) for values in maps.values())
        if self.display == "unsigned" and lowest < -1e-6 * common_scale(*maps.values()):
            raise ModelError(
                f"Expected no negative number in '{self.title}', whose display is 'unsigned', but got {lowest:.4g}; "
                "display it as 'signed'."
            )
        object.__setattr__(self, "maps", maps)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of every map."""
        height, width = next(iter(self.maps.values())).shape
        return height, width

    @property
    def scale(self) -> float:
        """The magnitude that gets the strongest colour in all maps."""
        return 1.0 if self.display == "grey" else common_scale(*self.maps.values())

    def colours(self, gamma: float = 1.0) -> dict[str, Rgb]:
        """Return the maps as they are shown, uint8 `[H, W, 3]` by caption."""
        return {
            caption: displayed(values, self.scale, self.display, gamma=gamma * self.gamma)
            for caption, values in self.maps.items()
        }

    def record(self, keys: Mapping[str, str]) -> dict[str, Any]:
        """Return what `explanation.json` says of the part; `keys` are those of the maps in `maps.npz`."""
        maps = {
            caption: {"key": keys[caption], "low": float(values.min()), "high": float(values.max())}
            for caption, values in self.maps.items()
        }
        return {
            "kind": "maps", "title": self.title, "words": self.words, "size": list(self.size),
            "display": self.display, "scale": self.scale, "gamma": self.gamma, "maps": maps,
        }  # fmt: skip


@dataclass(frozen=True, eq=False)
class StateBars:
    """Numbers that the model decided with, one a channel, scene, stage or class, for one or more series.

    Attributes:
        title: a few words, such as `"Channel weights"`.
        words: one or two sentences that say how to read them.
        labels: what each bar stands for, in the order in which they are drawn.
        series: the bars `[len(labels)]` by name, such as one series a modality. They come to the CPU, without their
            gradients.
        pictures: a small image `[h, w]` or `[h, w, 3]` in `[0, 1]` for each label; empty where there is nothing to
            show.
    """

    title: str
    words: str
    labels: Sequence[str]
    series: Mapping[str, torch.Tensor]
    pictures: Sequence[torch.Tensor] = ()

    def __post_init__(self) -> None:
        """Refuse series and pictures that do not fit the labels."""
        series = {name: _settled(values, f"{self.title}: {name}") for name, values in self.series.items()}
        count = len(self.labels)
        if not count or not series or any(tuple(values.shape) != (count,) for values in series.values()):
            found = ", ".join(f"'{name}' of shape {tuple(values.shape)}" for name, values in series.items()) or "none"
            raise ModelError(
                f"Expected each series of '{self.title}' to have one number a label ({count}) but got {found}."
            )
        if len(self.pictures) not in (0, count):
            raise ModelError(
                f"Expected one picture a label in '{self.title}' ({count}), or none, but got {len(self.pictures)}."
            )
        pictures = tuple(_settled(image, f"{self.title}: a picture") for image in self.pictures)
        for image in pictures:
            if image.ndim not in (2, 3) or image.shape[2:] not in ((), (3,)) or not image.numel():
                raise ModelError(
                    f"Expected pictures [h, w] or [h, w, 3] in '{self.title}' but got shape {tuple(image.shape)}."
                )
        object.__setattr__(self, "series", series)
        object.__setattr__(self, "pictures", pictures)

    def record(self, keys: Mapping[str, str]) -> dict[str, Any]:
        """Return what `explanation.json` says of the part; `keys` are those of the series in `maps.npz`."""
        series = {name: {"key": keys[name], "values": values.tolist()} for name, values in self.series.items()}
        return {"kind": "bars", "title": self.title, "words": self.words, "labels": list(self.labels), "series": series}


@dataclass(frozen=True, eq=False)
class ModelState(ShownInNotebooks):
    """A model's own account of how it fused one pair.

    Attributes:
        names: modality names of the sources.
        summary: the account in words, one sentence each.
        parts: maps and bars, in the order in which they are read.
        facts: single numbers by name, such as a classifier's accuracy.
        settings: what the account depends on, for the record.
    """

    names: tuple[str, str]
    summary: Sequence[str]
    parts: Sequence[StateMaps | StateBars]
    facts: Mapping[str, float] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    method: ClassVar[str] = "intrinsic"

    def __post_init__(self) -> None:
        """Refuse an account that shows nothing, and facts that are no numbers."""
        if not self.summary or not self.parts:
            raise ModelError("Expected a model's account to have a summary and at least one part, of maps or bars.")
        for name, value in self.facts.items():
            _settled(torch.as_tensor(value), name)

    def plot(self, *, gamma: float = 1.0) -> Figure:
        """Return a matplotlib figure with a row a part; pictures of bars are left to the report."""
        from fuselens.core.plotting import state_figure

        return state_figure(self, gamma=gamma)

    def save(self, folder: str | Path, *, gamma: float = 1.0) -> Path:
        """Write `explanation.json`, `maps.npz` and one PNG a map into `folder`.

        Raises:
            InputError: the folder cannot be made or written.
        """
        place = prepare_folder(folder)
        arrays: dict[str, npt.NDArray[np.generic]] = {}
        for part, keys in zip(self.parts, self.array_keys(), strict=True):
            if isinstance(part, StateMaps):
                for caption, colours in part.colours(gamma).items():
                    write_image(place / f"{self.method}_{keys[caption]}.png", colours)
            found = part.maps if isinstance(part, StateMaps) else part.series
            arrays |= {keys[name]: to_numpy(values) for name, values in found.items()}
        write_npz(place / "maps.npz", arrays)
        write_json(place / "explanation.json", self.record())
        return place

    def record(self) -> dict[str, Any]:
        """Return the body of `explanation.json`."""
        parts = [part.record(keys) for part, keys in zip(self.parts, self.array_keys(), strict=True)]
        facts = {"summary": list(self.summary), "facts": dict(self.facts), "parts": parts}
        return record(self.method, self.names, facts, self.settings)

    def array_keys(self) -> list[dict[str, str]]:
        """Return for each part the keys of its maps or series in `maps.npz`, after which the PNGs are called, too.

        Example:
            >>> bars = StateBars("Weights", "", ["all"], {"near infrared": torch.ones(1), "visible": torch.ones(1)})
            >>> ModelState(("near infrared", "visible"), ["Both weigh 1."], [bars]).array_keys()
            [{'near infrared': '1_1_weights_near_infrared', 'visible': '1_2_weights_visible'}]
        """
        return [
            _numbered_keys(number, part.title, part.maps if isinstance(part, StateMaps) else part.series)
            for number, part in enumerate(self.parts, 1)
        ]


def _numbered_keys(number: int, title: str, names: Iterable[str]) -> dict[str, str]:
    """The two numbers keep keys apart whose words are the same."""
    plain = {name: re.sub(r"[^a-z0-9]+", "_", f"{title} {name}".lower()).strip("_") for name in names}
    return {name: f"{number}_{i}_{words[:LONGEST_KEY]}".rstrip("_") for i, (name, words) in enumerate(plain.items(), 1)}


def _settled(values: torch.Tensor, name: str) -> torch.Tensor:
    """Return finite numbers on the CPU, as float32 or float64."""
    settled = values.detach().cpu()
    settled = settled if settled.dtype == torch.float64 else settled.float()
    if not bool(torch.isfinite(settled).all()):
        raise ModelError(
            f"The model's account holds NaN or infinite values in '{name}'; check the pair and the weights."
        )
    return settled
