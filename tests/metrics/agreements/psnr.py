"""PSNR against public implementations."""

from __future__ import annotations

import torch

from fuselens.metrics.parts.errors import mean_squared_error
from fuselens.metrics.parts.levels import grey_levels
from tests.metrics.agreements.agreement import Agreement, Triple


def single(letter: str, triple: Triple) -> float:
    error = mean_squared_error(*grey_levels([getattr(triple, letter), triple.fused]))
    return float(10 * torch.log10(255**2 / error))


IDENTICAL = "g07_edge_identical"
AGREEMENTS = [
    Agreement("cddfuse.Evaluator.PSNR", "psnr", "psnr:cddfuse"),
    Agreement("cddfuse.Evaluator.PSNR@f64", "psnr", "psnr:cddfuse"),
    Agreement(
        "cslib.psnr_metric",
        "psnr",
        "psnr",
        except_on={IDENTICAL: "adds 1e-10 to the error: 100 dB instead of infinity"},
    ),
    Agreement("ivifzoo.PSNR_function", "psnr", "psnr:ivifzoo"),
    Agreement("linfeng.PSNR", "psnr", "psnr:linfeng"),
    Agreement("mefb.Psnr", "psnr", "psnr:mefb"),
    *(
        Agreement(
            f"piq.psnr_{letter.upper()}",
            "psnr",
            lambda triple, letter=letter: single(letter, triple),
            except_on={IDENTICAL: "adds 1e-8 to the error: 80 dB instead of infinity"},
        )
        for letter in "ab"
    ),
    Agreement("sewar.psnr_A", "psnr", lambda triple: single("a", triple)),
    Agreement("sewar.psnr_B", "psnr", lambda triple: single("b", triple)),
    Agreement("torchmetrics.peak_signal_noise_ratio_A", "psnr", lambda triple: single("a", triple)),
    Agreement("torchmetrics.peak_signal_noise_ratio_B", "psnr", lambda triple: single("b", triple)),
    Agreement("vifb.Psnr", "psnr", "psnr:vifb"),
    Agreement("vifb.shipped.PSNR", "psnr", "psnr:vifb"),
]
