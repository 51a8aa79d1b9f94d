"""SD against public implementations."""

from __future__ import annotations

from tests.metrics.agreements.agreement import Agreement

AGREEMENTS = [
    Agreement("cddfuse.Evaluator.SD", "sd", "sd"),
    Agreement("cddfuse.Evaluator.SD@f64", "sd", "sd"),
    Agreement(
        "cslib.sd_metric",
        "sd",
        "sd",
        except_on={
            "g08_edge_constant_fused": "float32: the mean of a constant image is off by one unit in the last place"
        },
    ),
    Agreement("ivifzoo.SD_function", "sd", "sd"),
    Agreement("linfeng.SD", "sd", "sd"),
    Agreement("mefb.SD", "sd", "sd:mefb"),
    Agreement("numpy.std", "sd", "sd"),
    Agreement("rfnnest.SD", "sd", "sd:rfnnest"),
    Agreement("vifb.Variance", "sd", "sd:vifb"),
    Agreement("vifb.shipped.SD", "sd", "sd:vifb"),
]
