"""QY against public implementations."""

from __future__ import annotations

from tests.metrics.agreements.agreement import Agreement

NOISE = "float32: windows that are flat hold rounding noise there"
AGREEMENTS = [
    Agreement(
        "cslib.q_y_metric",
        "qy",
        "qy",
        except_on=dict.fromkeys(
            ("g04_vifb_peopleshadow_latlrr", "g06_vifb_running_ifevip_rgb", "g08_edge_constant_fused"), NOISE
        ),
    ),
    Agreement(
        "ivifzoo.Qy_function",
        "qy",
        "qy",
        differs="a window that is one row seven times over, with sum 7, so that its variances can be negative",
    ),
    Agreement("mefb.Qy", "qy", "qy:mefb"),
    Agreement(
        "zliu.metricYang",
        "qy",
        "qy",
        except_on={"g05_ctmri19_average": "NaN: one window is black in both sources"},
    ),
]
