"""`fuselens import-weights NETWORK CHECKPOINT -o FILE`: published weights as ours."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fuselens.cli.console import print_json, say
from fuselens.cli.options import AsJson


def import_weights(
    network: Annotated[str, typer.Argument(help="The network that the checkpoint was published for: lrrnet.")],
    checkpoint: Annotated[Path, typer.Argument(help="The authors' file, as torch.save wrote it.")],
    out: Annotated[Path | None, typer.Option("-o", "--out", help="The weights. Default: NETWORK.safetensors.")] = None,
    as_json: AsJson = False,
) -> None:
    """Read a published checkpoint, prove that it fits, and write it as safetensors with a card."""
    from fuselens.models.published import import_weights as write_imported

    written = write_imported(network, checkpoint, out or Path(f"{network}.safetensors"))
    say(f"{checkpoint} fits {network} tensor by tensor: {written}; use it by --model {network}:{written}")
    if as_json:
        print_json({"model": network, "weights": written, "card": written.with_suffix(".json")})
