"""SF against public implementations."""

from __future__ import annotations

import torch

from fuselens.metrics import METRICS
from tests.metrics.agreements.agreement import Agreement, Triple


def side_by_side(triple: Triple) -> float:
    """`sf:vifb` of one grey image with the channels side by side."""
    return float(METRICS["sf"](torch.cat(triple.fused.split(1, dim=1), dim=-1), convention="vifb"))


AGREEMENTS = [
    Agreement("cddfuse.Evaluator.SF", "sf", "sf"),
    Agreement("cddfuse.Evaluator.SF@f64", "sf", "sf"),
    Agreement(
        "cslib.sf_metric",
        "sf",
        "sf",
        except_on={"g08_edge_constant_fused": "adds 1e-10 under the root, on 0..1: 0.00255 instead of 0"},
    ),
    Agreement("ivifzoo.SF_function", "sf", "sf"),
    Agreement("linfeng.SF", "sf", "sf"),
    Agreement("mefb.Spatial_frequency", "sf", "sf:mefb"),
    Agreement("vifb.Spatial_frequency", "sf", side_by_side),
    Agreement("vifb.shipped.SF", "sf", side_by_side),
]
