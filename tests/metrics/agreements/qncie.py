"""QNCIE against public implementations."""

from __future__ import annotations

from tests.metrics.agreements.agreement import Agreement

AGREEMENTS = [
    Agreement("cslib.q_ncie_metric", "qncie", "qncie"),
    Agreement(
        "ivifzoo.QNCIE_function",
        "qncie",
        "qncie:ivifzoo",
        except_on={"g07_edge_identical": "takes 0 log 0 of the vanishing eigenvalues as NaN"},
    ),
    Agreement("mefb.Qncie", "qncie", "qncie:mefb"),
    Agreement("zliu.metricWang", "qncie", "qncie"),
]
