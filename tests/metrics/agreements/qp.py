"""QP against public implementations."""

from __future__ import annotations

from tests.metrics.agreements.agreement import Agreement

AGREEMENTS = [
    Agreement("mefb.Qp", "qp", "qp:mefb"),
    Agreement("zliu.metricZhao", "qp", "qp"),
]
