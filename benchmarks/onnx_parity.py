"""Which shipped models become ONNX files, how well the files agree with them, and what tracing costs.

`python benchmarks/onnx_parity.py [MODEL...]` prints the rows of the table in docs/onnx.md; all models take minutes.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import fuselens as fl


def specs() -> list[str]:
    cards = fl.list_weights().values()
    trained = [f"{card['model']}:{card['weights']}" for card in cards]
    return [*trained, *(name for name in fl.list_models() if not fl.list_weights(name))]


def row(spec: str, folder: Path) -> str:
    name, _, weights = spec.partition(":")
    try:
        model = fl.load_model(name, weights or "auto")
    except fl.FuseLensError:
        model, spec = fl.load_model(name, None), f"{name}, not trained"
    began = time.process_time()
    path = folder / "model.onnx"
    try:
        written = fl.export_onnx(model, path)
    except fl.FuseLensError as error:
        return f"| {spec} | no | {error} | |"
    size = path.stat().st_size / 2**20
    return f"| {spec} | {written.worst:.1e} | {size:.1f} MB | {time.process_time() - began:.0f} s |"


def main() -> None:
    print("| model | largest difference | size | tracing |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for spec in sys.argv[1:] or specs():
            print(row(spec, Path(folder)), flush=True)


if __name__ == "__main__":
    main()
