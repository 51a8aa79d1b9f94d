"""QS, QW and QE against public implementations."""

from __future__ import annotations

from tests.metrics.agreements.agreement import Agreement

AGREEMENTS = [
    Agreement("cslib.q_e_metric", "qe", "qe"),
    Agreement("mefb.Qw", "qe", "qe:mefb"),
    Agreement("zliu.metricPeilla_3", "qe", "qe", differs="fails: uses a variable that is never set"),
    Agreement("cslib.q_s_metric", "qs", "qs"),
    Agreement("zliu.metricPeilla_1", "qs", "qs"),
    Agreement(
        "cslib.q_w_metric",
        "qw",
        "qw",
        except_on={"g08_edge_constant_fused": "float32: rounding noise in the flat fused image"},
    ),
    Agreement("cslibm.q_w", "qw", "qw"),
    Agreement("zliu.metricPeilla_2", "qw", "qw"),
]
