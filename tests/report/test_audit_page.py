"""The page of an audit says what the audit found, and the command writes it."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import fuselens as fl
from fuselens.cli.main import main
from fuselens.report.audit_charts import BOTTOM, TOP, moved_charts, share_charts
from fuselens.report.audit_page import AuditContents, render

NAMES = ("infrared", "visible")


@pytest.fixture(scope="module")
def pair() -> fl.ImagePair:
    a, b = 0.2 + 0.5 * torch.rand(2, 40, 52, generator=torch.Generator().manual_seed(7))
    return fl.ImagePair.from_arrays(a, b, names=("ir", "vi"))


@pytest.fixture(scope="module")
def audit(pair: fl.ImagePair) -> fl.Audit:
    asked = ["noise", "black", "frozen"]
    return fl.audit(fl.load_model("maximum"), pair, perturbations=asked, metrics=["en", "qabf"])


def page_of(audit: fl.Audit) -> str:
    model = fl.load_model("maximum")
    return html.unescape(render(AuditContents(audit, model, fl.fuse(model, audit.pair), "fuselens audit <a> b")))


def test_every_case_stands_in_the_table(audit: fl.Audit) -> None:
    page = page_of(audit)
    rows = re.findall(r'<tr><th scope="row">(.*?)</th><td><i class="chip (.)"></i>\w+</td><td>([\d.]+)</td>', page)
    expected = {(case.side, f"{255 * case.moved:.1f}") for case in audit.cases}
    assert len(rows) == len(audit.cases)
    assert {(side, moved) for _, side, moved in rows} == expected
    assert page.count("<article>") == len(audit.shown) == 4


def test_the_answer_names_the_worst_and_what_is_missing(audit: fl.Audit) -> None:
    page = page_of(audit)
    worst = max((shown.case for shown in audit.shown), key=lambda case: case.moved)
    assert f"moves the fused image most: by {255 * worst.moved:.1f} of 255 levels" in page
    assert "If a sensor goes black, losing" in page
    assert "Not measured. A frozen image (infrared, frozen; visible, frozen): 'frozen' needs the pair" in page
    assert "fuselens audit <a> b" in page


def test_charts_hold_the_numbers(audit: fl.Audit) -> None:
    (noise, _), (noise_share, _) = moved_charts(audit, NAMES), share_charts(audit, NAMES)
    top = max(float(text) for _, text in noise.up)
    for line in noise.lines:
        cases = audit.of("noise", line.side)  # type: ignore[arg-type]
        heights = [(BOTTOM - y) / (BOTTOM - TOP) * top for _, y, _ in line.dots]
        assert heights == pytest.approx([255 * case.moved for case in cases])
        assert [x for x, *_ in line.dots] == [x for x, _ in noise.across]
    for line in noise_share.lines:
        assert line.before is not None
        before = (BOTTOM - line.before) / (BOTTOM - TOP)
        assert before == pytest.approx(audit.share_of(line.side))  # type: ignore[arg-type]


def test_a_model_that_nothing_moves(pair: fl.ImagePair) -> None:
    """Its shares are not defined; the page says less and does not fail."""
    model = fl.wrap_model(lambda a, b: torch.full_like(a, 0.5), name="still")
    found = fl.audit(model, pair, perturbations=["noise", "black"], metrics=["en"])
    assert found.share != found.share
    page = html.unescape(render(AuditContents(found, model, fl.fuse(model, pair))))
    assert "by 0.0 of 255 levels" in page
    assert 'id="shares"' not in page


def files(folder: Path, *names: str) -> list[str]:
    for seed, name in enumerate(names):
        values = np.random.default_rng(seed).integers(0, 200, (24, 30), dtype=np.uint8)
        Image.fromarray(values).save(folder / name)
    return [str(folder / name) for name in names]


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second, *earlier = files(tmp_path, "ir.png", "vi.png", "ir0.png", "vi0.png")
    out = tmp_path / "out"
    asked = ["--perturb", "black:1", "--perturb", "frozen", "--earlier", *earlier, "--metrics", "en,cc"]
    assert main(["audit", first, second, "--model", "average", "-o", str(out), *asked, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {case["perturbation"] for case in told["cases"]} == {"black", "frozen"}
    assert not told["left_out"]
    assert {path.name for path in out.iterdir()} == {
        "audit.html", "audit.json", "audit.csv", "audit.png", "fused.png",
    }  # fmt: skip
    assert json.loads((out / "audit.json").read_text())["cases"] == told["cases"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--perturb", "rust"], "Unknown perturbation"),
        (["--perturb", "noise:x"], "strengths such as"),
        (["--metrics", "beauty"], "Unknown metric"),
        (["--model", "nothing"], "Unknown model"),
    ],
)
def test_mistakes(tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], words: str) -> None:
    assert main(["audit", *files(tmp_path, "ir.png", "vi.png"), "-o", str(tmp_path / "out"), *options]) == 2
    assert words in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "out").exists()
