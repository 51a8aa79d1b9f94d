"""QC against public implementations."""

from __future__ import annotations

from tests.metrics.agreements.agreement import Agreement

SIGN = "flat windows: the sign of rounding noise in a covariance that is 0 decides between 0, 1 and similarity"
BLACK = "NaN: one window is black in both sources, or in the fused image"
UNDEFINED = "every window is undefined for a flat fused image; theirs is the mean of rounding noise"
AGREEMENTS = [
    Agreement(
        "cslib.q_c_metric",
        "qc",
        "qc",
        tolerance=2e-4,  # as SIGN, in float32
        except_on={
            "g04_vifb_peopleshadow_latlrr": SIGN,
            "g05_ctmri19_average": "counts undefined windows as 0",
            "g08_edge_constant_fused": UNDEFINED,
        },
    ),
    Agreement(
        "mefb.Qc",
        "qc",
        "qc:mefb",
        except_on={
            "g04_vifb_peopleshadow_latlrr": SIGN,
            "g05_ctmri19_average": SIGN,
            "g08_edge_constant_fused": UNDEFINED,
        },
    ),
    Agreement(
        "zliu.metricCvejic_2",
        "qc",
        "qc",
        except_on={
            "g04_vifb_peopleshadow_latlrr": SIGN,
            "g05_ctmri19_average": BLACK,
            "g06_vifb_running_ifevip_rgb": BLACK,
        },
    ),
]
