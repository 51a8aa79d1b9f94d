"""Nabf against public implementations."""

from __future__ import annotations

from tests.metrics.agreements.agreement import Agreement

AGREEMENTS = [
    Agreement("cslib.n_abf_metric", "nabf", "nabf"),
    Agreement("cslibm.nabf", "nabf", "nabf"),
    Agreement("densefuse.Nabf", "nabf", "nabf:densefuse"),
    Agreement("ivifzoo.Nabf_function", "nabf", "nabf:ivifzoo"),
    Agreement(
        "linfeng.Nabf_as_called",
        "nabf",
        "nabf:linfeng",
        except_on={"g06_vifb_running_ifevip_rgb": "rgb2gray rounds some pixels to another level, 1.2e-4"},
    ),
    Agreement("linfeng.Nabf_as_declared", "nabf", "nabf"),
]
