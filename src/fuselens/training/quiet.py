"""Keep Lightning's advertisements and remarks on its own internals off the user's terminal."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

# What Lightning remarks on without the user being able to act; everything else stays visible.
_REMARKS = (
    r".*isinstance\(treespec, LeafSpec\).* is deprecated",  # Lightning's own use of PyTorch
    r"The '(train|val)_dataloader' does not have many workers",  # crops come from memory
)


@contextmanager
def quiet_lightning() -> Iterator[None]:
    """Let only warnings through that a user can act on, and restore the levels afterwards."""
    loggers = [logging.getLogger(f"lightning.{part}") for part in ("pytorch", "fabric")]
    levels = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.WARNING)
        with warnings.catch_warnings():
            for remark in _REMARKS:
                warnings.filterwarnings("ignore", message=remark)
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
