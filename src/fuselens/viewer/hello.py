"""`hello`: what a page may choose from."""

from __future__ import annotations

from typing import Any

from fuselens.core.version import __version__
from fuselens.data.examples import EXAMPLES
from fuselens.viewer.methods import described_methods
from fuselens.viewer.opened import file_name
from fuselens.viewer.shared import Shared
from fuselens.viewer.uploads import PIXELS, UPLOAD_BYTES

EXAMPLE_WORDS = {
    "street": "A street at night: infrared and visible",
    "nature": "A meadow by day: infrared and visible",
    "brain": "An axial slice: MRI and PET",
}


def hello(shared: Shared) -> dict[str, Any]:
    """Return the greeting."""
    given = shared.given
    names = ("infrared", "visible") if given is None else given.names
    return {
        "kind": "hello",
        "version": __version__,
        "models": shared.catalogue.described(),
        "default_model": shared.catalogue.default(names),
        "given_models": list(shared.catalogue.given),
        "examples": [{"name": name, "words": EXAMPLE_WORDS.get(name, name)} for name in EXAMPLES],
        "given": None if given is None else {"names": list(given.names), "files": [file_name(each) for each in given]},
        "explainers": described_methods(),
        "limits": {"upload_bytes": UPLOAD_BYTES, "pixels": PIXELS},
    }
