"""EN against public implementations."""

from __future__ import annotations

from tests.metrics.agreements.agreement import Agreement

AGREEMENTS = [
    Agreement("cddfuse.Evaluator.EN", "en", "en"),
    Agreement("cddfuse.Evaluator.EN@f64", "en", "en"),
    Agreement("cslib.en_metric", "en", "en"),
    Agreement("densefuse.EN", "en", "en"),
    Agreement(
        "ivifzoo.EN_function",
        "en",
        "en:ivifzoo",
        except_on={"g08_edge_constant_fused": "float32: 1 + 1e-7 is off by 2e-8, all that is left of the value"},
    ),
    Agreement("linfeng.EN", "en", "en"),
    Agreement("mefb.Entropy", "en", "en:mefb"),
    Agreement("skimage.shannon_entropy", "en", "en"),
    Agreement("vifb.Entropy", "en", "en:vifb"),
    Agreement("vifb.shipped.EN", "en", "en:vifb"),
]
