"""What can be done to every pair of a batch: the registry, one file each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from fuselens.core.errors import InputError, UnknownNameError
from fuselens.core.registry import Registry
from fuselens.explainers import EXPLAINERS

WORK = Registry(
    "work",
    {
        "fuse": "fuselens.batch.work.fuse:fuse",
        "guidance": "fuselens.batch.work.explain:guidance",
        "share": "fuselens.batch.work.share:share",
        "explain": "fuselens.batch.work.explain:explain",
        "score": "fuselens.batch.work.score:score",
    },
    "fuselens.work",
)
"""Functions `(scene, plan) -> Made`."""


def chosen_work(words: Sequence[str]) -> tuple[str, ...]:
    """Return the work that users name, each once: names of `WORK`, and `explain:METHOD`.

    Raises:
        UnknownNameError: no such work or method.
        InputError: none, `explain` without a method, or a method for other work.

    Example:
        >>> chosen_work(["fuse", "explain:lime", "fuse"])
        ('fuse', 'explain:lime')
    """
    if not words:
        raise InputError("Expected some work for the batch; name one of " + ", ".join(WORK) + ".")
    for word in words:
        name, _, method = word.partition(":")
        if name not in WORK:
            raise UnknownNameError("work", name, WORK)
        if (name == "explain") != bool(method):
            raise InputError(f"Expected work such as fuse, share or explain:lime but got '{word}'.")
        if method and method not in EXPLAINERS:
            raise UnknownNameError("explainer", method, EXPLAINERS)
    return tuple(dict.fromkeys(words))


def work_of(word: str) -> tuple[Callable[..., Any], str]:
    """Return the function of `explain:lime`, and `lime`; of `fuse`, and an empty string."""
    name, _, method = word.partition(":")
    return WORK[name], method
