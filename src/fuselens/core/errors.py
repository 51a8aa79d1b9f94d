"""The one exception family: errors that a person can act on.

The command line turns every `FuseLensError` into one sentence and exit code 2.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class FuseLensError(Exception):
    """The user's input cannot be used; the message is one sentence with the remedy."""


class InputError(FuseLensError, ValueError):
    """An image, a pair, a setting or a file cannot be used as it is."""


class UnknownNameError(FuseLensError, KeyError):
    """A name is in no registry; the message lists near names and the known ones."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        """Say which `kind` of thing `name` is not, and which of `known` come near."""
        known = sorted(known)
        near = difflib.get_close_matches(name.lower(), known, n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(near)}? Known: " if near else "known: "
        super().__init__(f"Unknown {kind} '{name}': {hint}{', '.join(known) or 'none'}.")

    def __str__(self) -> str:
        """Return the sentence itself; KeyError would put quotes round it."""
        return str(self.args[0])


class ModelError(FuseLensError, RuntimeError):
    """A fusion model returned something that is no fused image."""


class MissingExtraError(FuseLensError, ImportError):
    """An optional dependency is needed; the message names the extra to install."""

    def __init__(self, what: str, extra: str) -> None:
        """Say that `what` needs `extra`."""
        super().__init__(f'{what} needs an extra: pip install "fuselens[{extra}]".')
