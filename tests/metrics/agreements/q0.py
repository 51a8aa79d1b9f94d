"""Q0 against public implementations."""

from __future__ import annotations

from fuselens.metrics.parts.levels import grey_levels
from fuselens.metrics.q0 import source_q0
from tests.metrics.agreements.agreement import Agreement, Ours, Triple


def single(letter: str) -> Ours:
    def value(triple: Triple) -> float:
        source, fused = grey_levels([getattr(triple, letter), triple.fused])
        return float(source_q0(source[None], fused))

    return value


NOISE = "float32 on 0..1: windows that are flat hold rounding noise there"
DIFFERENT = {
    "sewar.uqi": "takes means of windows where the formula needs sums",
    "torchmetrics.universal_image_quality_index": "Gaussian window 11x11, and no rule for flat windows",
}
AGREEMENTS = [
    Agreement(
        "cslib.q_metric",
        "q0",
        "q0",
        except_on=dict.fromkeys(
            ("g04_vifb_peopleshadow_latlrr", "g06_vifb_running_ifevip_rgb", "g08_edge_constant_fused"), NOISE
        ),
    ),
    *(Agreement(f"cslibm.q_{each.upper()}", "q0", single(each)) for each in "ab"),
    *(
        Agreement(f"{name}_{each.upper()}", "q0", single(each), differs=reason)
        for name, reason in DIFFERENT.items()
        for each in "ab"
    ),
]
