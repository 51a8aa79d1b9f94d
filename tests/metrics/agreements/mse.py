"""MSE and RMSE against public implementations."""

from __future__ import annotations

from fuselens.metrics.parts.errors import mean_squared_error
from fuselens.metrics.parts.levels import grey_levels
from tests.metrics.agreements.agreement import Agreement, Triple


def single(letter: str, triple: Triple) -> float:
    return float(mean_squared_error(*grey_levels([getattr(triple, letter), triple.fused])))


AGREEMENTS = [
    Agreement("cddfuse.Evaluator.MSE", "mse", "mse"),
    Agreement("cddfuse.Evaluator.MSE@f64", "mse", "mse"),
    Agreement("cslib.mse_metric", "mse", "mse:cslib"),
    Agreement("ivifzoo.MSE_function", "mse", "mse:ivifzoo"),
    Agreement("linfeng.MSE", "mse", "mse:linfeng"),
    Agreement("sewar.mse_A", "mse", lambda triple: single("a", triple)),
    Agreement("sewar.mse_B", "mse", lambda triple: single("b", triple)),
    Agreement("vifb.Rmse", "rmse", "rmse:vifb"),
    Agreement("vifb.shipped.RMSE", "rmse", "rmse:vifb"),
]
