"""SSIM against public implementations."""

from __future__ import annotations

import torch
from torch.nn import functional as F

from fuselens.core.filters import gaussian, uniform
from fuselens.core.moments import local_moments
from fuselens.core.ssim import likeness_of_means, likeness_of_structure, similarity
from fuselens.metrics.parts.levels import grey_levels
from fuselens.metrics.ssim import READINGS, Reading, source_ssim
from tests.metrics.agreements.agreement import Agreement, Ours, Triple


def levels(letter: str, triple: Triple) -> tuple[torch.Tensor, torch.Tensor]:
    source, fused = grey_levels([getattr(triple, letter), triple.fused])
    return source[None], fused


def single(letter: str, reading: Reading) -> Ours:
    return lambda triple: float(source_ssim(*levels(letter, triple), reading))


def uniform11(letter: str) -> Ours:
    def value(triple: Triple) -> float:
        """One source, uniform window 11x11."""
        source, fused = levels(letter, triple)
        return float(similarity(local_moments(source, fused, uniform(11, fused)), 2.55**2, 7.65**2).mean())

    return value


def downsampled(letter: str) -> Ours:
    def value(triple: Triple) -> float:
        """One source, after averaging blocks of a side that is the image's shorter side over 256, rounded."""
        source, fused = levels(letter, triple)
        factor = max(1, round(min(fused.shape[-2:]) / 256))
        source, fused = F.avg_pool2d(source[0], factor)[None], F.avg_pool2d(fused, factor)
        return float(source_ssim(source, fused, READINGS["canonical"]))

    return value


def clipped(letter: str) -> Ours:
    def value(triple: Triple) -> float:
        """One source, negative structure counts 0 in every window."""
        source, fused = levels(letter, triple)
        moments = local_moments(source, fused, gaussian(11, 1.5, fused))
        structure = likeness_of_structure(moments, 7.65**2).clamp_min(0)
        return float((likeness_of_means(moments, 2.55**2) * structure).mean())

    return value


UNIFORM7 = READINGS["uniform7_mean_l255"]
UNIFORM7_RANGE2 = READINGS["uniform7_mean_l2"]
CONSTANT = {"g08_edge_constant_fused": "float32: rounding noise against constants that vanish"}
SINGLE: dict[str, dict[str, Ours]] = {
    "piq.ssim": {each: single(each, READINGS["canonical"]) for each in "ab"},
    "piq.ssim_downsample": {each: downsampled(each) for each in "ab"},
    "pyiqa.SSIM": {each: clipped(each) for each in "ab"},
    "pytorch_msssim.ssim": {each: single(each, READINGS["canonical"]) for each in "ab"},
    "sewar.ssim": {each: uniform11(each) for each in "ab"},
    "sewar.ssim_gauss": {each: single(each, READINGS["canonical"]) for each in "ab"},
    "skimage.structural_similarity_gauss": {each: single(each, READINGS["canonical"]) for each in "ab"},
    "skimage.structural_similarity_uniform7": {each: single(each, UNIFORM7) for each in "ab"},
    "skimage.structural_similarity_uniform7_range2": {each: single(each, UNIFORM7_RANGE2) for each in "ab"},
    "torchmetrics.structural_similarity_index_measure": {each: single(each, READINGS["cslib"]) for each in "ab"},
}
AGREEMENTS = [
    Agreement("cddfuse.Evaluator.SSIM", "ssim", "ssim:cddfuse", except_on=CONSTANT),
    Agreement("cddfuse.Evaluator.SSIM@f64", "ssim", "ssim:cddfuse"),
    Agreement("cslib.ssim_metric", "ssim", "ssim:cslib"),
    Agreement("diffif.Evaluator.ssim_index", "ssim", "ssim:diffif"),
    Agreement("diffif.Evaluator.ssim_index@f64", "ssim", "ssim:diffif"),
    Agreement("film.Evaluator.SSIM", "ssim", "ssim:film"),
    Agreement("film.Evaluator.SSIM@f64", "ssim", "ssim:film"),
    # float32 on levels up to 65025, where variances lose four digits and no constant hides it
    Agreement("ivifzoo.SSIM_function", "ssim", "ssim:ivifzoo", tolerance=2e-4, except_on=CONSTANT),
    Agreement("vifb.Ssim", "ssim", "ssim:vifb"),
    Agreement("vifb.shipped.SSIM", "ssim", "ssim:vifb"),
    *(
        Agreement(f"{name}_{letter.upper()}", "ssim", ours)
        for name, by_source in SINGLE.items()
        for letter, ours in by_source.items()
    ),
]
