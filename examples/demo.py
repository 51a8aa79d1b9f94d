"""`make demo`: explain both built-in examples, and two real pairs where they are at hand."""

from __future__ import annotations

import time
from pathlib import Path

from fuselens.cli.main import main

ROOT = Path(__file__).resolve().parents[1]
REAL = ROOT.parent / "shared" / "data"
REAL_PAIRS = {
    "roadscene": (REAL / "roadscene/test", "ir", "vi"),
    "mri_pet": (REAL / "medical/mri_pet/test", "mri", "pet"),
}


def demo() -> int:
    """Run the explanations; print where the reports lie."""
    started = time.monotonic()
    out = ROOT / "out"
    jobs = {name: ["--example", name] for name in ("street", "brain")}
    for name, (folder, first, second) in REAL_PAIRS.items():
        images = sorted((folder / first).glob("*")) if folder.is_dir() else []
        if images:
            partner = next((folder / second).glob(f"{images[0].stem}.*"))
            jobs[name] = [str(images[0]), str(partner)]
    for name, sources in jobs.items():
        code = main(["explain", *sources, "-o", str(out / name)])
        if code:
            return code
    print(f"\n{len(jobs)} pairs explained in {time.monotonic() - started:.0f} s. Open these in a browser:")
    for name in jobs:
        print(f"  {out / name / 'report.html'}")
    return 0


if __name__ == "__main__":
    raise SystemExit(demo())
