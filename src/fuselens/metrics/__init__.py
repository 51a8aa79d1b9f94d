"""The field's fusion metrics: the registry and the ways to choose from it."""

from __future__ import annotations

from collections.abc import Iterable

from fuselens.core.errors import InputError, UnknownNameError
from fuselens.core.registry import Registry
from fuselens.metrics.metric import CANONICAL, FusionMetric

_FAMILIES = {
    "ag": ("ag",),
    "cc": ("cc",),
    "ce": ("ce",),
    "ei": ("ei",),
    "en": ("en",),
    "fmi": ("fmi_dct", "fmi_edge", "fmi_gradient", "fmi_pixel", "fmi_wavelet"),
    "mef_ms_ssim": ("mef_ms_ssim",),
    "mi": ("mi",),
    "ms_ssim": ("ms_ssim",),
    "mse": ("mse", "rmse"),
    "nabf": ("nabf", "labf"),
    "nmi": ("nmi",),
    "piella": ("qe", "qs", "qw"),
    "psnr": ("psnr",),
    "q0": ("q0",),
    "qabf": ("qabf",),
    "qc": ("qc",),
    "qcb": ("qcb",),
    "qcv": ("qcv",),
    "qg": ("qg",),
    "qm": ("qm",),
    "qncie": ("qncie",),
    "qp": ("qp",),
    "qsf": ("qsf",),
    "qte": ("qte",),
    "qy": ("qy",),
    "scd": ("scd",),
    "sd": ("sd",),
    "sf": ("sf",),
    "ssim": ("ssim",),
    "vif": ("vif",),
    "viff": ("viff",),
}
METRICS = Registry(
    "metric",
    {name: f"fuselens.metrics.{family}:{name}" for family, names in _FAMILIES.items() for name in names},
    "fuselens.metrics",
)
DEFAULT_METRICS = ("en", "sd", "sf", "ag", "mi", "cc", "scd", "vif", "qabf", "ssim")


def list_metrics() -> list[str]:
    """Return the names of all metrics, third-party ones included."""
    return list(METRICS)


def chosen_metrics(
    names: Iterable[str] = DEFAULT_METRICS, *, compat: str | None = None
) -> dict[str, tuple[FusionMetric, str]]:
    """Resolve what users write into metrics and conventions.

    Args:
        names: metric names, each with `:CONVENTION` if another than the canonical one is meant, such as `"mi:cddfuse"`;
            `"all"` stands for every metric.
        compat: a public code, such as `"cddfuse"`: where it deviates from the canonical definition of a metric, its
            convention is taken, as if written behind the name.

    Returns:
        The name as it stands in tables (`"mi"`, `"mi:cddfuse"`), and the metric with its convention.

    Raises:
        UnknownNameError: no such metric, no such convention, or no metric knows the code `compat`.
        InputError: no name at all.
    """
    wanted = [each for name in names for each in (METRICS if name == "all" else [name])]
    if not wanted:
        raise InputError(f"Expected at least one metric; known: {', '.join(METRICS)}.")
    if compat is not None:
        known = {code for name in METRICS for code in METRICS[name].conventions}
        if compat not in known:
            raise UnknownNameError("public code", compat, known)
    chosen: dict[str, tuple[FusionMetric, str]] = {}
    for each in wanted:
        name, _, convention = each.partition(":")
        metric: FusionMetric = METRICS[name]
        if not convention:
            convention = compat if compat is not None and compat in metric.conventions else CANONICAL
        elif convention != CANONICAL and convention not in metric.conventions:
            raise UnknownNameError(f"convention of {name}", convention, [CANONICAL, *metric.conventions])
        chosen[name if convention == CANONICAL else f"{name}:{convention}"] = (metric, convention)
    return chosen
