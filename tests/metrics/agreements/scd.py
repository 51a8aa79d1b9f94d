"""SCD against public implementations."""

from __future__ import annotations

from fuselens.metrics.parts.correlation import pearson
from fuselens.metrics.parts.levels import grey_levels
from tests.metrics.agreements.agreement import Agreement, Triple


def single(source: str, other: str, triple: Triple) -> float:
    this, without, fused = grey_levels([getattr(triple, source), getattr(triple, other), triple.fused])
    return float(pearson(fused - without, this))


AGREEMENTS = [
    Agreement("cddfuse.Evaluator.SCD", "scd", "scd"),
    Agreement("cddfuse.Evaluator.SCD@f64", "scd", "scd"),
    Agreement("cslib.scd_metric", "scd", "scd:cslib"),
    Agreement("densefuse.SCD", "scd", "scd"),
    Agreement("ivifzoo.SCD_function", "scd", "scd"),
    Agreement("linfeng.SCD", "scd", "scd"),
    Agreement("scipy.pearsonr_diff_A", "scd", lambda triple: single("a", "b", triple)),
    Agreement("scipy.pearsonr_diff_B", "scd", lambda triple: single("b", "a", triple)),
]
