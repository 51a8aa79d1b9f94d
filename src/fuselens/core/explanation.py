"""Set explanations: the units that cause a result, with a certificate that anyone can recompute.

Reference: paper 000, definitions 1 to 3 (sufficient, necessary, minimal). Schema of the files: DESIGN section 4.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import torch

from fuselens.core.files import prepare_folder, write_image, write_json, write_npz
from fuselens.core.pair import ImagePair
from fuselens.core.results import SCHEMA, to_numpy
from fuselens.core.rich import ShownInNotebooks
from fuselens.core.units import Units, as_matrix
from fuselens.core.version import __version__

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Status = Literal["EXPLAINED", "NO_INFLUENCE", "BUDGET_EXHAUSTED", "INTERRUPTED", "NOT_FOUND"]
Mode = Literal["both", "sufficient", "necessary"]
STATUS_WORDS: dict[Status, str] = {
    "EXPLAINED": "Found: the set has the property.",
    "NO_INFLUENCE": "Hiding everything hardly changes the target, so there is nothing to explain.",
    "BUDGET_EXHAUSTED": "The budget ended the search: the set holds, but a smaller one may exist.",
    "INTERRUPTED": "The search was stopped: the set holds, but a smaller one may exist.",
    "NOT_FOUND": "No set that this method proposes satisfies the property.",
}
SAFE_MARGIN = 1e-4


@dataclass(frozen=True, eq=False)
class SetExplanation(ShownInNotebooks):
    """A set of units and the scores that certify it.

    Scores are those of the target: `score_full` with everything shown, `score_empty` with nothing, `score_kept` with
    the set alone, `score_removed` with everything but the set. On the relative scale nothing is 0, everything 1.

    Attributes:
        method: name of the explainer.
        status: see `STATUS_WORDS`.
        target: the explained number, as the command line writes it.
        mode: the property: sufficient, necessary, or both.
        level: the score from which a result counts as the same.
        is_relative: whether `level` is on the relative scale.
        units: what could be hidden.
        kept: the set, a bitmask of units; 0 where there is none.
        score_full, score_empty, score_kept, score_removed: the certificate.
        pair, fused: the sources, and the original fused luma `[H, W]`.
        fill_a, fill_b: what replaced hidden pixels, `[H, W]`.
        model_images, model_pixels, seconds: what the search cost.
        trace: the steps of the search, for a replay.
        settings: what the result depends on.
    """

    method: str
    status: Status
    target: str
    mode: Mode
    level: float
    is_relative: bool
    units: Units
    kept: int
    score_full: float
    score_empty: float
    score_kept: float
    score_removed: float
    pair: ImagePair
    fused: torch.Tensor
    fill_a: torch.Tensor
    fill_b: torch.Tensor
    model_images: int
    model_pixels: int
    seconds: float
    trace: tuple[Any, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)

    def scaled(self, score: float) -> float:
        """Return a score on the scale of `level`."""
        span = self.score_full - self.score_empty
        return (score - self.score_empty) / span if self.is_relative and span else score

    @property
    def is_sufficient(self) -> bool:
        """Whether the set alone gives the same result."""
        return bool(self.kept) and self.scaled(self.score_kept) >= self.level

    @property
    def is_necessary(self) -> bool:
        """Whether everything but the set gives another result."""
        return bool(self.kept) and self.scaled(self.score_removed) < self.level

    @property
    def margin(self) -> float:
        """How far the certificate is from tipping: the smaller distance to the level of those that the mode asks."""
        sufficient, necessary = self.scaled(self.score_kept) - self.level, self.level - self.scaled(self.score_removed)
        return {"both": min(sufficient, necessary), "sufficient": sufficient, "necessary": necessary}[self.mode]

    @property
    def is_safe(self) -> bool:
        """Whether rounding errors, such as those of another batch size, cannot tip the certificate."""
        return self.margin >= SAFE_MARGIN

    @property
    def size(self) -> int:
        """How many units the set has."""
        return self.kept.bit_count()

    @property
    def members(self) -> list[int]:
        """The units of the set, in order."""
        return [unit for unit in range(self.units.count) if self.kept >> unit & 1]

    @property
    def area(self) -> float:
        """The set's share of all pixels that could be hidden."""
        areas = self.units.areas()
        return float(areas[self.members].sum() / areas.sum())

    def share(self) -> float:
        """Return source a's part of the set's pixels; NaN for an empty set."""
        areas = self.units.areas()[self.members].double()
        in_a = areas[self.units.source_of()[self.members] == 0]
        return float(in_a.sum() / areas.sum()) if len(areas) else float("nan")

    def keep_maps(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Return which pixels of a and of b belong to what is shown, `[H, W]` (bool)."""
        a, b = self.units.keep_maps(as_matrix([self.kept], self.units.count))
        return a[0], b[0]

    def explained_pair(self) -> ImagePair:
        """Return the pair with only the set shown: what the explained fusion of paper 000 fuses."""
        keep_a, keep_b = self.keep_maps()
        a, b = (
            replace(source, y=torch.where(keep, source.y.cpu(), fill.cpu().to(source.y)))
            for source, keep, fill in zip(self.pair, (keep_a, keep_b), (self.fill_a, self.fill_b), strict=True)
        )
        return ImagePair(a, b)

    @property
    def certificate(self) -> dict[str, Any]:
        """The facts from which the claim can be checked, as `explanation.json` holds them."""
        return {
            "status": self.status,
            "mode": self.mode,
            "level": self.level,
            "relative": self.is_relative,
            "score_full": self.score_full,
            "score_empty": self.score_empty,
            "score_kept": self.score_kept,
            "score_removed": self.score_removed,
            "sufficient": self.is_sufficient,
            "necessary": self.is_necessary,
            "margin": self.margin,
            "size": self.size,
            "units": self.units.count,
            "area": self.area,
            "share_a": self.share(),
            "model_images": self.model_images,
            "model_pixels": self.model_pixels,
            "seconds": self.seconds,
        }

    def plot(self) -> Figure:
        """Return a matplotlib figure of both sources with what is hidden dimmed."""
        from fuselens.core.plotting import set_figure

        return set_figure(self)

    def save(self, folder: str | Path) -> Path:
        """Write `explanation.json`, `maps.npz` and one PNG a source into `folder`.

        Raises:
            InputError: the folder cannot be made or written.
        """
        place = prepare_folder(folder)
        keep = self.keep_maps()
        shown = self.explained_pair()
        for letter, source in zip("ab", shown, strict=True):
            write_image(place / f"{self.method}_{letter}.png", (source.y.clamp(0, 1) * 255).round().byte().numpy())
        arrays = {
            "a": self.pair.a.y, "b": self.pair.b.y, "fused": self.fused,
            "units_a": self.units.labels_a, "units_b": self.units.labels_b,
            "keep_a": keep[0], "keep_b": keep[1], "fill_a": self.fill_a, "fill_b": self.fill_b,
        }  # fmt: skip
        write_npz(place / "maps.npz", {name: to_numpy(values) for name, values in arrays.items()})
        write_json(place / "explanation.json", self.record())
        return place

    def record(self) -> dict[str, Any]:
        """Return the body of `explanation.json`."""
        return {
            "schema": SCHEMA,
            "method": self.method,
            "names": list(self.pair.names),
            "image_size": list(self.pair.size),
            "target": self.target,
            **self.certificate,
            "members": self.members,
            "trace": [list(step) if isinstance(step, tuple) else step for step in self.trace],
            "settings": self.settings,
            "versions": {"fuselens": __version__, "torch": torch.__version__},
        }
