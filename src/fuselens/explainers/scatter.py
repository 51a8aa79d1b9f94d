"""The scatter of the two guidance images (paper 002, section 3.2.4): do the sources compete or act together?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from fuselens.core.targets import RegionMean

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Below this magnitude a correlation is called none, as in Cohen's scale (0.1 small, 0.3 medium).
WEAK = 0.3


@dataclass(frozen=True, eq=False)
class Scatter:
    """One point a pixel: its guidance from a (x axis) and from b (y axis).

    Attributes:
        a, b: all pixels' guidances, `[H * W]`.
        marked: boolean `[H * W]`, the pixels of the region; all False without one.
        correlation: Pearson's r over all pixels, NaN where one guidance is constant.
        marked_correlation: the same over the region; NaN without one.
        names: modality names.
    """

    a: np.ndarray
    b: np.ndarray
    marked: np.ndarray
    correlation: float
    marked_correlation: float
    names: tuple[str, str]

    @classmethod
    def of(cls, a: torch.Tensor, b: torch.Tensor, names: tuple[str, str], region: object = None) -> Scatter:
        """Make the scatter of two maps `[H, W]`; `region` is a box `(y0, x0, y1, x1)` or a mask `[H, W]`.

        Raises:
            InputError: the region is empty or leaves the image.
        """
        size = (int(a.shape[0]), int(a.shape[1]))
        marked = torch.zeros(size, dtype=torch.bool)
        if region is not None:
            marked = RegionMean(region).mask(size)  # type: ignore[arg-type]
        x, y, chosen = (m.detach().cpu().numpy().ravel() for m in (a, b, marked))
        return cls(x, y, chosen, _pearson(x, y), _pearson(x[chosen], y[chosen]), names)

    def words(self, *, marked: bool = False) -> str:
        """Say what the correlation means, as paper 002 reads it."""
        r = self.marked_correlation if marked else self.correlation
        first, second = self.names
        number = f"{r:.2f}".replace("-", "\N{MINUS SIGN}")
        if np.isnan(r):
            return f"No correlation can be given: the influence of {first} or {second} is the same everywhere."
        if r >= WEAK:
            return f"Positive (r = {number}): where {first} gains influence, {second} gains it too."
        if r <= -WEAK:
            return f"Negative (r = {number}): the sources compete; where {first} gains influence, {second} loses it."
        return f"None (r = {number}): the influences of {first} and {second} change independently."

    def plot(self) -> Figure:
        """Return a matplotlib figure; the region's points are green, as in the paper."""
        from matplotlib.figure import Figure

        figure = Figure(figsize=(4.2, 4), layout="constrained")
        axes = figure.subplots()
        axes.scatter(self.a, self.b, s=2, c="#334155", alpha=0.25, linewidths=0, rasterized=True)
        if self.marked.any():
            axes.scatter(self.a[self.marked], self.b[self.marked], s=5, c="#16a34a", linewidths=0, label="region")
            axes.legend(frameon=False, loc="upper right")
        axes.set(xlabel=f"guidance of {self.names[0]}", ylabel=f"guidance of {self.names[1]}")
        axes.axhline(0, color="#94a3b8", lw=0.6)
        axes.axvline(0, color="#94a3b8", lw=0.6)
        return figure


def _pearson(x: np.ndarray, y: np.ndarray) -> float:
    if x.size < 2:
        return float("nan")
    x, y = x.astype(np.float64) - x.mean(dtype=np.float64), y.astype(np.float64) - y.mean(dtype=np.float64)
    # A spread of rounding errors is no spread.
    floor = 1e-6 * np.sqrt(x.size)
    spread_x, spread_y = np.linalg.norm(x), np.linalg.norm(y)
    if spread_x <= floor or spread_y <= floor:
        return float("nan")
    return float(np.clip(x @ y / (spread_x * spread_y), -1, 1))
