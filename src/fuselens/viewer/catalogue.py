"""The models that pages can choose: described at once, loaded when first asked for, shared by all pages.

A loaded model stays in evaluation mode with frozen parameters until the viewer closes: `explaining` then finds nothing
to change, so that several threads can use one model at a time.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import torch

from fuselens.core.errors import UnknownNameError
from fuselens.core.model import FusionModel, WrappedModel, explaining
from fuselens.core.tensor_files import settings_in
from fuselens.models import MODELS, load_model
from fuselens.models.weights import best_model, list_weights, weights_file

logger = logging.getLogger("fuselens.viewer")


@dataclass(frozen=True)
class Entry:
    """A model in the list: its key, what `hello` says of it, and how it is loaded."""

    key: str
    about: dict[str, Any]
    load: Callable[[], FusionModel]


class Catalogue:
    """All models of one viewer.

    Args:
        given: models that the user brought, which stand first; of several of one title each gets a number.
        device: where the others are loaded.
    """

    def __init__(self, given: Sequence[FusionModel], device: str | torch.device) -> None:
        """List the models; only those given are loaded."""
        self._entries: dict[str, Entry] = {}
        self._loaded: dict[str, FusionModel] = {}
        self._lock = threading.Lock()
        self._frozen = ExitStack()
        for model in given:
            self._add(_given(model, self._free_key(model.title)))
        self.given = tuple(self._entries)
        for entry in (*_shipped(device), *_rules(device)):
            if entry.key not in self._entries:
                self._add(entry)

    def described(self) -> list[dict[str, Any]]:
        """Return what `hello` says of the models."""
        return [entry.about for entry in self._entries.values()]

    def default(self, names: tuple[str, str]) -> str:
        """Return the key of the model to begin with, for these modalities."""
        return self.given[0] if self.given else best_model(names)

    def is_local(self, key: str) -> bool:
        """Say whether a model has a reach.

        Raises:
            UnknownNameError: no such model.
        """
        return bool(self._entry(key).about["local"])

    def load(self, key: str) -> FusionModel:
        """Return the model, ready to explain; loaded on first use.

        Raises:
            UnknownNameError: no such model.
            InputError: it cannot be loaded.
        """
        entry = self._entry(key)
        if key not in self._loaded:
            with self._lock:
                if key not in self._loaded:
                    self._loaded[key] = self._frozen.enter_context(explaining(entry.load()))
        return self._loaded[key]

    def close(self) -> None:
        """Leave all models as they were found."""
        with self._lock:
            self._frozen.close()

    def _entry(self, key: str) -> Entry:
        if key not in self._entries:
            raise UnknownNameError("model", key, self._entries)
        return self._entries[key]

    def _add(self, entry: Entry) -> None:
        self._entries[entry.key] = entry

    def _free_key(self, title: str) -> str:
        numbered = (f"{title} ({number})" for number in range(2, len(self._entries) + 3))
        return title if title not in self._entries else next(key for key in numbered if key not in self._entries)


def _given(model: FusionModel, key: str) -> Entry:
    return Entry(key, _about(key, model, "Your own choice."), lambda: model)


def _shipped(device: str | torch.device) -> list[Entry]:
    entries = []
    for card in list_weights().values():
        name, weights = str(card["model"]), str(card["weights"])
        key = f"{name}:{weights}"
        about = _about(key, _built(name, settings_in(weights_file(name, weights))), _first_line(name), weights)
        entries.append(Entry(key, about, lambda name=name, weights=weights: load_model(name, weights, device=device)))  # type: ignore[misc]
    return entries


def _rules(device: str | torch.device) -> list[Entry]:
    """Models without parameters need no weights; networks without weights would show noise."""
    entries = []
    networks = {card["model"] for card in list_weights().values()}
    for name in (each for each in MODELS if each not in networks):
        try:
            model = _built(name, {})
        except Exception:
            logger.info("The viewer leaves out '%s', which cannot be built as it is.", name, exc_info=True)
            continue  # it may want settings or an extra; it can be given on the command line
        if not any(True for _ in model.parameters()):
            about = _about(name, model, _first_line(name))
            entries.append(Entry(name, about, lambda name=name: load_model(name, None, device=device)))  # type: ignore[misc]
    return entries


def _built(name: str, settings: dict[str, Any]) -> FusionModel:
    """Build a network without weights, to look at it, and leave the random numbers as they were."""
    with torch.random.fork_rng(devices=[]):
        return load_model(name, None, **settings)


def _first_line(name: str) -> str:
    return (MODELS[name].__doc__ or "").strip().partition("\n")[0]


def _about(key: str, model: FusionModel, words: str, weights: str | None = None) -> dict[str, Any]:
    is_local = model.reach is not None
    return {
        "key": key,
        "title": key,
        "name": model.name,
        "weights": weights or model.weights_info.get("weights"),
        "words": words,
        "local": is_local,
        "reach": model.reach,
        "global": not is_local,
        "has_state": _has_state(model),
        "seconds_hint": None,
    }


def _has_state(model: FusionModel) -> bool:
    """Say whether the model overrides the account that it has none to give."""
    if isinstance(model, WrappedModel):
        own = model.function
        return _has_state(own) if isinstance(own, FusionModel) else hasattr(own, "explain_state")
    return type(model).explain_state is not FusionModel.explain_state
