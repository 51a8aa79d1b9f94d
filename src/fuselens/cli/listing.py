"""`fuselens list`: what there is to choose from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import typer

from fuselens.cli.console import print_json
from fuselens.cli.options import AsJson
from fuselens.core.errors import UnknownNameError


def list_names(
    what: Annotated[str, typer.Argument(help="models, weights, explainers, metrics, recipes or examples.")],
    as_json: AsJson = False,
) -> None:
    """List models, weights, explainers, metrics, recipes or examples."""
    if what not in _LISTS:
        raise UnknownNameError("list", what, _LISTS)
    rows = _LISTS[what]()
    if as_json:
        print_json({what: rows})
        return
    for line in _aligned(rows):
        print(line)


def _aligned(rows: list[dict[str, Any]]) -> list[str]:
    """Return one line a row, columns aligned."""
    if not rows:
        return []
    cells = [[", ".join(value) or "-" if isinstance(value, list) else str(value) for value in r.values()] for r in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]


def _models() -> list[dict[str, Any]]:
    from fuselens.models import MODELS
    from fuselens.models.weights import list_weights

    rows = []
    for name in MODELS:
        weights = [card["weights"] for card in list_weights(name).values()]
        summary = (MODELS[name].__doc__ or "").splitlines()[0]
        rows.append({"name": name, "weights": weights, "summary": summary})
    return rows


def _weights() -> list[dict[str, Any]]:
    from fuselens.models.weights import list_weights

    return [
        {"name": f"{c['model']}:{c['weights']}", "steps": c["steps"], "sha256": c["sha256"]}
        for c in list_weights().values()
    ]


def _explainers() -> list[dict[str, Any]]:
    from fuselens.explainers import EXPLAINERS

    return [{"name": n, "summary": (EXPLAINERS[n].__doc__ or "").splitlines()[0]} for n in EXPLAINERS]


def _metrics() -> list[dict[str, Any]]:
    from fuselens.metrics import METRICS

    return [
        {
            "name": name,
            "better": METRICS[name].better,
            "conventions": list(METRICS[name].conventions),
            "summary": (METRICS[name].__doc__ or "").splitlines()[0],
        }
        for name in METRICS
    ]


def _recipes() -> list[dict[str, Any]]:
    from fuselens.training.recipe import shipped_recipes

    return [{"name": name} for name in shipped_recipes()]


def _examples() -> list[dict[str, Any]]:
    from fuselens.data.examples import EXAMPLES

    return [{"name": name} for name in EXAMPLES]


_LISTS: dict[str, Callable[[], list[dict[str, Any]]]] = {
    "models": _models,
    "weights": _weights,
    "explainers": _explainers,
    "metrics": _metrics,
    "recipes": _recipes,
    "examples": _examples,
}
