"""EI against public implementations."""

from __future__ import annotations

from tests.metrics.agreements.agreement import Agreement

AGREEMENTS = [
    Agreement("ivifzoo.EI_function", "ei", "ei:ivifzoo"),
    Agreement("mefb.Edge_intensity", "ei", "ei:mefb"),
    Agreement("vifb.Edge_intensity", "ei", "ei:vifb"),
    Agreement("vifb.shipped.EI", "ei", "ei:vifb"),
]
