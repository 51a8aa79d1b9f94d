"""MEF-MS-SSIM against public implementations."""

from __future__ import annotations

from tests.metrics.agreements.agreement import Agreement

AGREEMENTS = [Agreement("linfeng.MS_SSIM", "mef_ms_ssim", "mef_ms_ssim")]
