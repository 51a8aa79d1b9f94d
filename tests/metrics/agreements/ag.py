"""AG against public implementations."""

from __future__ import annotations

from tests.metrics.agreements.agreement import Agreement

AGREEMENTS = [
    Agreement("cddfuse.Evaluator.AG", "ag", "ag"),
    Agreement("cddfuse.Evaluator.AG@f64", "ag", "ag"),
    Agreement("cslib.ag_metric", "ag", "ag:cslib"),
    Agreement("ivifzoo.AG_function", "ag", "ag"),
    Agreement("linfeng.AG", "ag", "ag:linfeng"),
    Agreement("mefb.Avg_gradient", "ag", "ag:mefb"),
    Agreement("vifb.Avg_gradient", "ag", "ag:vifb"),
    Agreement("vifb.shipped.AG", "ag", "ag:vifb"),
]
