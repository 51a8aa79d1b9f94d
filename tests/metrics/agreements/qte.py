"""QTE against public implementations."""

from __future__ import annotations

from fuselens.metrics import METRICS
from fuselens.metrics.parts.levels import grey_levels
from tests.metrics.agreements.agreement import Agreement, Triple


def cvejic_of_luma(triple: Triple) -> float:
    """`qte:mefb` of the luma where images are coloured."""
    return float(METRICS["qte"].formula(*grey_levels([triple.a, triple.b, triple.fused]), convention="mefb"))


AGREEMENTS = [
    Agreement("mefb.TE", "qte", "qte:mefb"),
    Agreement("zliu.metricMI_2", "qte", cvejic_of_luma),
    Agreement("zliu.metricMI_3", "qte", "qte:zliu"),
]
