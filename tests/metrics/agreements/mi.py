"""MI against public implementations."""

from __future__ import annotations

from math import log

from fuselens.metrics.parts.histograms import entropies
from fuselens.metrics.parts.levels import grey_levels
from tests.metrics.agreements.agreement import Agreement, Ours, Triple


def single(letter: str) -> Ours:
    def value(triple: Triple) -> float:
        """In nats, of one source."""
        source, fused = grey_levels([getattr(triple, letter), triple.fused])
        return float(entropies(source, fused).mutual) * log(2)

    return value


AGREEMENTS = [
    Agreement("cddfuse.Evaluator.MI", "mi", "mi:cddfuse"),
    Agreement("cddfuse.Evaluator.MI@f64", "mi", "mi:cddfuse"),
    Agreement(
        "cslib.mi_metric",
        "mi",
        "mi:cslib",
        except_on={"g08_edge_constant_fused": "float32: rounding noise of 5e-7 where ours is 0"},
    ),
    Agreement("cslibm.mi", "mi", "mi:cslib"),
    Agreement("densefuse.MI", "mi", "mi:densefuse"),
    Agreement("ivifzoo.MI_function", "mi", "mi"),
    Agreement("linfeng.MI", "mi", "mi:linfeng"),
    Agreement("sklearn.mutual_info_score_A", "mi", single("a")),
    Agreement("sklearn.mutual_info_score_B", "mi", single("b")),
    Agreement("vifb.Mutinf", "mi", "mi:vifb"),
    Agreement("vifb.shipped.MI", "mi", "mi:vifb"),
]
