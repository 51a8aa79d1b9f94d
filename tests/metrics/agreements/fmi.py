"""FMI against public implementations."""

from __future__ import annotations

from tests.metrics.agreements.agreement import Agreement

CONSTANT = "g08_edge_constant_fused"
NOISE = "rounding noise of -2e-8 to -4e-7 in float32 where ours is 0"
AGREEMENTS = [
    Agreement("cslib.fmi_d_metric", "fmi_dct", "fmi_dct", except_on={CONSTANT: "its coefficients are rounding noise"}),
    Agreement("cslib.fmi_e_metric", "fmi_edge", "fmi_edge:cslib", except_on={CONSTANT: NOISE}),
    Agreement("cslib.fmi_g_metric", "fmi_gradient", "fmi_gradient:cslib", except_on={CONSTANT: NOISE}),
    Agreement("cslib.fmi_p_metric", "fmi_pixel", "fmi_pixel:cslib", except_on={CONSTANT: NOISE}),
    Agreement(
        "cslib.fmi_w_metric",
        "fmi_wavelet",
        differs="takes the bands at other places and rescales them in float32, which loses small coefficients: "
        "0.997 to 1.001 times on natural images, 0.80 on CT/MRI",
    ),
    Agreement("linfeng.FMI_dct", "fmi_dct", "fmi_dct", tolerance=1e-9),
    Agreement("linfeng.FMI_edge", "fmi_edge", "fmi_edge"),  # on 0..1, where rounding decides between equal neighbours
    Agreement("linfeng.FMI_gradient", "fmi_gradient", "fmi_gradient", tolerance=1e-9),
    Agreement("linfeng.FMI_none", "fmi_pixel", "fmi_pixel", tolerance=1e-9),
    Agreement("linfeng.FMI_wavelet", "fmi_wavelet", "fmi_wavelet", tolerance=1e-9),
]
