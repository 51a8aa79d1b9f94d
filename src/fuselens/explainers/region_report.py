"""The region report: the questions of paper 002, section 5.3, answered for one box or mask.

Which source decides here, how sensitive is the fused image to each, and does the surrounding leak in?
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from fuselens.core.pair import ImagePair
from fuselens.core.targets import RegionMean
from fuselens.explainers.guidance import Guidance
from fuselens.explainers.jacobian import jacobian


@dataclass(frozen=True)
class RegionReport:
    """Numbers about one region; `a` and `b` are the sources.

    Attributes:
        region: the region, as the command line writes it.
        pixels: how many fused pixels it has.
        mean_fused: mean fused luma in it.
        share_a: mean share of source a in `[0, 1]`.
        sensitivity_a, sensitivity_b: mean |guidance|: change of a fused pixel per change of its own source pixel.
        correlation: of the two guidances inside; NaN where one is constant.
        outside_a, outside_b: part of the influence on the region's mean that comes from source pixels outside it.
        names: modality names.
    """

    region: str
    pixels: int
    mean_fused: float
    share_a: float
    sensitivity_a: float
    sensitivity_b: float
    correlation: float
    outside_a: float
    outside_b: float
    names: tuple[str, str]

    def as_dict(self) -> dict[str, Any]:
        """Return plain values; a correlation that does not exist is None, since JSON has no NaN."""
        values = asdict(self)
        values["names"] = list(self.names)
        return {k: None if isinstance(v, float) and math.isnan(v) else v for k, v in values.items()}

    def sentences(self) -> list[str]:
        """Say the answers in words."""
        first, second = self.names
        leader, share = (first, self.share_a) if self.share_a >= 0.5 else (second, 1 - self.share_a)
        return [
            f"{leader[:1].upper()}{leader[1:]} causes {share:.0%} of the fused brightness changes in this region.",
            f"Raising {first} by one grey level moves a fused pixel here by {self.sensitivity_a:.2f} levels on "
            f"average; raising {second}, by {self.sensitivity_b:.2f}.",
            f"The surrounding matters: {self.outside_a:.0%} of the {first} influence and {self.outside_b:.0%} of the "
            f"{second} influence on the region's mean come from outside the region.",
        ]


def region_report(model: object, pair: ImagePair, region: object, guide: Guidance) -> RegionReport:
    """Report on a region of a pair whose guidance is known.

    Args:
        model: the model that made the guidance.
        pair: its sources.
        region: a box `(y0, x0, y1, x1)`, a mask `[H, W]` or a `RegionMean` target.
        guide: the guidance.

    Raises:
        InputError: the region is empty or leaves the image.
    """
    target = region if isinstance(region, RegionMean) else RegionMean(region)  # type: ignore[arg-type]
    inside = target.mask(pair.size)
    influence = jacobian(model, pair, target=target)
    masses = [m.abs() for m in (influence.a, influence.b)]
    outside = [float(m[~inside].sum() / m.sum()) if float(m.sum()) else 0.0 for m in masses]
    share = guide.share()[inside].nanmean()
    return RegionReport(
        region=str(target),
        pixels=int(inside.sum()),
        mean_fused=influence.value,
        share_a=0.5 if math.isnan(share) else float(share),
        sensitivity_a=float(guide.a[inside].abs().mean()),
        sensitivity_b=float(guide.b[inside].abs().mean()),
        correlation=guide.scatter(inside).marked_correlation,
        outside_a=outside[0],
        outside_b=outside[1],
        names=pair.names,
    )
