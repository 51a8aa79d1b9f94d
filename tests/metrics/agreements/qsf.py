"""QSF against public implementations."""

from __future__ import annotations

from tests.metrics.agreements.agreement import Agreement

AGREEMENTS = [
    Agreement("zliu.metricZheng", "qsf", "qsf"),
]
