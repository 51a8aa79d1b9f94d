"""QCV against public implementations."""

from __future__ import annotations

from tests.metrics.agreements.agreement import Agreement

AGREEMENTS = [
    Agreement(
        "cslib.q_cv_metric",
        "qcv",
        differs="pads by the number of regions instead of the missing pixels, so that regions overhang or are dropped, "
        "and shifts the spectrum of odd sides",
    ),
    Agreement("mefb.Qcv", "qcv", "qcv:mefb"),
    Agreement("vifb.Qcv", "qcv", "qcv:vifb"),
    Agreement("vifb.shipped.QCV", "qcv", "qcv:vifb"),
    Agreement("zliu.metricChen", "qcv", "qcv"),
]
