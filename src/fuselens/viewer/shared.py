"""What all pages of one viewer share: the models, the command line's pair, the uploads."""

from __future__ import annotations

from dataclasses import dataclass

from fuselens.core.errors import InputError
from fuselens.core.pair import ImagePair
from fuselens.data.examples import example_pair
from fuselens.viewer.catalogue import Catalogue
from fuselens.viewer.messages import Open
from fuselens.viewer.opened import Opened
from fuselens.viewer.uploads import Uploads


@dataclass(frozen=True)
class Shared:
    """What all pages share.

    Attributes:
        catalogue: the models.
        uploads: the files that pages sent.
        given: the pair that the viewer was started with; None without one.
    """

    catalogue: Catalogue
    uploads: Uploads
    given: ImagePair | None

    def open(self, request: Open) -> Opened:
        """Return the pair that a page asks for.

        Raises:
            InputError: there is none such, or its images are no pair.
            UnknownNameError: no such example.
        """
        return Opened.of(self._pair(request))

    def _pair(self, request: Open) -> ImagePair:
        if request.uploads is not None:
            return self.uploads.pair(request.uploads, request.names, request.window)
        if request.example is not None:
            pair = example_pair(request.example)
        elif self.given is not None:
            pair = self.given
        else:
            raise InputError("The viewer was started without images; open an example or two files of your own.")
        return pair.renamed(request.names) if request.names else pair
