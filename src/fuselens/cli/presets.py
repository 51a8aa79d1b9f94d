"""`--preset paper`: the switch back to what the papers do."""

from __future__ import annotations

from fuselens.cli.inputs import Preset
from fuselens.core.errors import UnknownNameError


def checked_preset(name: str | None) -> Preset:
    """Return the preset of that name.

    Raises:
        UnknownNameError: no such preset.
    """
    if name is None or name == "paper":
        return name  # type: ignore[return-value]
    raise UnknownNameError("preset", name, ["paper"])
