"""QG against public implementations."""

from __future__ import annotations

from tests.metrics.agreements.agreement import Agreement

AGREEMENTS = [
    Agreement("zliu.metricXydeas", "qg", "qg"),
]
