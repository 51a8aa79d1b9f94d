"""One comparison: a golden value of a public implementation against ours."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from fuselens.metrics import chosen_metrics

GOLDEN = Path(__file__).resolve().parents[4] / "shared" / "golden"
TOLERANCE = 1e-4


@dataclass(frozen=True)
class Triple:
    """Two sources and a fused image, float64 `[1, 1, H, W]` or `[1, 3, H, W]` in `[0, 1]`."""

    name: str
    a: torch.Tensor
    b: torch.Tensor
    fused: torch.Tensor


Ours = Callable[[Triple], float]


@dataclass(frozen=True)
class Agreement:
    """Attributes:
    implementation: key of `implementations` in `metrics.json`.
    metric: the metric's name; its docs page shows the agreement.
    ours: what we compare, `"mi"` or `"mi:cddfuse"`, or a function of the triple for single-source values.
    scale: what our value is multiplied by (1 / 2 where a code prints the sum, say).
    tolerance: relative.
    differs: why this implementation is not reproduced; ours is then not compared.
    except_on: triples that are not compared, and why.
    """

    implementation: str
    metric: str
    ours: str | Ours = ""
    scale: float = 1.0
    tolerance: float = TOLERANCE
    differs: str = ""
    except_on: Mapping[str, str] = field(default_factory=dict)

    def our_value(self, triple: Triple) -> float:
        return self.scale * (self.ours(triple) if callable(self.ours) else value_on(triple.name, self.ours))


@lru_cache(maxsize=1)
def golden() -> dict[str, Any]:
    facts: dict[str, Any] = json.loads((GOLDEN / "metrics.json").read_text())
    return facts


@lru_cache(maxsize=16)
def read_triple(name: str) -> Triple:
    def read(letter: str) -> torch.Tensor:
        levels = torch.from_numpy(
            np.asarray(Image.open(GOLDEN / "triples" / name / f"{letter}.png")).astype(np.float64)
        )
        return (levels.movedim(-1, 0) if levels.ndim == 3 else levels[None])[None] / 255

    return Triple(name, read("A"), read("B"), read("F"))


@cache
def value_on(triple: str, name: str) -> float:
    """Return the value of a metric, `"mi"` or `"mi:cddfuse"`; many implementations are compared with the same one."""
    ((metric, convention),) = chosen_metrics([name]).values()
    read = read_triple(triple)
    images = (read.fused,) if metric.needs == "fused" else (read.a, read.b, read.fused)
    return float(metric(*images, convention=convention))


def golden_values(implementation: str) -> dict[str, float]:
    """Return the numbers of one implementation by triple; NaN and Infinity as floats, failures left out."""
    found = {}
    for triple, metrics in golden()["values"].items():
        for values in metrics.values():
            value = values.get(implementation) if isinstance(values, dict) else None
            if isinstance(value, str) and value in ("NaN", "Infinity", "-Infinity"):
                value = float(value)
            if isinstance(value, int | float):
                found[triple] = float(value)
    return found


def relative_difference(ours: float, theirs: float) -> float:
    """Return |ours - theirs| / max(|theirs|, 1e-6); 0 where both are NaN or the same infinity."""
    if ours == theirs or (np.isnan(ours) and np.isnan(theirs)):
        return 0.0
    return abs(ours - theirs) / max(abs(theirs), 1e-6)
