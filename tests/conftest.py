"""Fixtures shared by all tests."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

# Comma-separated needs that must not be skipped, as in continuous integration: "browser,shared".
REQUIRED = os.environ.get("FUSELENS_REQUIRE", "").split(",")


def skip_or_fail(need: str, reason: str) -> None:
    """Skip a test whose need is absent, or fail it where the need is required."""
    if need in REQUIRED:
        pytest.fail(f"{reason}, and FUSELENS_REQUIRE asks for it")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real pairs and reference values beside the project, or a skip where it is absent."""
    folder = Path(__file__).resolve().parents[2] / "shared"
    if not (folder / "data").is_dir():
        skip_or_fail("shared", "the folder 'shared' with real pairs and reference values is not beside the project")
    return folder


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium, or a skip where none is installed."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        skip_or_fail("browser", "no Chromium is installed (Debian: apt-get install chromium)")
    assert found is not None
    return found
