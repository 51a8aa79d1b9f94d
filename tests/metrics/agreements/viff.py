"""VIFF against public implementations."""

from __future__ import annotations

from tests.metrics.agreements.agreement import Agreement

FLOAT32 = {
    "g08_edge_constant_fused": "adds 1e-10 where the original adds 1e-7 a window, and holds noise of float32",
}
AGREEMENTS = [
    # float32: noise of low contrasts chooses between the sources
    Agreement("cslib.vif_metric", "viff", "viff", tolerance=2e-4, except_on=FLOAT32),
    Agreement("cslib.viff_metric", "viff", "viff", tolerance=2e-4, except_on=FLOAT32),
    Agreement("cslibm.vif", "viff", "viff"),
    Agreement("cslibm.viff", "viff", "viff"),
    Agreement("mefb.VIF", "viff", "viff:mefb"),
]
