"""The frame of every page: templates, one style, one script, and the hash by which the content policy knows it."""

from __future__ import annotations

import base64
import hashlib
import platform
from collections.abc import Sequence
from importlib import resources
from typing import Any

import torch
from jinja2 import Environment, PackageLoader, StrictUndefined

from fuselens.core.version import __version__
from fuselens.report import pictures, words


def filled(template: str, values: dict[str, Any], *, styles: Sequence[str], scripts: Sequence[str]) -> str:
    """Fill a template that extends `base.html.j2`.

    Args:
        template: its name among `templates/`.
        values: what it shows; `names`, `settings` and `command` are the frame's own.
        styles, scripts: files of `templates/`, put into the page in this order after those that all pages share.
    """
    environment = Environment(
        loader=PackageLoader("fuselens.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"percent": words.percent, "opened": words.opened}
    script = _joined("enlarge.js", *scripts)
    frame = {
        "style": _joined("base.css", *styles),
        "script": script,
        "script_hash": base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii"),
        # The ends of the share map name the sources; the map's middle tones are for dark pages.
        "colours": {str(share): pictures.share_colour(share) for share in (0.0, 0.25, 0.75, 1.0)},
        "versions": [
            ("FuseLens", __version__),
            ("PyTorch", torch.__version__),
            ("Python", platform.python_version()),
        ],
    }
    return environment.get_template(template).render(**frame, **values)


def _joined(*names: str) -> str:
    folder = resources.files("fuselens.report") / "templates"
    return "\n".join((folder / name).read_text(encoding="utf-8") for name in names)
