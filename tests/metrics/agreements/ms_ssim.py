"""MS-SSIM against public implementations."""

from __future__ import annotations

from fuselens.metrics.ms_ssim import source_ms_ssim
from fuselens.metrics.parts.levels import grey_levels
from tests.metrics.agreements.agreement import Agreement, Ours, Triple


def single(letter: str) -> Ours:
    def value(triple: Triple) -> float:
        source, fused = grey_levels([getattr(triple, letter), triple.fused])
        return float(source_ms_ssim(source[None], fused))

    return value


ODD_SIDES = dict.fromkeys(
    (
        "g02_tno35_ifcnn",
        "g03_road_flir_08592_average",
        "g06_vifb_running_ifevip_rgb",
        "g08_edge_constant_fused",
    ),
    "a scale of odd size, which is continued by its own pixels there, by zeros here",
)
DIFFERENT = {
    "pyiqa.MS_SSIM": "negative structure counts 0 in every window, not in the mean of windows",
    "sewar.msssim": "negative means become complex numbers, of which the real part is returned",
    "torchmetrics.multiscale_structural_similarity_index_measure": (
        "mirrored borders at the coarsest scale; odd sides lose their last pixel"
    ),
}
AGREEMENTS = [
    Agreement(
        "ivifzoo.MS_SSIM_function",
        "ms_ssim",
        "ms_ssim:ivifzoo",
        except_on={"g08_edge_constant_fused": "float32: rounding noise against constants that vanish"},
    ),
    *(Agreement(f"pytorch_msssim.ms_ssim_{each.upper()}", "ms_ssim", single(each)) for each in "ab"),
    *(Agreement(f"piq.multi_scale_ssim_{each.upper()}", "ms_ssim", single(each), except_on=ODD_SIDES) for each in "ab"),
    *(
        Agreement(f"{name}_{each.upper()}", "ms_ssim", single(each), differs=reason)
        for name, reason in DIFFERENT.items()
        for each in "ab"
    ),
]
