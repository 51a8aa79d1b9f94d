"""`fuselens view` and `fuselens.view`: they start, say where, and end cleanly; mistakes are one sentence."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

import fuselens as fl
from fuselens.cli.main import main
from fuselens.viewer import server as server_module
from tests.viewer.page_talk import tab


def test_it_says_where_it_is_and_ends_on_ctrl_c() -> None:
    # A process that a shell started in the background is deaf to Ctrl-C, and so are its children.
    hears = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    command = [sys.executable, "-c", f"{hears}; from fuselens.cli.main import run; run()"]
    options = ["view", "--example", "brain", "--model", "average", "--no-browser", "--port", "0", "--json"]
    process = subprocess.Popen([*command, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        url = json.loads(process.stdout.readline())["url"]
        with tab(url) as page:
            assert page.hello["given"]["names"] == ["mri", "pet"]
            assert page.hello["default_model"] == "average"
            process.send_signal(signal.SIGINT)
            _, words = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 0
    assert "Traceback" not in words
    assert "The viewer has ended." in words


def test_a_port_in_use(capfd: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert main(["view", "--no-browser", "--port", str(port)]) == 2
    shown = capfd.readouterr()
    assert f"Port {port} of 127.0.0.1 is in use" in shown.err
    assert not shown.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--port", "70000"], "--port from 0 to 65535"), (["--example", "moon"], "Unknown example"),
        (["no.png", "file.png"], "There is no file no.png"), (["only.png"], "Expected two image files"),
        (["--model", "nobody"], "Unknown model"), (["--names", "ir,vi"], "two image files with --names"),
        (["--host", "no such address"], "--host"), (["--model", "none.py:make"], "does not exist"),
    ],
)  # fmt: skip
def test_mistakes(arguments: list[str], words: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["view", "--no-browser", *arguments]) == 2
    assert words in " ".join(capfd.readouterr().err.split())


def test_a_missing_extra(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(server_module, "find_spec", lambda name: None if name == "uvicorn" else object())
    assert main(["view", "--no-browser"]) == 2
    assert 'pip install "fuselens[view]"' in " ".join(capfd.readouterr().err.split())
    with pytest.raises(fl.FuseLensError, match="extra"):
        fl.view(open_browser=False)


def test_from_python_and_back(pair: fl.ImagePair, tmp_path: Path) -> None:
    model = fl.load_model("deepfuse", weights=None).train()
    shown = fl.view(model, pair, open_browser=False)
    try:
        assert f'src="{shown.url}"' in shown._repr_html_()
        with tab(shown.url) as page:
            page.first("open", pair={"given": True})
            page.first("fuse", model="deepfuse")
            assert not model.training
            assert not any(p.requires_grad for p in model.parameters())
    finally:
        shown.close()
    assert model.training
    assert all(p.requires_grad for p in model.parameters())
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(shown.url, timeout=5)


def test_results_show_themselves_in_notebooks(pair: fl.ImagePair) -> None:
    average = fl.load_model("average")
    results = [
        fl.fuse(average, pair), fl.jacobian(average, pair), fl.guidance(average, pair),
        fl.explain(average, pair, "ddfimage", units="grid:16"), fl.explain(average, pair, "intrinsic"),
    ]  # fmt: skip
    for result in results:
        assert '<img src="data:image/png;base64,iVBOR' in result._repr_html_()
