"""The public interface is what `api_surface.json` says: names, signatures, commands, options.

After a change on purpose: `python tests/test_api_surface.py --update`.
"""

from __future__ import annotations

import difflib
import inspect
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

RECORD = Path(__file__).with_name("api_surface.json")
UPDATE = "python tests/test_api_surface.py --update"


def surface() -> dict[str, Any]:
    """Return the interface as plain values."""
    import typer

    import fuselens
    from fuselens.cli.main import app

    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    return {
        "fuselens": {name: described(getattr(fuselens, name)) for name in fuselens.__all__ if name != "__version__"},
        "command line": {name: [words_of(p) for p in command.params] for name, command in sorted(commands.items())},
    }


def described(thing: Any) -> Any:
    """Return a function's signature; of a class and of a module, that of each public member."""
    if inspect.isclass(thing):
        # What exceptions and protocols take is Python's affair and differs between its versions.
        theirs = issubclass(thing, BaseException) or getattr(thing, "_is_protocol", False)
        made = None if theirs else str(inspect.signature(thing))
        return {"()": made, **{name: member(value) for name, value in sorted(vars(thing).items()) if name[0] != "_"}}
    if isinstance(thing, ModuleType):
        own = {
            name: value
            for name, value in vars(thing).items()
            if getattr(value, "__module__", "").startswith(thing.__name__)
        }
        return {name: described(value) for name, value in sorted(own.items()) if name[0] != "_"}
    return str(inspect.signature(thing))


def member(value: Any) -> str:
    """Return a method's signature, or what else a class has there."""
    if isinstance(value, classmethod | staticmethod):
        return f"{type(value).__name__} {inspect.signature(value.__func__)}"
    if isinstance(value, property):
        return "property"
    return str(inspect.signature(value)) if callable(value) else repr(value)


def words_of(parameter: Any) -> str:
    """Return how a command's argument or option is written."""
    if parameter.param_type_name == "argument":
        return str(parameter.name).upper()
    return " ".join(sorted({*parameter.opts, *parameter.secondary_opts}, key=lambda word: (len(word), word)))


def as_text(values: dict[str, Any]) -> str:
    """Return the text of the record."""
    return json.dumps(values, indent=2, ensure_ascii=False) + "\n"


def difference() -> str:
    """Return what changed, line by line; empty where nothing did."""
    recorded = RECORD.read_text(encoding="utf-8") if RECORD.is_file() else ""
    before, now = recorded.splitlines(), as_text(surface()).splitlines()
    return "\n".join(difflib.unified_diff(before, now, "recorded", "now", lineterm="", n=2))


def test_public_interface_is_as_recorded() -> None:
    """Users' programs rely on these names."""
    changed = difference()
    assert not changed, f"The public interface changed. If on purpose, run: {UPDATE}\n{changed}"


def update() -> None:
    """Write the record of the checkout that this file lies in, whole or not at all."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))
    changed = difference()
    temporary = RECORD.with_suffix(".tmp")
    temporary.write_text(as_text(surface()), encoding="utf-8")
    temporary.replace(RECORD)
    print(changed or "The record was up to date.")


if __name__ == "__main__":
    if sys.argv[1:] != ["--update"]:
        raise SystemExit(f"Usage: {UPDATE}")
    update()
