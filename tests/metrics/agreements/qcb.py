"""QCB against public implementations."""

from __future__ import annotations

from tests.metrics.agreements.agreement import Agreement

BLACK = {"g05_ctmri19_average": "far from the tissue contrast is rounding noise over rounding noise; 3e-4 to 4e-4"}

AGREEMENTS = [
    Agreement(
        "cslib.q_cb_metric",
        "qcb",
        differs="swaps height and width in the frequency grid, and shifts the spectrum of odd sides",
    ),
    Agreement(
        "ivifzoo.Qcb_function",
        "qcb",
        "qcb:ivifzoo",
        except_on={"g05_ctmri19_average": "its filter is in single precision, whose rounding is all there is in black"},
    ),
    Agreement(
        "mefb.Qcb",
        "qcb",
        "qcb:mefb",
        except_on={
            **BLACK,
            "g02_tno35_ifcnn": "stretches levels / 255, which rounds 1770 halves the other way; 1.1e-4",
        },
    ),
    Agreement("vifb.Qcb", "qcb", "qcb:vifb", except_on=BLACK),
    Agreement("vifb.shipped.QCB", "qcb", "qcb:vifb"),
    Agreement("zliu.metricChenBlum", "qcb", "qcb", except_on=BLACK),
]
