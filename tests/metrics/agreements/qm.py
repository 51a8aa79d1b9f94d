"""QM against public implementations."""

from __future__ import annotations

from tests.metrics.agreements.agreement import Agreement

AGREEMENTS = [
    Agreement("cslib.pww_metric", "qm", "qm"),
    Agreement("zliu.metricPWW", "qm", "qm"),
]
