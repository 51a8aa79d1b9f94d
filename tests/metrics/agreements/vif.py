"""VIF against public implementations."""

from __future__ import annotations

from fuselens.metrics.parts.levels import grey_levels
from fuselens.metrics.vif import source_vif
from tests.metrics.agreements.agreement import Agreement, Ours, Triple


def single(letter: str) -> Ours:
    def value(triple: Triple) -> float:
        source, fused = grey_levels([getattr(triple, letter), triple.fused])
        return float(source_vif(source[None], fused))

    return value


SAME = (
    "cddfuse.Evaluator.compare_viff_{}",
    "cddfuse.Evaluator.compare_viff_{}@f64",
    "linfeng.VIF_{}",
    "piq.vif_p_{}",
    "sewar.vifp_{}",
    "torchmetrics.visual_information_fidelity_{}",
)
DIFFERENT = {
    "pyiqa.VIF_{}": "the VIF of a steerable pyramid, not the one of the pixel domain",
    "video-quality.vifp_mscale_{}": "mirrored borders at full size, and windows cut off at four sigma",
}
AGREEMENTS = [
    Agreement("cddfuse.Evaluator.VIFF", "vif", "vif:cddfuse"),
    Agreement("cddfuse.Evaluator.VIFF@f64", "vif", "vif:cddfuse"),
    Agreement("cddfuse.VIFF", "vif", "vif:cddfuse"),
    Agreement("cddfuse.VIFF@f64", "vif", "vif:cddfuse"),
    Agreement("ivifzoo.VIF_function", "vif", "vif:ivifzoo"),
    Agreement("linfeng.VIF", "vif", "vif"),
    *(Agreement(name.format(each.upper()), "vif", single(each)) for name in SAME for each in "ab"),
    *(
        Agreement(name.format(each.upper()), "vif", single(each), differs=reason)
        for name, reason in DIFFERENT.items()
        for each in "ab"
    ),
]
