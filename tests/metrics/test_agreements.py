"""Every golden value of a public implementation is reproduced, or the difference is explained."""

from __future__ import annotations

from pathlib import Path

import pytest

from fuselens.metrics import list_metrics
from tests.metrics.agreements.agreement import (
    GOLDEN,
    Agreement,
    golden,
    golden_values,
    read_triple,
    relative_difference,
)
from tests.metrics.agreements.tables import all_agreements

AGREEMENTS = all_agreements()
CANONICAL = {
    "EN": "en",
    "CC": "cc",
    "FMI_dct": "fmi_dct",
    "FMI_edge": "fmi_edge",
    "FMI_gradient": "fmi_gradient",
    "FMI_none": "fmi_pixel",
    "FMI_wavelet": "fmi_wavelet",
    "AG": "ag",
    "CE": "ce",
    "EI": "ei",
    "MI_bits": "mi",
    "MI_nats": "mi:cddfuse",
    "MSE": "mse",
    "NMI": "nmi",
    "PSNR": "psnr",
    "QNCIE": "qncie",
    "QSF": "qsf",
    "SCD": "scd",
    "SD": "sd",
    "SF": "sf",
    "QTE": "qte:mefb",  # its shares are swapped; ours are not (docs/metrics/qte.md)
    "Nabf": "nabf",
    "QCB": "qcb",
    "QCV": "qcv",
    "QG": "qg",
    "QM": "qm",
    "QP": "qp",
    "Qabf": "qabf",
    "MEF_MS_SSIM": "mef_ms_ssim",
    "MS_SSIM_mean": "ms_ssim",
    "Q0_mean": "q0",
    "QE": "qe",
    "QS": "qs",
    "QW": "qw",
    "QY": "qy",
    "SSIM_mean_gauss11_L255": "ssim",
    "SSIM_mean_uniform7_L2": "ssim:uniform7_mean_l2",
    "SSIM_mean_uniform7_L255": "ssim:uniform7_mean_l255",
    "SSIM_sum_uniform7_L2": "ssim:cddfuse",
    "SSIM_sum_uniform7_L255": "ssim:film",
    "VIFF": "viff",
    "VIF_sum": "vif",
}  # key of `canonical` in metrics.json -> ours


@pytest.mark.parametrize("one", AGREEMENTS, ids=lambda one: one.implementation)
def test_agrees(one: Agreement, shared: Path) -> None:
    assert one.metric in list_metrics()
    values = golden_values(one.implementation)
    assert set(one.except_on) <= set(values)
    if one.differs:
        return
    compared = {name: value for name, value in values.items() if name not in one.except_on}
    assert compared, "nothing is compared"
    for name, theirs in compared.items():
        ours = one.our_value(read_triple(name))
        assert relative_difference(ours, theirs) <= one.tolerance, f"{name}: ours {ours!r}, {theirs!r}"


def test_no_implementation_is_forgotten(shared: Path) -> None:
    listed = [one.implementation for one in AGREEMENTS]
    assert len(listed) == len(set(listed))
    assert set(listed) == set(golden()["implementations"]) - {"linfeng.shipped"}


@pytest.mark.parametrize("key", sorted(CANONICAL))
def test_canonical_values(key: str, shared: Path) -> None:
    """The fact sheet's canonical value is our default."""
    source = golden()["canonical_from"][key]
    excepted = {name for one in AGREEMENTS if one.implementation == source for name in one.except_on}
    for name, values in golden()["canonical"].items():
        if isinstance(values.get(key), float) and name not in excepted:
            ours = Agreement("", "", CANONICAL[key]).our_value(read_triple(name))
            assert relative_difference(ours, values[key]) <= 1e-4, f"{name}: ours {ours!r}, canonical {values[key]!r}"


def test_goldens_are_where_they_are_sought(shared: Path) -> None:
    assert shared / "golden" == GOLDEN
