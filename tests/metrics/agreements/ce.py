"""CE against public implementations."""

from __future__ import annotations

from tests.metrics.agreements.agreement import Agreement

AGREEMENTS = [
    Agreement("cslib.ce_metric", "ce", "ce"),
    Agreement("ivifzoo.CE_function", "ce", differs="binary cross entropy of sigmoid(pixel values), not of histograms"),
    Agreement("mefb.Cross_entropy", "ce", "ce:mefb"),
    Agreement("vifb.Cross_entropy", "ce", "ce:vifb"),
    Agreement("vifb.shipped.CE", "ce", "ce:vifb"),
]
