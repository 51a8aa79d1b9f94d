"""Qabf against public implementations."""

from __future__ import annotations

from tests.metrics.agreements.agreement import Agreement

AGREEMENTS = [
    Agreement("cddfuse.Evaluator.Qabf", "qabf", "qabf"),
    Agreement("cddfuse.Evaluator.Qabf@f64", "qabf", "qabf"),
    Agreement("cslib.q_abf_metric", "qabf", "qabf:cslib"),
    Agreement("densefuse.Qabf", "qabf", "qabf:densefuse"),
    Agreement("ivifzoo.Qabf_function", "qabf", "qabf"),
    Agreement("linfeng.Qabf", "qabf", "qabf"),
    Agreement("mefb.Qabf", "qabf", "qabf:mefb"),
    Agreement("vifb.Qabf", "qabf", "qabf:vifb"),
    Agreement("vifb.shipped.Qabf", "qabf", "qabf:vifb"),
]
