"""CC against public implementations."""

from __future__ import annotations

from fuselens.metrics.parts.correlation import pearson
from fuselens.metrics.parts.levels import grey_levels
from tests.metrics.agreements.agreement import Agreement, Triple


def single(letter: str, triple: Triple) -> float:
    source, fused = grey_levels([getattr(triple, letter), triple.fused])
    return float(pearson(source, fused))


AGREEMENTS = [
    Agreement("cddfuse.Evaluator.CC", "cc", "cc"),
    Agreement("cddfuse.Evaluator.CC@f64", "cc", "cc"),
    Agreement(
        "cslib.cc_metric",
        "cc",
        "cc:cslib",
        except_on={"g08_edge_constant_fused": "float32: rounding noise of -6e-8 where ours is 0"},
    ),
    Agreement("ivifzoo.CC_function", "cc", "cc"),
    Agreement("linfeng.CC", "cc", "cc"),
    Agreement("scipy.pearsonr_A", "cc", lambda triple: single("a", triple)),
    Agreement("scipy.pearsonr_B", "cc", lambda triple: single("b", triple)),
]
